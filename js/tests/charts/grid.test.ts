import { expect, test } from "vitest";

import { gridOf, MANY } from "../../src/charts/grid.ts";
import { PLAIN, type Settings } from "../../src/charts/look.ts";

const metrics = (...names: string[]) => names.map((name) => ({ name, kind: "metric" }));
const FOUR = metrics("train/loss", "val/loss", "lr", "train/accuracy");
const SETTINGS: Settings = { ...PLAIN, filter: "", size: "medium" };

function grid(entries = FOUR, settings: Partial<Settings> = {}, pinned: string[] = []) {
  return gridOf(entries, { ...SETTINGS, ...settings }, { pinned, wide: [], folded: [] });
}
const places = ({ sections }: ReturnType<typeof grid>) =>
  sections.map(({ title, cells }) => [
    title,
    cells.map((cell) => [cell.chart, ...cell.companions]),
  ]);

test("a chart for each metric, in their order", () => {
  expect(places(grid())).toEqual([["", [[0], [1], [2], [3]]]]);
});

test("metrics that differ before the last slash share a chart, if somebody wants that", () => {
  expect(grid().canOverlay).toBe(true);
  expect(places(grid(FOUR, { overlay: true }))).toEqual([["", [[0, 1], [2], [3]]]]);
});

test("a table never shares its chart", () => {
  const entries = [{ name: "a/x", kind: "table" }, ...metrics("b/x")];

  expect(grid(entries).canOverlay).toBe(false);
});

test("pinned charts come first", () => {
  expect(places(grid(FOUR, {}, ["lr", "gone", "val/loss"]))).toEqual([["", [[2], [1], [0], [3]]]]);
});

test("Python's choice is kept, in its order, and the filter leaves a part of it", () => {
  expect(places(grid(FOUR, { metrics: ["lr", "*/loss"], filter: "l" }))).toEqual([
    ["", [[2], [0], [1]]],
  ]);
  const { shown, total } = grid(FOUR, { metrics: ["lr", "*/loss"], filter: "val" });
  expect([shown, total]).toEqual([1, 3]);
});

test("many charts stand in sections by prefix, few do not", () => {
  const names = Array.from({ length: MANY }, (_, i) => `${i % 2 ? "train" : "val"}/m${i}`);
  const many = grid(metrics(...names), {}, ["train/m1"]);

  expect(many.sections.map(({ title, cells }) => [title, cells.length])).toEqual([
    ["Pinned", 1],
    ["val", 7],
    ["train", 5],
  ]);
  expect(grid(metrics(...names.slice(0, MANY - 1))).sections.length).toBe(1);
});
