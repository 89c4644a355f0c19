import { expect, test } from "vitest";

import { Colors } from "../../src/experiment/colors.ts";
import type { Curve } from "../../src/experiment/curves.ts";
import { bands, lines } from "../../src/experiment/overlay.ts";
import { tableOf } from "./told.ts";

const columns = (...y: number[]) => {
  const step = Float64Array.from(y, (_, i) => i);
  return { step, at: step, y: Float64Array.from(y) };
};

/** A long curve: what is drawn of it has its extremes, what is averaged has not. */
const CURVE: Curve = {
  run: "id0",
  total: 1000,
  outline: columns(0, 9, 0, 9),
  means: columns(4, 4, 4, 4),
};

test("a smoothed line is made of means, with the values as they were logged behind it", () => {
  const table = tableOf([{ number: 1 }]);

  const [plain] = lines(table, new Colors(), [CURVE], "step", 0);
  const [smooth] = lines(table, new Colors(), [CURVE], "step", 0.9);

  expect([plain?.points.y, plain?.raw]).toEqual([CURVE.outline.y, null]);
  expect([...(smooth?.points.y ?? [])]).toEqual([4, 4, 4, 4]);
  expect(smooth?.raw?.y).toBe(CURVE.outline.y);
});

test("smoothing narrows a band of what only jitters", () => {
  const table = tableOf([{ number: 1 }, { number: 2 }]);
  const jitter = (sign: number) => columns(0, sign, -sign, sign, -sign);
  const both = [1, -1].map((sign, i) => {
    const means = jitter(sign);
    return { run: `id${i}`, total: 5, outline: means, means };
  });
  const width = (smoothing: number) => {
    const [{ band } = {}] = bands(table, both, "step", () => "all", "minmax", smoothing);
    return (band?.high.at(-1) ?? 0) - (band?.low.at(-1) ?? 0);
  };

  expect(width(0.9)).toBeLessThan(width(0) / 2);
});
