import { afterEach, expect, test, vi } from "vitest";

import { LiveExperiment } from "../../src/experiment/live.ts";
import type { ExperimentModel } from "../../src/experiment/model.ts";
import { FakeModel, life } from "../fake_model.ts";
import { told } from "./told.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("what comes while a long drawing has kept the page busy is drawn together", () => {
  vi.useFakeTimers();
  const model = new FakeModel<ExperimentModel>({
    facts: { experiment: "e", id: "", workspace: "", portal_path: "", runs_path: "", query: "" },
    table: {},
    loading: true,
    include_children: false,
    problem: "",
  });
  const live = new LiveExperiment(model, vi.fn(), vi.fn());
  const drawn: number[] = [];
  live.on(life().signal, () => {
    drawn.push(live.table.size);
    vi.setSystemTime(Date.now() + 200);
    vi.advanceTimersByTime(200); // as if it had taken so long
  });
  const tell = (version: number) => {
    const { told: rows, buffers } = told([{ number: version }], {
      from: version - 1,
      version,
      first: version - 1,
    });
    model.trigger("msg:custom", { type: "rows", told: rows }, buffers);
  };

  tell(1);
  vi.advanceTimersByTime(20);
  for (const version of [2, 3, 4]) {
    tell(version);
    vi.advanceTimersByTime(100);
  }
  expect(drawn).toEqual([1]);
  vi.advanceTimersByTime(500);

  expect(drawn).toEqual([1, 4]);
});
