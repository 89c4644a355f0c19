import { expect, test } from "vitest";

import type { Chart } from "../src/charts/chart.ts";
import type { Frame } from "../src/charts/figure.ts";
import { marks } from "../src/views/marks.ts";

/** A plot of 100 by 100 pixels, places as pixels from its lower left. */
const FRAME = { left: 0, top: 0, width: 400, height: 100, x: [0, 400], y: [0, 100] } as Frame;

/** The word at a gap at 100, with one line through these points. */
function labelOf(points: [number, number][], value = Number.NaN): HTMLElement {
  const plot = document.createElement("div");
  const curve = {
    px: Float64Array.from(points, ([x]) => x),
    py: Float64Array.from(points, ([, y]) => y),
  };
  const picture = {
    curves: [curve],
    gaps: [{ trace: { name: "loss" }, value, step: 7, px: 100 }],
    outside: [],
  };
  const data = { picture, model: { get: () => "metric" } } as unknown as Chart;
  marks(plot)(data, FRAME);
  return plot.querySelector(".rw-gap") as HTMLElement;
}

/** Where that word is, in pixels from the top. */
function topOfLabel(points: [number, number][]): number {
  return Number.parseFloat(labelOf(points).style.top);
}

test("an infinity is told from what is not a number", () => {
  const [inf, ninf] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const words = [Number.NaN, inf, ninf].map((value) => labelOf([[0, 50]], value).textContent);
  expect(words).toEqual(["NaN at 7", "∞ at 7", "−∞ at 7"]);
});

test("the word at a gap is below", () => {
  const top = topOfLabel([
    [0, 50],
    [400, 90],
  ]);
  expect(top).toBeGreaterThan(80);
});

test("and above where a line is below, also between two points far from each other", () => {
  expect(
    topOfLabel([
      [90, 3],
      [120, 5],
    ]),
  ).toBe(0);
  expect(
    topOfLabel([
      [0, 5],
      [400, 5],
    ]),
  ).toBe(0);
});

test("below once more where lines are everywhere", () => {
  const top = topOfLabel([
    [0, 5],
    [110, 5],
    [130, 99],
    [400, 99],
  ]);
  expect(top).toBeGreaterThan(80);
});

test("a line that ended before it is not in the way", () => {
  const top = topOfLabel([
    [0, 5],
    [40, 5],
    [60, Number.NaN],
    [200, 5],
  ]);
  expect(top).toBeGreaterThan(80);
});

test("what is infinite is called so, and no word is written over another", () => {
  const plot = document.createElement("div");
  const gaps = [Number.NaN, Number.NEGATIVE_INFINITY].map((value, i) => {
    return { trace: { name: "loss" }, value, step: 7 + i, px: 100 + i };
  });
  const picture = { curves: [], gaps, outside: [] };

  marks(plot)({ picture, model: { get: () => "metric" } } as unknown as Chart, FRAME);

  const words = [...plot.querySelectorAll<HTMLElement>(".rw-gap")];
  expect(words.map((word) => word.textContent)).toEqual(["NaN at 7", "−∞ at 8"]);
  const tops = words.map((word) => Number.parseFloat(word.style.top));
  expect(Math.abs((tops[0] as number) - (tops[1] as number))).toBeGreaterThanOrEqual(14);
});
