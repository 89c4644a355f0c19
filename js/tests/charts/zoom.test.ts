import fc from "fast-check";
import { expect, test } from "vitest";

import type { Range } from "../../src/charts/series.ts";
import { marked, moved, scaled, settled } from "../../src/charts/zoom.ts";

const WHOLE: Range = [0, 100];

test("a part is kept, whichever way it was drawn", () => {
  expect(settled([60, 20], WHOLE)).toEqual([20, 60]);
});

test("who sees the whole follows it again", () => {
  expect(settled([-5, 105], WHOLE)).toBeNull();
  expect(scaled([10, 90], 2, 50, WHOLE)).toBeNull();
});

test("zooming keeps what is pointed at where it is", () => {
  expect(scaled(WHOLE, 0.5, 100, WHOLE)).toEqual([50, 100]);
  expect(scaled([50, 100], 0.5, 60, WHOLE)).toEqual([55, 80]);
});

test("zooming out stops at the data's ends, side by side", () => {
  expect(scaled([0, 20], 2, 10, WHOLE)).toEqual([0, 30]);
});

test("however long one zooms, numbers stay apart", () => {
  let part: Range = WHOLE;
  for (let i = 0; i < 200; i++) part = scaled(part, 0.5, 33.3, WHOLE) ?? WHOLE;

  expect(part[1] - part[0]).toBeGreaterThan(0);
});

test("moving never leaves the data and never changes the width", () => {
  expect(moved([20, 40], 500, WHOLE)).toEqual([80, 100]);
  expect(moved([20, 40], -500, WHOLE)).toEqual([0, 20]);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 80 }), fc.integer({ min: -300, max: 300 }), (at, by) => {
      const [low, high] = moved([at, at + 20], by, WHOLE);
      expect(high - low).toBe(20);
      expect(low >= 0 && high <= 100).toBe(true);
    }),
  );
});

test("a stroke means the axis that it goes along, one across both", () => {
  const size = { width: 200, height: 100 };

  expect(marked({ x: 150, y: 50 }, { x: 50, y: 55 }, size)).toEqual({ x: [50, 150], y: null });
  expect(marked({ x: 50, y: 10 }, { x: 52, y: 90 }, size)).toEqual({ x: null, y: [10, 90] });
  expect(marked({ x: 50, y: 10 }, { x: 150, y: 90 }, size)).toEqual({ x: [50, 150], y: [10, 90] });
});
