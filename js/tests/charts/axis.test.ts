import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { padded, tickLabels, ticks, tight } from "../../src/charts/axis.ts";
import type { Range } from "../../src/charts/series.ts";

const any = fc.double({ noNaN: true, noDefaultInfinity: true });
const range = fc.tuple(any, any).map(([a, b]): Range => (a < b ? [a, b] : [b, a]));

describe("ranges", () => {
  test("hold the data with room around it, whatever numbers there are", () => {
    fc.assert(
      fc.property(range, (data) => {
        for (const [low, high] of [padded(data), tight(data)]) {
          expect(high - low).toBeGreaterThan(0);
          expect(Number.isFinite(high - low)).toBe(true);
        }
      }),
    );
  });

  test("put a constant line in the middle", () => {
    expect(padded([0.5, 0.5])).toEqual([0.45, 0.55]);
    expect(padded([0, 0])).toEqual([-1, 1]);
    expect(tight([3, 3])).toEqual([2.5, 3.5]);
  });

  test("leave steps as they are", () => {
    expect(tight([0, 19])).toEqual([0, 19]);
  });
});

describe("ticks", () => {
  test("are few, evenly spaced, inside the range and each with its own label", () => {
    fc.assert(
      fc.property(range, fc.integer({ min: 1, max: 12 }), (data, most) => {
        const shown = padded(data);
        const values = ticks(shown, most);

        expect(values.length).toBeLessThanOrEqual(most + 1);
        const slack = (shown[1] - shown[0]) * 1e-6;
        for (const value of values) {
          expect(value).toBeGreaterThanOrEqual(shown[0] - slack);
          expect(value).toBeLessThanOrEqual(shown[1] + slack);
        }
        expect(new Set(tickLabels(values)).size).toBe(new Set(values).size);
      }),
    );
  });

  test("are round", () => {
    expect(ticks([0, 1], 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks([-1.1, 1.1], 5)).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(ticks([0, 0.37], 4)).toEqual([0, 0.1, 0.2, 0.3]);
  });

  test("are whole where only whole numbers make sense", () => {
    expect(ticks([0, 2], 10, true)).toEqual([0, 1, 2]);
    expect(ticks([-0.5, 0.5], 10, true)).toEqual([0]);
  });
});

describe("tick labels", () => {
  test.each([
    [
      [0, 0.5, 1],
      ["0", "0.5", "1.0"],
    ],
    [
      [0, 50, 100],
      ["0", "50", "100"],
    ],
    [
      [0, 5000, 10_000],
      ["0", "5,000", "10,000"],
    ],
    [
      [0, 50_000, 100_000],
      ["0", "50k", "100k"],
    ],
    [
      [0, 1.5e6, 3e6],
      ["0", "1.5M", "3.0M"],
    ],
    [
      [1_234_570, 1_234_580],
      ["1,234,570", "1,234,580"],
    ],
    [
      [40_000_500_000, 40_001_000_000],
      ["40.0005G", "40.0010G"],
    ],
    [
      [0, 1e-7, 2e-7],
      ["0", "1e-7", "2e-7"],
    ],
    [
      [0, 0.0005, 0.001],
      ["0", "0.0005", "0.0010"],
    ],
    [
      [-2e18, 0, 2e18],
      ["-2e18", "0", "2e18"],
    ],
  ])("%j", (values, texts) => {
    expect(tickLabels(values)).toEqual(texts);
  });
});
