import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { soon } from "../../src/charts/frames.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a chart that cannot be drawn does not keep the others from it", () => {
  const drawn = vi.fn();
  soon(() => {
    throw new Error("cannot be drawn");
  });
  soon(drawn);

  expect(() => vi.advanceTimersByTime(20)).toThrow("cannot be drawn");
  vi.advanceTimersByTime(20);

  expect(drawn).toHaveBeenCalledOnce();
});
