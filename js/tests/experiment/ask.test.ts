import { afterEach, expect, test, vi } from "vitest";

import { Asking, type Question } from "../../src/experiment/ask.ts";
import type { ToldCurve } from "../../src/experiment/model.ts";

const PLACE = { root: "/base/", experiment: "é x", workspace: "/w" };

/** Answers as the server packs them, cut into pieces at odd places. */
function packed(...runs: string[]): ReadableStream<Uint8Array> {
  const parts = runs.map((run) => {
    const curve = { run, total: 2, outline: [0, 0, 0], means: null };
    const head = new TextEncoder().encode(JSON.stringify({ curve, buffers: [16] }));
    const bytes = new Uint8Array(4 + head.length + 16);
    new DataView(bytes.buffer).setUint32(0, head.length, true);
    bytes.set(head, 4);
    bytes.set(new Uint8Array(Float64Array.of(0.5, 7).buffer), 4 + head.length);
    return bytes;
  });
  const whole = new Uint8Array(parts.flatMap((part) => [...part]));
  return new ReadableStream({
    start(stream) {
      for (let i = 0; i < whole.length; i += 37) stream.enqueue(whole.slice(i, i + 37));
      stream.close();
    },
  });
}

/** A server that answers each address by its first match; what it was asked. */
function server(answers: [RegExp, number, () => unknown][]): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (address: string) => {
    asked.push(address);
    const [, status = 404, body = () => null] =
      answers.find(([match]) => match.test(address)) ?? [];
    const content = body();
    if (content instanceof ReadableStream) return new Response(content, { status });
    const headers: Record<string, string> = content ? { "Content-Type": "application/json" } : {};
    return new Response(content ? JSON.stringify(content) : "", { status, headers });
  });
  return asked;
}

function curves(...runs: string[]): Question & { type: "curves" } {
  return { type: "curves", request: 3, metric: "loss é", runs: runs.map((id) => [id, 2]) };
}

afterEach(() => vi.unstubAllGlobals());

test("the server is asked first, so that a busy kernel is no matter", async () => {
  const asked = server([[/curves/, 200, () => packed("a", "b")]]);
  const kernel = vi.fn();
  const got: [ToldCurve, number[]][] = [];

  await new Asking(() => PLACE, kernel).curves(curves("a", "b"), (curve, [first]) =>
    got.push([curve, [first?.getFloat64(0, true) ?? 0, first?.getFloat64(8, true) ?? 0]]),
  );

  expect(got.map(([{ run }, numbers]) => [run, numbers])).toEqual([
    ["a", [0.5, 7]],
    ["b", [0.5, 7]],
  ]);
  expect(asked).toEqual([
    "/base/run-widgets/api/experiments/%C3%A9%20x/curves" +
      "?metric=loss+%C3%A9&run=a%3A2&run=b%3A2&workspace=%2Fw",
  ]);
  expect(kernel).not.toHaveBeenCalled();
});

test("the kernel is asked for what the server did not bring", async () => {
  server([[/./, 200, () => packed("a")]]);
  const kernel = vi.fn();

  await new Asking(() => PLACE, kernel).curves(curves("a", "b"), () => {});

  expect(kernel).toHaveBeenCalledWith(curves("b"));
});

test("very many runs are asked for in several questions", async () => {
  const asked = server([[/./, 200, () => packed()]]);
  const ids = Array.from({ length: 120 }, (_, i) => `r${i}`);

  await new Asking(() => PLACE, vi.fn()).curves(curves(...ids), () => {});

  expect(asked).toHaveLength(3);
});

test("an experiment that the server does not have is the kernel's, and the next is asked for", async () => {
  const asked = server([[/./, 404, () => ({ message: "no experiment 'x' in /w" })]]);
  const kernel = vi.fn();
  const asking = new Asking(() => PLACE, kernel);

  await asking.curves(curves("a"), () => {});
  await asking.curves(curves("b"), () => {});

  expect(asked).toHaveLength(2);
  expect(kernel).toHaveBeenCalledTimes(2);
});

test("a server without run-widgets is asked once", async () => {
  const asked = server([]);
  const kernel = vi.fn();
  const asking = new Asking(() => PLACE, kernel);

  await asking.curves(curves("a", "b", "c"), () => {});
  await asking.curves(curves("d"), () => {});
  await asking.packages({ type: "packages", request: 0, runs: ["a"] }, () => {});

  expect(asked).toHaveLength(1);
  expect(kernel.mock.calls).toEqual([
    [curves("a", "b", "c")],
    [curves("d")],
    [{ type: "packages", request: 0, runs: ["a"] }],
  ]);
});

test("on a page without a server the kernel is asked", async () => {
  const asked = server([]);
  const kernel = vi.fn();

  await new Asking(() => null, kernel).curves(curves("a"), () => {});

  expect(asked).toEqual([]);
  expect(kernel).toHaveBeenCalledWith(curves("a"));
});

test("packages are those of the run's source; an id that leads elsewhere reaches no server", async () => {
  const source = { environment: { facts: {}, packages: { numpy: "2.0" } } };
  const asked = server([[/source/, 200, () => source]]);
  const kernel = vi.fn();
  const got = vi.fn();

  await new Asking(() => PLACE, kernel).packages(
    { type: "packages", request: 0, runs: ["a", "../../x"] },
    got,
  );

  expect(got.mock.calls).toEqual([["a", { numpy: "2.0" }]]);
  expect(asked).toHaveLength(1);
  expect(kernel).toHaveBeenCalledWith({ type: "packages", request: 0, runs: ["../../x"] });
});

test("how code differs is asked of the server; of the kernel where the server is none of ours", async () => {
  const changes = { files: [], total: 0, note: "" };
  const question: Question & { type: "code" } = { type: "code", request: 0, runs: ["a", "b"] };
  const asked = server([[/runs\/b\/code/, 200, () => changes]]);
  const [take, kernel] = [vi.fn(), vi.fn()];

  await new Asking(() => PLACE, kernel).code(question, take);
  await new Asking(() => null, kernel).code(question, take);

  expect(asked).toEqual(["/base/run-widgets/api/runs/b/code?than=a&workspace=%2Fw"]);
  expect(take).toHaveBeenCalledExactlyOnceWith(changes);
  expect(kernel).toHaveBeenCalledExactlyOnceWith(question);
});
