import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { padded } from "../../src/charts/axis.ts";
import { mapping, ticksOf } from "../../src/charts/scale.ts";
import type { Range } from "../../src/charts/series.ts";

const labels = (scale: "linear" | "log" | "symlog", range: Range, most = 6, largest?: number) => {
  const map = mapping(scale, largest ?? Math.max(...range.map(Math.abs)));
  return ticksOf(map, "number", range.map(map.to) as Range, most).labels;
};

describe("a mapping", () => {
  test("goes there and back", () => {
    const value = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(value, fc.double({ min: 1e-6, max: 1e12, noNaN: true }), (value, largest) => {
        const map = mapping("symlog", largest);
        expect(map.from(map.to(value))).toBeCloseTo(
          value,
          -Math.log10(1e-6 * (1 + Math.abs(value))),
        );
      }),
    );
  });

  test("has no place for what is not above zero on a logarithmic axis", () => {
    const { to } = mapping("log");

    expect([to(0), to(-1), to(100)]).toEqual([Number.NaN, Number.NaN, 2]);
  });

  test("of a symlog axis keeps order, and zero in the middle", () => {
    const { to } = mapping("symlog", 500);

    expect([-500, -1, 0, 1, 500].map(to)).toEqual(
      [-500, -1, 0, 1, 500].map(to).sort((a, b) => a - b),
    );
    expect(to(0)).toBe(0);
    expect(to(-20)).toBe(-to(20));
  });
});

describe("ticks", () => {
  test("of a logarithmic axis are powers of ten, fewer where there is little room", () => {
    expect(labels("log", [0.001, 1000], 7)).toEqual([
      "0.001",
      "0.01",
      "0.1",
      "1",
      "10",
      "100",
      "1,000",
    ]);
    expect(labels("log", [0.001, 1000], 4)).toEqual(["0.01", "1", "100"]);
    expect(labels("log", [10, 1000], 2)).toEqual(["10", "1,000"]);
  });

  test("of very many powers of ten are of one form", () => {
    expect(labels("log", [1e-30, 1e29], 7)).toEqual([
      "1e-30",
      "1e-20",
      "1e-10",
      "1",
      "1e10",
      "1e20",
    ]);
    expect(labels("log", [1e-5, 0.1], 6)).toEqual(["1e-5", "1e-4", "1e-3", "1e-2", "1e-1"]);
  });

  test("of less than two powers of ten are round values", () => {
    expect(labels("log", [1, 1.6], 4)).toEqual(["1.0", "1.2", "1.4", "1.6"]);
    expect(labels("log", [2, 90], 6)).toEqual(["2", "5", "10", "20", "50"]);
    expect(labels("log", [0.03, 1.2], 5)).toEqual(["0.05", "0.1", "0.2", "0.5", "1"]);
    expect(labels("log", [1, 59], 3)).toEqual(["1", "10"]);
  });

  test("tell apart what lies close together far from zero", () => {
    const close = labels("log", [1e9, 1e9 + 0.06]);

    expect(new Set(close).size).toBe(close.length);
  });

  test("around the zero of a symlog axis leave room for what they say", () => {
    const map = mapping("symlog", 0);
    const { places, labels } = ticksOf(map, "number", [-1, 1], 6);

    expect(labels).toContain("0");
    places.slice(1).forEach((place, i) => {
      expect(place - (places[i] as number)).toBeGreaterThan(0.16);
    });
  });

  test("of a symlog axis lie on both sides of zero", () => {
    const all = ["-1,000", "-100", "-10", "0", "10", "100", "1,000"];

    expect(labels("symlog", [-1000, 1000], 8)).toEqual(all);
  });

  test("of time are round in minutes and hours", () => {
    const map = mapping("linear");
    const of = (range: Range) => ticksOf(map, "duration", range, 4).labels;

    expect(of([0, 45])).toEqual(["0", "15 s", "30 s", "45 s"]);
    expect(of([0, 1200])).toEqual(["0", "5 min", "10 min", "15 min", "20 min"]);
    expect(of([0, 4 * 3600])).toEqual(["0", "1 h", "2 h", "3 h", "4 h"]);
    expect(of([0, 0.03])).toEqual(["0", "0.01 s", "0.02 s", "0.03 s"]);
  });

  test("of any range lie in it, each with one label", () => {
    const scales = fc.constantFrom("linear", "log", "symlog") as fc.Arbitrary<
      "linear" | "log" | "symlog"
    >;
    const value = fc.double({ min: 5e-324, max: 1e307, noNaN: true });
    fc.assert(
      fc.property(scales, value, value, fc.integer({ min: 1, max: 12 }), (scale, a, b, most) => {
        const data: Range = [Math.min(a, b), Math.max(a, b) * 1.5];
        const map = mapping(scale, data[1]);
        const range = padded(data.map(map.to) as Range, 0.06);
        const { places, labels } = ticksOf(map, "number", range, most);
        const room = 1e-6 * (range[1] - range[0]);

        expect(labels.length).toBe(places.length);
        expect(places.every((at) => at >= range[0] - room && at <= range[1] + room)).toBe(true);
        expect(places.length).toBeLessThanOrEqual(most + 2);
      }),
    );
  });
});
