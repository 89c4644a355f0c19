import { expect, test, vi } from "vitest";

import { embeddedExperiment } from "../../src/experiment/embedded.ts";
import { life } from "../fake_model.ts";
import { told } from "./told.ts";

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function state() {
  const { told: table, buffers } = told(
    [{ id: "a", number: 1, status: "Running", started: 0, "metric:loss:count": 2 }],
    { now: 1000 },
  );
  const all = buffers.map((b) => base64(new Uint8Array(b.buffer, b.byteOffset, b.byteLength)));
  const first = all.length;
  for (const column of [
    [0, 1],
    [10, 11],
    [1, 0.5],
  ]) {
    all.push(base64(new Uint8Array(Float64Array.from(column).buffer)));
  }
  const outline = [first, first + 1, first + 2] as [number, number, number];
  return {
    facts: {
      experiment: "mnist",
      id: "embedded",
      workspace: "",
      portal_path: "",
      runs_path: "",
      query: "",
    },
    told: table,
    buffers: all,
    curves: { loss: [{ run: "a", total: 2, outline, means: null }] },
    environments: [{ numpy: "2.4.6" }],
    environment_of: { a: 0 },
    code: [{ before: "a", after: "b", changes: { files: [], total: 0, note: "as they differ" } }],
    chosen: ["a"],
    include_children: false,
    problem: "",
  };
}

test("the file answers what a kernel would be asked, and what it has not with nothing", async () => {
  const { live } = embeddedExperiment(state());
  const asked = () =>
    live.curves.get("loss", [
      ["a", 2],
      ["b", 3],
    ]);

  asked();
  live.askPackages(["a", "b"]);
  await vi.waitFor(() => expect(asked()).toHaveLength(2));

  const [a, b] = asked();
  expect([...(a?.outline.y ?? [])]).toEqual([1, 0.5]);
  expect(b?.total).toBe(0);
  await vi.waitFor(() => expect(live.packages.get("a")).toEqual({ numpy: "2.4.6" }));
  expect(live.packages.get("b")).toEqual({});
  live.code.get(["a", "b"]);
  live.code.get(["b", "a"]);
  await vi.waitFor(() => expect(live.code.get(["a", "b"])?.note).toBe("as they differ"));
  expect(live.code.get(["b", "a"])?.note).toBe("the code of these two is not in this file");
});

test("it opens with the chosen runs compared, and time stands still in it", () => {
  vi.useFakeTimers({ now: 5_000_000 });
  const { live } = embeddedExperiment(state());
  live.on(life().signal, () => {});

  vi.advanceTimersByTime(60_000);

  expect(live.table.now()).toBe(1000);
  expect([...live.view.chosen]).toEqual(["a"]);
  expect(live.view.state.page).toBe("Compare");
  vi.useRealTimers();
});
