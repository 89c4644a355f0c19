import { expect, test } from "vitest";
import { alike, toldApart } from "../../src/experiment/digits.ts";

function written(...values: number[]): string[] {
  return values.map(alike(values));
}

test("numbers below one another have one number of decimals", () => {
  expect(written(0.788654, 0.78198, 0.8198)).toEqual(["0.7887", "0.7820", "0.8198"]);
  expect(written(2.28454, 12.5, 1)).toEqual(["2.285", "12.500", "1.000"]);
});

test("no digits are added to what needs none", () => {
  expect(written(1, 64, 16)).toEqual(["1", "64", "16"]);
  expect(written(0.5, 0.25)).toEqual(["0.50", "0.25"]);
  expect(written(12_345.678, 99_999.1)).toEqual(["12,346", "99,999"]);
});

test("numbers that lie close together are told apart", () => {
  expect(written(0.961012, 0.961034)).toEqual(["0.961012", "0.961034"]);
});

test("a number far smaller than the others keeps its digits", () => {
  expect(written(1.5, 2.25, 3.125, 0.00391234)).toEqual(["1.500", "2.250", "3.125", "0.00391"]);
  expect(written(1.5, 2.25, 3.125, 3.9e-7)[3]).toBe("3.9e-7");
});

test("what is no number, or beyond all measure, is written as everywhere", () => {
  expect(written(Number.NaN, Number.POSITIVE_INFINITY, 1e12, 0)).toEqual(["NaN", "∞", "1e12", "0"]);
});

test("values side by side have as many digits as tell them apart, and all the same", () => {
  const values = [0.99959749, 0.9998, 0.99960804, 0.1];

  expect(values.map(toldApart(values))).toEqual(["0.99960", "0.99980", "0.99961", "0.10000"]);
  expect([0.5, 0.5].map(toldApart([0.5, 0.5]))).toEqual(["0.5", "0.5"]);
});
