import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { chartOf } from "../../src/charts/chart.ts";
import { cell, csvOf } from "../../src/charts/export.ts";
import { boardOf, boardOfChart, PLAIN } from "../../src/charts/look.ts";
import { smooth } from "../../src/charts/smooth.ts";
import { number } from "../../src/format.ts";
import { chart } from "../../src/views/chart.ts";
import { charts } from "../../src/views/charts.ts";
import { columns, fakeChart, fakeRun, fakeRunWith, life } from "../fake_model.ts";

const mount = async () => {};
const RISING: [number[], number[]] = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
];

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(0, 0, 400, 200));
});

afterEach(() => {
  vi.runOnlyPendingTimers();
  vi.useRealTimers();
});

const frames = () => vi.advanceTimersByTime(100);

function panelOf(...names: string[]) {
  const fakes = names.map((name) => fakeChart({ [name]: RISING }, { name }));
  const model = fakeRun({ charts: fakes.map((fake) => fake.model) });
  const el = charts(model, mount, life().signal);
  frames();
  return { model, fakes, el, board: boardOf(model) };
}
const shown = (el: HTMLElement) =>
  [...el.querySelectorAll<HTMLElement>(".rw-slot:not([hidden]) h4")].map((h) => h.textContent);

test("a filter leaves the charts that it names", () => {
  const { el, board } = panelOf("train/loss", "val/loss", "lr", "train/acc");

  board.change({ filter: "/^train/" });

  expect(shown(el)).toEqual(["train/loss", "train/acc"]);
  board.change({ filter: "nothing" });
  expect(el.textContent).toContain("None of 4 charts has such a name");
});

test("an overlay draws the others' lines on the first one's chart, and lets them go again", () => {
  const { el, board } = panelOf("train/loss", "val/loss", "lr");

  board.change({ overlay: true });
  frames();

  expect(shown(el)).toEqual(["loss", "lr"]);
  expect(el.querySelectorAll(".rw-slot:not([hidden]) .rw-layer path.rw-line").length).toBe(1);
  board.change({ overlay: false });
  frames();
  expect(shown(el)).toEqual(["train/loss", "val/loss", "lr"]);
  expect(el.querySelectorAll(".rw-layer path.rw-line").length).toBe(0);
});

test("lines of one color that share a chart differ in their dashes", () => {
  const { fakes, board } = panelOf("train/loss", "val/loss");
  board.change({ overlay: true });

  const traces = chartOf((fakes[0] as (typeof fakes)[0]).model).traces;

  expect(traces.map(({ dash }) => dash)).toEqual(["solid", "dashed"]);
});

test("pinned charts are so in each run of their experiment, also when the page comes back", () => {
  const other = fakeRunWith({ experiment: "another" });
  boardOf(fakeRun()).pin("b");
  boardOf(fakeRun()).pin("a");
  boardOf(fakeRun()).widen("b");
  boardOf(fakeRun()).pin("b");

  expect(boardOf(fakeRun()).arranged).toEqual({ pinned: ["a"], wide: ["b"], folded: [] });
  expect(boardOf(other).arranged.pinned).toEqual([]);
});

test("what was kept of an experiment's charts is checked", () => {
  for (const kept of ["{", "7", '{"pinned": 7, "wide": ["a", 3]}']) {
    window.localStorage.setItem("run-widgets:charts:mnist", kept);

    expect(boardOf(fakeRun()).arranged.pinned).toEqual([]);
  }
});

test("a pinned chart comes first and a wide one takes the row", () => {
  const { el, board } = panelOf("a", "b");

  board.pin("b");
  board.widen("b");

  expect(shown(el)).toEqual(["b", "a"]);
  expect(el.querySelector(".rw-slot")?.hasAttribute("data-wide")).toBe(true);
});

test("how charts are looked at outlives the view, and what Python says to begin with is obeyed", () => {
  const model = fakeRun({
    charts: [fakeChart({ loss: RISING }).model],
    look: { ...PLAIN, smoothing: 0.6 },
  });
  const first = life();
  charts(model, mount, first.signal);
  expect(boardOf(model).settings.smoothing).toBe(0.6);
  boardOf(model).change({ y_scale: "log" });
  first.end();

  const again = charts(model, mount, life().signal);

  const selects = [...again.querySelectorAll("select")].map((select) => select.value);
  expect(selects.slice(0, 2)).toEqual(["step", "log"]);
});

test("pointing in one chart shows the values of all", () => {
  const { el } = panelOf("a", "b");
  const [plot] = el.querySelectorAll(".rw-plot");

  plot?.dispatchEvent(new MouseEvent("pointermove", { clientX: 395 }));
  frames();

  const values = [...el.querySelectorAll(".rw-readout b")].map((value) => value.textContent);
  expect(values).toEqual(["9", "9"]);
  plot?.dispatchEvent(new MouseEvent("pointerleave"));
  frames();
  expect(el.querySelectorAll(".rw-overlay:not([hidden])").length).toBe(0);
});

test("keys zoom in, move and come back", () => {
  const { model, x } = fakeChart({ loss: RISING });
  const el = chart(model, mount, life().signal);
  frames();
  const plot = el.querySelector(".rw-plot") as HTMLElement;
  const press = (key: string) => {
    plot.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
    frames();
    return [x.get("min"), x.get("max")];
  };

  expect(press("+")).toEqual([2.25, 6.75]);
  expect(press("PageDown")).toEqual([4.5, 9]);
  expect(press("-")).toEqual([2.25, 9]);
  expect(el.querySelector<HTMLElement>(".rw-back")?.hidden).toBe(false);
  expect(press("0")).toEqual([0, 9]);
  expect(el.querySelector<HTMLElement>(".rw-back")?.hidden).toBe(true);
});

test("the wheel scrolls the page and zooms with Ctrl only", () => {
  const { model, x } = fakeChart({ loss: RISING });
  const plot = chart(model, mount, life().signal).querySelector(".rw-plot") as HTMLElement;
  frames();
  const turn = (init: WheelEventInit) => {
    const event = new WheelEvent("wheel", { deltaY: -100, cancelable: true, ...init });
    plot.dispatchEvent(event);
    frames();
    return event.defaultPrevented;
  };

  expect(turn({})).toBe(false);
  expect([x.get("min"), x.get("max")]).toEqual([0, 9]);
  expect(turn({ ctrlKey: true })).toBe(true);
  expect((x.get("max") ?? 0) - (x.get("min") ?? 0)).toBeCloseTo(7.2);
});

test("what is said of a smoothed line is exact where not all of its points are drawn", () => {
  const y = Array.from({ length: 5000 }, (_, i) => Math.sin(i * i));
  const { model } = fakeChart({ loss: [y.map((_, i) => i), y] });
  const el = chart(model, mount, life().signal);
  boardOfChart(model).change({ smoothing: 0.9 });
  frames();

  boardOfChart(model).point(1234, chartOf(model));

  const said = [...el.querySelectorAll(".rw-readout :is(b, small)")].map(
    (each) => each.textContent,
  );
  expect(said).toEqual(
    [smooth(Float64Array.from(y), 0.9)[1234], y[1234]].map((value) => number(value ?? 0)),
  );
});

test("a legend puts lines away, and shows one alone", () => {
  const { model, marks } = fakeChart({ train: RISING, val: RISING });
  const el = chart(model, mount, life().signal);
  frames();
  const [train] = el.querySelectorAll<HTMLElement>(".rw-legend button");
  const drawn = () => {
    frames();
    return marks.map((mark) => mark.get("x").length);
  };

  train?.click();
  expect(drawn()).toEqual([0, 10]);
  train?.dispatchEvent(new MouseEvent("click", { altKey: true }));
  expect(drawn()).toEqual([10, 0]);
  train?.dispatchEvent(new MouseEvent("click", { altKey: true }));
  expect(drawn()).toEqual([10, 10]);
});

test("a zoom survives what comes", () => {
  const { model, x } = fakeChart({ loss: RISING });
  chart(model, mount, life().signal);
  frames();
  chartOf(model).look({ x: [2, 4] });

  model.set_state({ data: [columns([...RISING[0], 10, 11], [...RISING[1], 10, 11])] });
  frames();

  expect([x.get("min"), x.get("max")]).toEqual([2, 4]);
});

test("a file's texts are no formulas", () => {
  expect(["=1+1", "+a", 'say "hi", you'].map(cell)).toEqual(["'=1+1", "'+a", '"say ""hi"", you"']);
  const { model } = fakeChart({ "=loss": [[0], [1.5]] });
  expect(csvOf(chartOf(model).traces, "step", (trace) => trace.line)).toBe(
    "line,step,time,value\r\n'=loss,0,2023-11-14T22:13:20.000Z,1.5\r\n",
  );
});
