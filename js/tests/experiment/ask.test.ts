import { afterEach, expect, test, vi } from "vitest";

import { Asking, type Question } from "../../src/experiment/ask.ts";
import type { Curve } from "../../src/experiment/curves.ts";

const PLACE = { root: "/base/", workspace: "/w" };
const LINE = { total: 2, inside: 2, x: [0, 1], y: [0.5, null], at: [10, 11], means: null };

/** A server that answers each address by its first match; what it was asked. */
function server(answers: [RegExp, number, unknown][]): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (address: string) => {
    asked.push(address);
    const [, status = 404, body = null] = answers.find(([match]) => match.test(address)) ?? [];
    const headers: Record<string, string> = body ? { "Content-Type": "application/json" } : {};
    return new Response(body ? JSON.stringify(body) : "", { status, headers });
  });
  return asked;
}

function curves(...runs: string[]): Question & { type: "curves" } {
  return { type: "curves", request: 3, metric: "loss é", runs: runs.map((id) => [id, 2]) };
}

afterEach(() => vi.unstubAllGlobals());

test("the server is asked first, so that a busy kernel is no matter", async () => {
  const asked = server([[/series/, 200, LINE]]);
  const kernel = vi.fn();
  const got: Curve[] = [];

  await new Asking(() => PLACE, kernel).curves(curves("a", "b"), (curve) => got.push(curve));

  expect(got.map(({ run, total }) => [run, total])).toEqual([
    ["a", 2],
    ["b", 2],
  ]);
  expect([...(got[0]?.outline.y ?? [])]).toEqual([0.5, Number.NaN]);
  expect(asked[0]).toContain("/base/run-widgets/api/runs/a/series?name=loss+%C3%A9");
  expect(asked[0]).toContain("workspace=%2Fw");
  expect(kernel).not.toHaveBeenCalled();
});

test("the kernel is asked for what the server does not have", async () => {
  server([
    [/runs\/a\//, 200, LINE],
    [/./, 404, { message: "no run 'b' in /w" }],
  ]);
  const kernel = vi.fn();

  await new Asking(() => PLACE, kernel).curves(curves("a", "b"), () => {});

  expect(kernel).toHaveBeenCalledWith(curves("b"));
});

test("a server without run-widgets is asked once", async () => {
  const asked = server([]);
  const kernel = vi.fn();
  const asking = new Asking(() => PLACE, kernel);

  await asking.curves(curves("a", "b", "c"), () => {});
  await asking.curves(curves("d"), () => {});

  expect(asked).toHaveLength(1);
  expect(kernel.mock.calls).toEqual([[curves("a", "b", "c")], [curves("d")]]);
});

test("on a page without a server the kernel is asked", async () => {
  const asked = server([]);
  const kernel = vi.fn();

  await new Asking(() => null, kernel).curves(curves("a"), () => {});

  expect(asked).toEqual([]);
  expect(kernel).toHaveBeenCalledWith(curves("a"));
});

test("an id that would lead elsewhere reaches no server", async () => {
  const asked = server([[/series/, 200, LINE]]);
  const kernel = vi.fn();

  await new Asking(() => PLACE, kernel).curves(curves("../../x", "a"), () => {});

  expect(asked).toHaveLength(1);
  expect(kernel).toHaveBeenCalledWith(curves("../../x"));
});

test("packages are those of the run's source", async () => {
  server([[/source/, 200, { environment: { facts: {}, packages: { numpy: "2.0" } } }]]);
  const got = vi.fn();

  await new Asking(() => PLACE, vi.fn()).packages(
    { type: "packages", request: 0, runs: ["a"] },
    got,
  );

  expect(got).toHaveBeenCalledWith("a", { numpy: "2.0" });
});
