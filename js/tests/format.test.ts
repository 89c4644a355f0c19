import { expect, test } from "vitest";

import {
  ago,
  bytes,
  count,
  duration,
  iso,
  local,
  number,
  time,
  took,
  words,
} from "../src/format.ts";

test.each([
  [0, "0 s"],
  [59.9, "59 s"],
  [65, "1 min 05 s"],
  [3725, "1 h 02 min"],
  [86_400 * 4 + 3600 * 7, "4 d 07 h"],
  [-3, "0 s"],
])("duration %d", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test.each([
  [0.0004, "< 1 ms"],
  [0.618, "618 ms"],
  [6.74, "6.7 s"],
  [65, "1 min 05 s"],
])("took %d", (seconds, text) => {
  expect(took(seconds)).toBe(text);
});

test("ago", () => {
  expect(ago(0.4)).toBe("just now");
  expect(ago(3)).toBe("3 s ago");
});

test.each([
  [0, "0"],
  [0.1 + 0.2, "0.3"],
  [1234.5678, "1,234.57"],
  [12_345_678, "12,345,678"],
  [1_000_000_199, "1,000,000,199"],
  [1.5e12, "1.5e12"],
  [0.000012345678, "1.23457e-5"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "∞"],
  [Number.NEGATIVE_INFINITY, "−∞"],
])("number %d", (value, text) => {
  expect(number(value)).toBe(text);
});

test.each([
  [12_500, "12,500"],
  [250_000, "250 k"],
  [3_200_000, "3.2 M"],
  [10_000_000_000, "10 G"],
])("count %d", (value, text) => {
  expect(count(value)).toBe(text);
});

test.each([
  [512, "512 B"],
  [1234, "1.2 kB"],
  [999_960, "1 MB"],
  [3_400_000_000, "3.4 GB"],
])("bytes %d", (size, text) => {
  expect(bytes(size)).toBe(text);
});

test("time has its date unless that is today", () => {
  const at = Date.UTC(2026, 10, 24, 14, 3, 22) / 1000;

  expect(time(at, new Date(1000 * at + 60_000))).toMatch(/^2:03:22\sPM$/);
  expect(time(at, new Date(1000 * at + 86_400_000))).toContain("Nov 24, 2026");
  expect(time(1e300)).toBe("");
  expect(iso(at)).toBe("2026-11-24T14:03:22.000Z");
});

test("words", () => {
  expect(words("NotStarted")).toBe("Not started");
  expect(words("Completed")).toBe("Completed");
});

test.each([
  ["1234567", "1,234,567"],
  ["0.5", "0.5"],
  ["1e-05", "1e-5"],
  ["nan", "NaN"],
  ["-inf", "−∞"],
  ["True", "True"],
  ["123456789012345678901", "123456789012345678901"],
  ["an integer of 40000 bits", "an integer of 40000 bits"],
])("what Python writes as %s is %s for the reader", (text, words) => {
  expect(local(text)).toBe(words);
});
