import { afterEach, expect, test, vi } from "vitest";

import { ServedExperiment } from "../../src/experiment/served.ts";
import { life } from "../fake_model.ts";
import { told } from "./told.ts";

type Answer = ReturnType<typeof told> | null;

/** A server that gives one answer after the other; what it was asked. */
function server(...answers: Answer[]): URL[] {
  const asked: URL[] = [];
  vi.stubGlobal("fetch", async (address: string) => {
    asked.push(new URL(address, "http://server"));
    const next = answers.shift();
    if (next === undefined) return new Response("", { status: 404 });
    const buffers =
      next?.buffers.map((b) => new Uint8Array(b.buffer, b.byteOffset, b.byteLength)) ?? [];
    const facts = {
      experiment: "mnist",
      id: "1",
      workspace: "/w",
      portal_path: "p",
      runs_path: "r",
      query: "",
    };
    const head = new TextEncoder().encode(
      JSON.stringify({
        facts,
        loading: false,
        told: next?.told ?? null,
        buffers: buffers.map((b) => b.length),
      }),
    );
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, head.length, true);
    const whole = [size, head, ...buffers].flatMap((part) => [...part]);
    return new Response(Uint8Array.from(whole));
  });
  return asked;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("the whole comes first, then what is new since", async () => {
  const asked = server(
    told([{ "metric:loss": 0.5 }], { version: 4, from: 4 }),
    told([{ "metric:loss": 0.25 }], { first: 1, from: 4, version: 5 }),
    null,
  );
  vi.useFakeTimers();
  const served = await ServedExperiment.open("/base/", "mnist", "/w");
  expect(served.live.table.size).toBe(1);
  const { signal, end } = life();
  const following = served.follow(signal);
  await vi.advanceTimersByTimeAsync(2500);
  end();
  await vi.advanceTimersByTimeAsync(20_000);
  await following;

  expect(served.live.table.column("metric", "loss", "last")?.number(1)).toBe(0.25);
  expect(served.model.get("facts").experiment).toBe("mnist");
  expect(asked.slice(0, 3).map((url) => url.searchParams.get("version"))).toEqual(["-1", "4", "5"]);
  expect(asked[0]?.pathname).toBe("/base/run-widgets/api/experiments/mnist/table");
  expect(asked[0]?.searchParams.get("workspace")).toBe("/w");
});

test("a server that stops answering is told of, and asked again later", async () => {
  server(told([{}], { version: 0 }));
  vi.useFakeTimers();
  const served = await ServedExperiment.open("/base/", "mnist", null);
  const { signal, end } = life();
  const following = served.follow(signal);

  await vi.advanceTimersByTimeAsync(1500);

  expect(served.model.get("problem")).toContain("The Jupyter server");
  end();
  await vi.advanceTimersByTimeAsync(20_000);
  await following;
});
