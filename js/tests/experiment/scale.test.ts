import { expect, test } from "vitest";
import { shown } from "../../src/experiment/columns.ts";
import { ticksThatFit } from "../../src/experiment/plot.ts";
import { positions } from "../../src/experiment/position.ts";
import { type Axis, logRange, share, ticksOf, valueAt } from "../../src/experiment/scale.ts";
import { idOf, tableOf } from "./told.ts";

const axis = (range: [number, number], rest: Partial<Axis> = {}): Axis => ({
  range,
  form: "number",
  label: "",
  ...rest,
});

test("a value and its place on an axis lead to one another", () => {
  for (const each of [axis([-5, 5]), axis([0.001, 100], { log: true })]) {
    for (const place of [0, 0.25, 1]) expect(share(each, valueAt(each, place))).toBeCloseTo(place);
  }
});

test("what is not positive has no place on a logarithmic axis", () => {
  expect(share(axis([1, 10], { log: true }), 0)).toBeNaN();
  expect(share(axis([1, 10], { log: true }), -1)).toBeNaN();
});

test("a logarithmic range holds the positive values, and is none without any", () => {
  const range = logRange([0, -1, 0.01, 100, Number.POSITIVE_INFINITY, Number.NaN]);

  expect(range?.[0]).toBeLessThan(0.01);
  expect(range?.[1]).toBeGreaterThan(100);
  expect(logRange([0, -1])).toBeNull();
  expect(logRange([5])?.[0]).toBeLessThan(5);
});

test("logarithmic ticks are powers of ten, and between them where there is room", () => {
  const ticks = (range: [number, number], most: number) =>
    ticksOf(axis(range, { log: true }), most).map(({ text }) => text);

  expect(ticks([0.0009, 1.1], 6)).toEqual(["0.001", "0.01", "0.1", "1"]);
  expect(ticks([0.9, 11], 6)).toEqual(["1", "2", "5", "10"]);
  expect(ticks([1e-8, 1e8], 4).length).toBeLessThanOrEqual(5);
});

test("durations and times of day have round ticks", () => {
  const texts = (range: [number, number], form: "duration" | "time") =>
    ticksOf(axis(range, { form }), 5).map(({ text }) => text);

  expect(texts([0, 3600], "duration")).toEqual(["0 s", "15 min", "30 min", "45 min", "1 h"]);
  expect(texts([0, 0.5], "duration")[1]).toBe("100 ms");
  expect(texts([0, 2.5], "duration")[1]).toMatch(/ s$/);
  expect(texts([1.7e9, 1.7e9 + 3600], "time").length).toBeGreaterThan(2);
});

test("words stand side by side, and only as many as have room", () => {
  const words = Array.from({ length: 20 }, (_, i) => `w${i}`);

  const found = ticksOf(axis([-0.5, 19.5], { form: "words", words }), 5);

  expect(found[0]).toEqual({ value: 0, text: "w0" });
  expect(found.length).toBeLessThanOrEqual(5);
});

test("a few values that runs share are the ticks of their axis", () => {
  const lr = ["0.0001", "0.001", "0.0001", "0.001"].map((value) => ({ "tag:lr": value }));
  const table = tableOf(lr);
  const column = shown(table, idOf("tag:lr"));
  if (!column) throw new Error("no column");

  const { axis } = positions(column, table.rows());

  expect(ticksOf(axis, 12).map(({ text }) => text)).toEqual(["0.0001", "0.001"]);
  expect(ticksOf({ ...axis, only: [0.0001, 0.00011, 0.001] }, 12).length).toBeGreaterThan(3);
});

test("an axis has ticks that do not touch, also where there is little room", () => {
  const narrow = ticksThatFit(axis([0.6, 41.4], { whole: true }), 126);
  const long = ticksThatFit(axis([5e-5, 1.05e-3]), 600);

  expect(narrow.map(({ text }) => text)).toEqual(["20", "40"]);
  expect(long.length).toBeGreaterThan(2);
  expect(long.length).toBeLessThan(9);
});

test("durations of all sizes have ticks with their units on a logarithmic axis", () => {
  const long = axis([5e-4, 4000], { form: "duration", log: true });

  const texts = ticksOf(long, 4).map(({ text }) => text);

  expect(texts).toEqual(["1 ms", "100 ms", "10 s", "10 min"]);
  const short = axis([0.028, 0.064], { form: "duration", log: true });
  expect(ticksOf(short, 4).map(({ text }) => text)).toEqual(["30 ms", "40 ms", "50 ms", "60 ms"]);
});

test("of a few seconds of the day there are ticks, too", () => {
  const texts = ticksOf(axis([1.8e9 + 0.1, 1.8e9 + 0.9], { form: "time" }), 5).map((t) => t.text);

  expect(texts.length).toBeGreaterThan(1);
  expect(new Set(texts).size).toBe(texts.length);
});
