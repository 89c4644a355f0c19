import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { chartOf } from "../../src/charts/chart.ts";
import { boardOf } from "../../src/charts/look.ts";
import type { RunModel } from "../../src/model.ts";
import { pastOf } from "../../src/run/past.ts";
import { panel } from "../../src/views/panel.ts";
import { playback } from "../../src/views/playback.ts";
import { FACTS, type FakeModel, fakeChart, fakeImage, fakeRun, life } from "../fake_model.ts";

const START = 1_700_000_000;
const mount = async () => {};

beforeEach(() => {
  vi.useFakeTimers();
  URL.createObjectURL = vi.fn(() => "blob:picture");
  URL.revokeObjectURL = vi.fn();
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(0, 0, 400, 200));
});

afterEach(() => {
  vi.runOnlyPendingTimers();
  vi.useRealTimers();
});

const document_ = (at: number) => ({ step: at - START, at, matrix: null, charts: [], problem: "" });

/** Ten values of loss, a second between them, and of everything else some. */
function run(): { model: FakeModel<RunModel>; marks: ReturnType<typeof fakeChart>["marks"] } {
  const steps = Array.from({ length: 10 }, (_, i) => i);
  const { model: chart, marks } = fakeChart({ loss: [steps, steps.map((i) => 10 - i)] });
  const model = fakeRun({
    facts: {
      ...FACTS,
      status: "Failed",
      created_at: START,
      started_at: START,
      ended_at: START + 9,
      elapsed_s: 9,
      error: { message: "out of memory", code: "", type: "", traceback: "" },
      points: 14,
      file_count: 2,
    },
    metrics: [
      { name: "loss", kind: "vector", text: "Vector[10]", at: START },
      { name: "score", kind: "scalar", text: "0.9", at: START + 8 },
    ],
    charts: [chart],
    tables: [{ name: "t", columns: ["a"], rows: [[0], [1]], at: [START + 2, START + 6], total: 2 }],
    documents: [
      { name: "c", kind: "residuals", total: 2, drawn: [1, 5].map((s) => document_(START + s)) },
    ],
    images: [fakeImage({ at: START + 3 }), fakeImage({ at: START + 7 })],
    files: [
      { path: "logs/a.txt", bytes: 1, modified_at: START + 4 },
      { path: "outputs/b.txt", bytes: 1, modified_at: START + 9 },
    ],
    children: [
      {
        ...{ run_id: "c", number: 1, name: "", status: "Completed", error: "", labels: {} },
        ...{ started_at: START + 2, elapsed_s: 4, metrics: { loss: 1 } },
      },
    ],
  });
  return { model, marks };
}

test("everything that has a time is as it was", () => {
  const { model } = run();
  const past = pastOf(model);
  expect(past.span).toEqual([START, START + 9]);

  boardOf(model).go(START + 5);

  expect(past.get("facts")).toMatchObject({
    ...{ status: "Running", error: null, ended_at: null, elapsed_s: 5 },
    // Six of loss, one row, two documents, one picture.
    ...{ points: 10, last_value_at: START + 5, file_count: 1, child_count: 1 },
  });
  expect(past.get("metrics").map(({ text }) => text)).toEqual(["Vector[6]"]);
  expect(past.get("tables")).toMatchObject([{ rows: [[0]], total: 1 }]);
  expect(past.get("documents")[0]?.drawn.length).toBe(2);
  expect(past.get("images").length).toBe(1);
  expect(past.get("files").map(({ path }) => path)).toEqual(["logs/a.txt"]);
  expect(past.get("children")).toMatchObject([{ status: "Running", elapsed_s: 3, metrics: {} }]);

  boardOf(model).go(null);
  expect(past.get("facts")).toBe(model.get("facts"));
  expect(past.get("metrics")).toBe(model.get("metrics"));
});

test("at its end a run is as it ended", () => {
  const { model } = run();

  boardOf(model).go(START + 9);

  const { status, error, points, elapsed_s } = pastOf(model).get("facts");
  expect([status, error?.message, points, elapsed_s]).toEqual(["Failed", "out of memory", 17, 9]);
});

test("a verdict on the whole run is given at its end only", () => {
  const { model } = run();
  const about = { run_id: "o", title: "run 1", headline: "", note: "", metrics: [] };
  model.set_state({ original: { ...about, outcome: "different" } });

  boardOf(model).go(START + 5);
  expect(pastOf(model).get("original")).toBeNull();

  boardOf(model).go(START + 9);
  expect(pastOf(model).get("original")?.outcome).toBe("different");
});

test("a chart is drawn up to the moment, on axes with room for all that follows", () => {
  const { model, marks } = run();
  const el = panel(model, mount, life().signal);
  vi.advanceTimersByTime(50);
  const chart = chartOf(model.get("charts")[0] as never);
  const whole = chart.picture;

  boardOf(model).go(START + 3.5);
  vi.advanceTimersByTime(50);

  expect([...(marks[0]?.get("x") ?? [])]).toEqual([0, 1, 2, 3]);
  expect(chart.picture?.x.range).toEqual(whole?.x.range);
  expect(chart.picture?.y.range).toEqual(whole?.y.range);
  expect(el.querySelector(".rw-newest")?.textContent).toBe("7");
  expect(el.querySelector(".rw-status")?.textContent).toBe("Running");

  boardOf(model).go(null);
  vi.advanceTimersByTime(50);
  expect(marks[0]?.get("x").length).toBe(10);
  expect(el.querySelector(".rw-status")?.textContent).toBe("Failed");
});

test("the bar leads through the run by keys, plays it, and leaves", () => {
  const { model } = run();
  const el = panel(model, mount, life().signal);
  document.body.append(el);
  const board = boardOf(model);
  const button = el.querySelector(".rw-playback-open") as HTMLButtonElement;
  const bar = el.querySelector(".rw-playback") as HTMLElement;
  const slider = bar.querySelector("input") as HTMLInputElement;
  const press = (key: string) =>
    slider.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  expect(bar.hidden).toBe(true);

  button.click();
  expect([bar.hidden, board.moment, document.activeElement]).toEqual([false, START + 9, slider]);

  press("PageDown");
  expect(board.moment).toBeCloseTo(START + 8.1);
  slider.value = "0.5"; // as the pointer sets it
  slider.dispatchEvent(new Event("input"));
  expect([board.moment, slider.valueAsNumber]).toEqual([START + 4.5, 0.5]);
  press("Home");
  expect(slider.getAttribute("aria-valuetext")).toContain("0 s of 9 s");

  press(" ");
  vi.advanceTimersByTime(10_000); // a third of the thirty seconds that all of it takes
  expect(board.moment).toBeGreaterThan(START + 2.8);
  expect(board.moment).toBeLessThan(START + 3.2);
  press(" ");
  const here = board.moment;
  vi.advanceTimersByTime(5000);
  expect(board.moment).toBe(here);

  press("Escape");
  expect([bar.hidden, board.moment]).toEqual([true, null]);
  expect(document.activeElement).toBe(button);
});

test("a run that has logged nothing has nothing to go back to", () => {
  const el = panel(fakeRun(), mount, life().signal);

  expect(el.querySelector<HTMLElement>(".rw-playback-open")?.hidden).toBe(true);
});

test("a second view of the run goes back with the first, and says the same of it", () => {
  const past = pastOf(run().model);
  const { signal } = life();
  const [first, second] = [playback(past, signal), playback(past, signal)];

  first.button.click();
  first.bar
    .querySelector("input")
    ?.dispatchEvent(new KeyboardEvent("keydown", { key: "Home", bubbles: true }));

  for (const { bar } of [first, second]) {
    expect(bar.hidden).toBe(false);
    expect(bar.querySelector("b")?.textContent).toBe("0 s of 9 s");
    expect(bar.querySelector("input")?.valueAsNumber).toBe(0);
    expect(bar.querySelector("path")?.getAttribute("d")).not.toBe("");
  }
});
