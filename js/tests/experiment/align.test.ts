import { expect, test } from "vitest";

import { aligned, band, commonAxis, type Spread, studentT95 } from "../../src/experiment/align.ts";
// The same examples that tests/test_curves.py reads.
import examples from "./alignment.json";

type Numbers = (number | null)[];

const EXAMPLES = examples as {
  axes: { xs: Numbers[]; most: number; axis: number[] }[];
  aligned: { x: Numbers; y: Numbers; axis: number[]; values: Numbers }[];
  bands: {
    values: Numbers[];
    spread: Spread;
    mean: Numbers;
    low: Numbers;
    high: Numbers;
    count: number[];
  }[];
};

const floats = (values: Numbers) => Float64Array.from(values, (value) => value ?? Number.NaN);
const same = (found: Float64Array, wanted: Numbers) => {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) => {
    const there = wanted[i];
    if (there === null || there === undefined) expect(value).toBeNaN();
    else expect(value).toBeCloseTo(there, 6);
  });
};

test.each(EXAMPLES.axes)("an axis of $xs", ({ xs, most, axis }) => {
  same(commonAxis(xs.map(floats), most), axis);
});

test.each(EXAMPLES.aligned)("a curve over $x on $axis", ({ x, y, axis, values }) => {
  same(aligned({ x: floats(x), y: floats(y) }, floats(axis)), values);
});

test.each(EXAMPLES.bands)(
  "a band of $values by $spread",
  ({ values, spread, mean, low, high, count }) => {
    const axis = Float64Array.from(mean, (_, i) => i);

    const found = band(axis, values.map(floats), spread);

    same(found.mean, mean);
    same(found.low, low);
    same(found.high, high);
    expect([...found.count]).toEqual(count);
  },
);

test("Student's t comes near the normal for many runs", () => {
  expect(studentT95(1)).toBe(12.706);
  expect(studentT95(31)).toBeCloseTo(2.0395, 3);
  expect(studentT95(100_000)).toBeCloseTo(1.96, 3);
});
