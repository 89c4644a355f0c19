import { expect, test } from "vitest";

import { chosen, filter, glob, split } from "../../src/charts/names.ts";

const NAMES = ["train/loss", "val/loss", "train/accuracy", "lr"];
const left = (text: string) => NAMES.filter(filter(text).matches);

test("a name is split at its last slash", () => {
  expect(split("train/epoch/loss")).toEqual(["train/epoch", "loss"]);
  expect(split("lr")).toEqual(["", "lr"]);
  expect(split("odd/")).toEqual(["odd", ""]);
});

test("a filter takes parts of names, whatever their case, with commas between", () => {
  expect(left("LOSS")).toEqual(["train/loss", "val/loss"]);
  expect(left("lr, accuracy")).toEqual(["train/accuracy", "lr"]);
  expect(left("  ")).toEqual(NAMES);
});

test("a pattern means the whole name", () => {
  expect(left("train/*")).toEqual(["train/loss", "train/accuracy"]);
  expect(left("?r")).toEqual(["lr"]);
});

test("a regular expression stands between slashes, and a wrong one hides nothing", () => {
  expect(left("/^val|lr$/")).toEqual(["val/loss", "lr"]);
  expect(filter("/(/").wrong).toBe(true);
  expect(left("/(/")).toEqual(NAMES);
});

test("no pattern keeps the page busy", () => {
  const start = performance.now();

  expect(glob("*a".repeat(30))("a".repeat(20_000).concat("b"))).toBe(false);

  expect(performance.now() - start).toBeLessThan(1000);
});

test("what Python asks for comes in the order in which it is asked for, each once", () => {
  expect(chosen(NAMES, ["lr", "*/loss", "val/*", "loss"])).toEqual([3, 0, 1]);
});
