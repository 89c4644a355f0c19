import fc from "fast-check";
import { expect, test } from "vitest";

import { Pace } from "../src/pace.ts";

test("before anything was seen, what it took so far tells the pace", () => {
  const pace = new Pace();
  expect(pace.left(100, 0, 60)).toBeNull();

  pace.add(25, 1000);

  expect(pace.left(100, 1000, 60)).toBe(180);
  expect(pace.left(100, 1010, 60)).toBe(170);
  expect(pace.left(100, 1000, null)).toBeNull();
});

test("the pace is that of the last two minutes, whatever was before", () => {
  const pace = new Pace();
  for (let at = 0; at <= 600; at++) pace.add(at < 300 ? at : 300 + 10 * (at - 300), at);

  expect(pace.left(4300, 600, 600)).toBeCloseTo(100, 0);
});

test("a step that takes long makes the rest longer, and one ahead of time no shorter", () => {
  const pace = new Pace();
  for (const at of [0, 10, 20]) pace.add(at / 10, at);
  expect(pace.left(4, 25, 20)).toBe(15);

  expect(pace.left(4, 50, 20)).toBe(10);
});

test("another loop begins anew", () => {
  const pace = new Pace();
  for (let at = 0; at <= 10; at++) pace.add(at, at);
  pace.add(0, 11);
  pace.add(5, 21);

  expect(pace.left(10, 21, 21)).toBeCloseTo(10, 0);
});

test("it is never negative, and never no number", () => {
  const steps = fc.array(fc.tuple(fc.nat(100), fc.nat(100)), { minLength: 1 });
  fc.assert(
    fc.property(steps, fc.nat(100), fc.nat(1000), (steps, total, later) => {
      const pace = new Pace();
      let at = 0;
      for (const [done, pause] of steps) {
        at += pause;
        pace.add(done, at);
      }
      const left = pace.left(total, at + later, at);
      expect(left === null || (Number.isFinite(left) && left >= 0)).toBe(true);
    }),
  );
});
