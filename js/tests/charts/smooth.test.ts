import { expect, test } from "vitest";

import { smooth } from "../../src/charts/smooth.ts";
import examples from "./smoothing.json";

test.each(examples)(
  "is what Python computes: $factor of $values",
  ({ factor, values, smooth: expected }) => {
    const numbers = (list: (number | null)[]) =>
      Float64Array.from(list, (value) => value ?? Number.NaN);

    const line = smooth(numbers(values), factor);

    expect(line.length).toBe(expected.length);
    numbers(expected).forEach((value, i) => {
      if (Number.isNaN(value)) expect(line[i]).toBeNaN();
      else
        expect(Math.abs((line[i] as number) - value)).toBeLessThanOrEqual(1e-12 * Math.abs(value));
    });
  },
);

test("leaves what it is given alone", () => {
  const values = Float64Array.of(1, 2, 3);

  smooth(values, 0.9);

  expect([...values]).toEqual([1, 2, 3]);
});
