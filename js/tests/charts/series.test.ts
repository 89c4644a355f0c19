import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { floats, MOST_POINTS, nearest, reduce, Series, union } from "../../src/charts/series.ts";
import { buffer } from "../fake_model.ts";

const value = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }) },
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);
const steps = (n: number) => Float64Array.from({ length: n }, (_, i) => i);
const finite = (values: Iterable<number>) => [...values].filter(Number.isFinite);

function series(y: number[], x = Array.from(steps(y.length))): Series {
  const line = new Series();
  line.append(Float64Array.from(x), Float64Array.from(y), steps(y.length));
  return line;
}

describe("reduce", () => {
  test("keeps ends, extremes and gaps, in order and within its budget", () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 50 }),
        (y, columns) => {
          const kept = [...reduce(steps(y.length), Float64Array.from(y), columns)];
          const left = kept.map((i) => y[i] as number);

          expect(kept[0]).toBe(0);
          expect(kept.at(-1)).toBe(y.length - 1);
          expect(kept.every((place, i) => i === 0 || place > (kept[i - 1] as number))).toBe(true);
          expect(kept.length).toBeLessThanOrEqual(3 * columns + 2);
          expect(Math.max(...finite(left))).toBe(Math.max(...finite(y)));
          expect(Math.min(...finite(left))).toBe(Math.min(...finite(y)));
          expect(left.every(Number.isFinite)).toBe(y.every(Number.isFinite));
        },
      ),
    );
  });

  test("keeps the lowest and the highest of each column of pixels", () => {
    const y = Float64Array.from({ length: 10_000 }, (_, i) => Math.sin(i * i));

    const kept = new Set(reduce(steps(y.length), y, 100));

    for (let start = 0; start < 9900; start += 100) {
      // Column edges lie at multiples of 99.99, so one value beside an edge may be the other's.
      const inside = [...y.subarray(start + 1, start + 99)];
      const seen = [...kept]
        .filter((i) => i >= start && i < start + 100)
        .map((i) => y[i] as number);
      expect(Math.max(...seen)).toBeGreaterThanOrEqual(Math.max(...inside));
      expect(Math.min(...seen)).toBeLessThanOrEqual(Math.min(...inside));
    }
  });

  test("keeps a spike of one point among a million", () => {
    const y = new Float64Array(1_000_000);
    y[432_100] = 1;

    expect(reduce(steps(y.length), y, 300)).toContain(432_100);
  });

  test("gives every column its share where points crowd at one end", () => {
    const x = Float64Array.from({ length: 10_000 }, (_, i) => (i < 9000 ? i / 1e6 : i));

    const kept = reduce(x, x, 100);

    expect([...kept].filter((i) => i >= 9000).length).toBeGreaterThan(15);
  });

  test("keeps the extremes of x too where a line goes back and forth", () => {
    const turn = (i: number) => (i / 5000) * 2 * Math.PI;
    const x = Float64Array.from({ length: 5000 }, (_, i) => Math.cos(turn(i)));
    const y = Float64Array.from({ length: 5000 }, (_, i) => Math.sin(turn(i)));

    const kept = reduce(steps(5000), y, 40, x);

    expect(kept).toContain(x.indexOf(Math.min(...x)));
    expect(kept).toContain(y.indexOf(Math.max(...y)));
  });

  test("divides by count where all points have one place", () => {
    const y = Float64Array.from({ length: 100 }, (_, i) => i % 7);

    expect(reduce(new Float64Array(100), y, 10).length).toBeGreaterThan(10);
  });
});

describe("Series", () => {
  test("has what was appended, in however many parts", () => {
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 100 }), { maxLength: 20 }), (parts) => {
        const line = new Series();
        let at = 0;
        for (const part of parts) {
          const x = Float64Array.from(part, () => at++);
          line.append(x, Float64Array.from(part), x);
        }

        const all = parts.flat();
        expect([...line.y]).toEqual(all);
        expect([...line.x]).toEqual([...steps(all.length)]);
        expect(line.total).toBe(all.length);
        const numbers = finite(all);
        const range = numbers.length > 0 ? [Math.min(...numbers), Math.max(...numbers)] : null;
        // Of zero and minus zero none is the smaller.
        expect(line.yRange?.map((limit) => limit + 0) ?? null).toEqual(
          range?.map((limit) => limit + 0) ?? null,
        );
      }),
    );
  });

  test("stays bounded however long a run is, and loses no extreme", () => {
    const line = new Series();
    const chunk = 10_000;
    for (let start = 0; start < 5 * MOST_POINTS; start += chunk) {
      const x = Float64Array.from({ length: chunk }, (_, i) => start + i);
      line.append(
        x,
        x.map((step) => (step === 123_456 ? 9 : Math.sin(step))),
        x,
      );
    }

    expect(line.length).toBeLessThanOrEqual(MOST_POINTS);
    expect(line.total).toBe(5 * MOST_POINTS);
    expect(Math.max(...line.y)).toBe(9);
    expect(line.x[0]).toBe(0);
    expect(line.x.at(-1)).toBe(5 * MOST_POINTS - 1);
    // The beginning, a fifth of the run, has its share of the columns kept.
    const early = line.x.filter((step) => step < MOST_POINTS).length;
    expect(early).toBeGreaterThan(4000);
  });

  test("says more values than it has points when the kernel reduced them", () => {
    const line = new Series();

    line.append(steps(10), steps(10), steps(10), 3_200_000);

    expect(line.total).toBe(3_200_000);
    expect(line.length).toBe(10);
  });

  test("notes when steps go backwards, and that an infinite step is no order", () => {
    expect(series([1, 2, 3]).sorted).toBe(true);
    expect(series([1, 2, 3], [0, 2, 1]).sorted).toBe(false);
    expect(series([1, 2, 3], [0, 1, Number.POSITIVE_INFINITY]).sorted).toBe(false);
  });

  test("draws a long line whose steps go backwards within its budget", () => {
    const n = 20_000;
    const line = series(
      Array.from({ length: n }, (_, i) => i % 100),
      Array.from({ length: n }, (_, i) => i % 1000),
    );

    const kept = line.reduced(100);

    expect(kept.length).toBeLessThanOrEqual(502);
    expect([...kept].map((i) => line.y[i])).toContain(99);
  });
});

test("nearest finds what a look at every value finds", () => {
  const sorted = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(sorted, fc.double({ min: -60, max: 60, noNaN: true }), (values, target) => {
      const x = Float64Array.from(values).sort();

      const found = x[nearest(x, target, true)] as number;

      const best = Math.min(...x.map((each) => Math.abs(each - target)));
      expect(Math.abs(found - target)).toBe(best);
      expect(Math.abs((x[nearest(x, target, false)] as number) - target)).toBe(best);
    }),
  );
  expect(nearest(new Float64Array(), 1, true)).toBe(-1);
  expect(nearest(Float64Array.of(Number.NaN), 1, false)).toBe(-1);
});

test("floats reads numbers wherever they lie in a message", () => {
  expect([...floats(buffer([1.5, Number.NaN, -2]))]).toEqual([1.5, Number.NaN, -2]);
  expect([...floats(undefined)]).toEqual([]);
});

test("union holds all ranges, and is nothing where there is none", () => {
  expect(union([[1, 2], null, [-3, 0]])).toEqual([-3, 2]);
  expect(union([null])).toBeNull();
});

test.each([true, false])("a line is what it was at a moment, its times in order: %s", (sorted) => {
  const line = new Series();
  const at = sorted ? [10, 20, 30, 40] : [10, 30, 20, 40];
  line.append(Float64Array.of(0, 1, 2, 3), Float64Array.of(4, 3, 2, 1), Float64Array.from(at), 400);

  const then = line.until(20);

  expect([...then.x]).toEqual(sorted ? [0, 1] : [0, 2]);
  expect([then.total, then.yRange]).toEqual([200, sorted ? [3, 4] : [2, 4]]);
  expect(line.until(5).total).toBe(0);
  expect(line.until(99).total).toBe(400);
});
