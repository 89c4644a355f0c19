import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { chartOf } from "../../src/charts/chart.ts";
import type { Model, RunChartModel } from "../../src/model.ts";
import { chart } from "../../src/views/chart.ts";
import { buffer, columns, fakeChart, life } from "../fake_model.ts";

const NAN = Number.NaN;
const mount = async () => {};

beforeEach(() => {
  vi.useFakeTimers();
  // jsdom lays nothing out; every element is as large as a chart is on screen.
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockReturnValue(new DOMRect(0, 0, 400, 200));
});

afterEach(() => {
  vi.runOnlyPendingTimers(); // no frame that was asked for is left to the next test
  vi.useRealTimers();
});

/** A chart as it is once its first frame was drawn. */
function show(model: Model<RunChartModel>, signal = life().signal): HTMLElement {
  const el = chart(model, mount, signal);
  vi.advanceTimersByTime(50);
  return el;
}

function grow(
  model: { trigger(event: string, ...args: unknown[]): void },
  from: number,
  ...points: number[][]
) {
  const buffers: DataView[] = [];
  const series = points.map((y, k) => {
    const x = y.map((_, i) => from + i);
    buffers.push(buffer(x), buffer(y), buffer(x));
    return { x: 3 * k, y: 3 * k + 1, at: 3 * k + 2, total: from + y.length };
  });
  model.trigger("msg:custom", { type: "append", from, series }, buffers);
  vi.advanceTimersByTime(50);
}

test("draws the whole, then what is appended", () => {
  const { model, marks } = fakeChart({
    loss: [
      [0, 1, 2],
      [3, 2, 1],
    ],
  });
  show(model);

  grow(model, 3, [0.5, 0.25]);

  expect([...(marks[0]?.get("x") ?? [])]).toEqual([0, 1, 2, 3, 4]);
  expect([...(marks[0]?.get("y") ?? [])]).toEqual([3, 2, 1, 0.5, 0.25]);
});

test("hears what is appended before anyone looks", () => {
  const { model, marks } = fakeChart({ loss: [[0], [3]] });
  chartOf(model);
  grow(model, 1, [2]);

  show(model);

  expect([...(marks[0]?.get("y") ?? [])]).toEqual([3, 2]);
});

test("a chart whose points are on their way is there without them", () => {
  const series = [{ name: "loss", color: "#0072b2", total: 0 }];
  const { model, marks } = fakeChart({ loss: [[], []] }, { series, data: [] });
  const el = show(model);
  const empty = el.querySelector<HTMLElement>(".rw-plot > .rw-empty");
  expect(el.querySelector("h4")?.textContent).toBe("loss");
  expect(empty?.hidden).toBe(true);

  grow(model, 0, [3, 2]);

  expect([...(marks[0]?.get("y") ?? [])]).toEqual([3, 2]);
  expect(empty?.hidden).toBe(true);
});

test("a message that the whole has already is left out", () => {
  const { model, marks } = fakeChart({
    loss: [
      [0, 1, 2],
      [3, 2, 1],
    ],
  });
  show(model);

  grow(model, 2, [1]);

  expect(marks[0]?.get("y").length).toBe(3);
});

test("a message of which the whole has a part is asked for", () => {
  const { model } = fakeChart({
    loss: [
      [0, 1, 2],
      [3, 2, 1],
    ],
  });
  show(model);
  const lost = vi.fn();
  model.on("lost", lost);

  grow(model, 2, [1]);
  expect(lost).not.toHaveBeenCalled();
  grow(model, 2, [1, 0.5]);

  expect(lost).toHaveBeenCalledOnce();
});

test("a message that was lost is asked for once, and what came is drawn meanwhile", () => {
  const { model, marks } = fakeChart({ loss: [[0], [3]] });
  show(model);
  const lost = vi.fn();
  model.on("lost", lost);

  grow(model, 5, [1]);
  grow(model, 6, [1]);
  expect(lost).toHaveBeenCalledOnce();
  expect(marks[0]?.get("y").length).toBe(3);

  model.set_state({ data: [columns([0, 1, 2, 3, 4, 5, 6], [7, 6, 5, 4, 3, 2, 1])] });
  vi.advanceTimersByTime(50);
  expect(marks[0]?.get("y").length).toBe(7);
});

test("a single value is drawn as a dot, the second makes a line of it", () => {
  const { model } = fakeChart({ loss: [[0], [3]] });
  const dots = () => shown.querySelectorAll(".rw-layer path[d*='h0']").length;
  const shown = show(model);
  expect(dots()).toBe(1);

  grow(model, 1, [2]);

  expect(dots()).toBe(0);
});

test("values between gaps are dots, which a line without length would hide", () => {
  const { model } = fakeChart({
    loss: [
      [0, 1, 2, 3, 4, 5],
      [1, NAN, 2, NAN, 3, 4],
    ],
  });

  const [dots] = show(model).querySelectorAll(".rw-layer path[d*='h0']");

  expect(dots?.getAttribute("d")?.match(/h0/g)).toHaveLength(2);
});

test.each([
  ["table", [3, 1, 2], "circle"],
  ["table", [3, 2, 1], null],
  ["metric", [3, 1, 2], null],
])("a %s over %j has markers: %s", (kind, x, marker) => {
  const { model, marks } = fakeChart({ loss: [x, [1, NAN, 3]] }, { kind });

  show(model);

  expect(marks[0]?.get("marker")).toBe(marker);
  // Only a line has gaps.
  expect(marks[0]?.get("x")).toHaveLength(marker ? 2 : 3);
});

test("what is not finite is a gap, and the axis comes from the others", () => {
  const y = [1, NAN, 2, Number.POSITIVE_INFINITY, 3, Number.NEGATIVE_INFINITY];
  const { model, marks, y: scale } = fakeChart({ loss: [[0, 1, 2, 3, 4, 5], y] });

  show(model);

  expect([...(marks[0]?.get("y") ?? [])]).toEqual([1, NAN, 2, NAN, 3]); // what ends it is left out
  expect(scale.get("min")).toBeCloseTo(0.88);
  expect(scale.get("max")).toBeCloseTo(3.12);
});

test("a constant line lies in the middle of its axis", () => {
  const { model, y } = fakeChart({
    loss: [
      [0, 1],
      [0.5, 0.5],
    ],
  });

  show(model);

  expect([y.get("min"), y.get("max")]).toEqual([0.45, 0.55]);
});

test("a chart without values says so, and begins when they come", () => {
  const { model, marks } = fakeChart({ loss: [[], []] });
  const el = show(model);
  expect(el.querySelector<HTMLElement>(".rw-empty")?.hidden).toBe(false);

  grow(model, 0, [1, 2]);

  expect(el.querySelector<HTMLElement>(".rw-empty")?.hidden).toBe(true);
  expect(marks[0]?.get("y").length).toBe(2);
});

test("says how much it shows of what there is", () => {
  const n = 20_000;
  const x = Array.from({ length: n }, (_, i) => i);
  const { model } = fakeChart({ loss: [x, x.map(Math.sin)] });

  const el = show(model);

  expect(el.querySelector(".rw-note")?.textContent).toMatch(/^showing [\d,]+ of 20,000$/);
});

test("an axis that was renamed in Python keeps its name, however often it is drawn", () => {
  const { model, axes } = fakeChart({
    loss: [
      [0, 1],
      [1, 2],
    ],
  });
  show(model);
  expect([axes.x.get("label"), axes.y.get("label")]).toEqual(["step", ""]);

  axes.x.set_state({ label: "epoch" });
  axes.y.set_state({ label: "nats" });
  grow(model, 0, [3]);
  grow(model, 0, [4]);

  expect([axes.x.get("label"), axes.y.get("label")]).toEqual(["epoch", "nats"]);
});

test("axes say what they are, in numbers that have room", () => {
  const { model, axes, figure } = fakeChart(
    {
      cos: [
        [0, 3, 6],
        [1, -1, 1],
      ],
    },
    { name: "Cosine Wave", x_label: "angle", y_label: "cos", kind: "table" },
  );

  show(model);

  expect(axes.x.get("label")).toBe("angle");
  expect(axes.y.get("label")).toBe("cos");
  expect(axes.y.get("tick_labels")).toEqual({
    "-1": "-1.0",
    "-0.5": "-0.5",
    "0": "0",
    "0.5": "0.5",
    "1": "1.0",
  });
  expect(figure.get("fig_margin").left).toBeLessThan(60);
});

test("limits and formats that somebody set from Python stay", () => {
  const { model, y, axes } = fakeChart({
    loss: [
      [0, 1],
      [1, 2],
    ],
  });
  y.set_state({ min: 0 });
  axes.y.set_state({ tick_format: ".1%" });

  show(model);
  grow(model, 2, [5]);

  expect(y.get("min")).toBe(0);
  expect(y.get("max")).toBeGreaterThan(5);
  expect(axes.y.get("tick_labels")).toBeNull();
});

test("a colour given in Python is the line's everywhere", () => {
  const { model, marks } = fakeChart({ train: [[0], [1]], val: [[0], [2]] });
  const el = show(model);

  marks[1]?.set_state({ colors: ["tomato"] });
  vi.advanceTimersByTime(50);

  const swatches = [...el.querySelectorAll<HTMLElement>(".rw-legend i")];
  expect(swatches.map((swatch) => swatch.style.color)).toEqual(["rgb(0, 114, 178)", "tomato"]);
  expect(el.querySelector(".rw-layer path[stroke=tomato]")).not.toBeNull();
});

test("a legend is there where several lines are", () => {
  const one = fakeChart({ loss: [[0], [1]] });
  const two = fakeChart({ train: [[0], [1]], "<b>val</b>": [[0], [2]] });

  const alone = show(one.model).querySelector<HTMLElement>(".rw-legend");
  const both = show(two.model).querySelector<HTMLElement>(".rw-legend");

  expect(alone?.hidden).toBe(true);
  expect(both?.hidden).toBe(false);
  expect([...(both?.children ?? [])].map((item) => item.textContent)).toEqual([
    "train",
    "<b>val</b>",
  ]);
});

test("a figure that cannot be made says so in its place", async () => {
  const { model } = fakeChart({ loss: [[0], [1]] });
  const fail = async () => {
    throw new Error("bqplot is not installed");
  };

  const el = chart(model, fail, life().signal);
  await vi.advanceTimersByTimeAsync(0);

  expect(el.querySelector(".rw-figure")?.textContent).toContain("bqplot is not installed");
});

test("pointing reads every line's nearest value", () => {
  const { model } = fakeChart({
    train: [
      [0, 1, 2],
      [3, 2, 1],
    ],
    val: [
      [0, 2],
      [4, 5],
    ],
  });
  const el = show(model);
  const plot = el.querySelector(".rw-plot") as HTMLElement;

  plot.dispatchEvent(new MouseEvent("pointermove", { clientX: 395 }));

  const overlay = el.querySelector<HTMLElement>(".rw-overlay");
  expect(overlay?.hidden).toBe(false);
  expect(el.querySelector(".rw-where")?.textContent).toBe("step 2");
  const values = [...el.querySelectorAll(".rw-readout li")].map((item) => item.textContent);
  expect(values).toEqual(["train1", "val5"]);
  plot.dispatchEvent(new MouseEvent("pointerleave"));
  expect(overlay?.hidden).toBe(true);
});

test("what a finger has pointed at stays when it is lifted, until it scrolls the page", () => {
  const el = show(
    fakeChart({
      loss: [
        [0, 1],
        [2, 1],
      ],
    }).model,
  );
  const overlay = el.querySelector<HTMLElement>(".rw-overlay");
  const finger = (type: string) => {
    const event = new MouseEvent(type, { clientX: 395 });
    el.querySelector(".rw-plot")?.dispatchEvent(Object.assign(event, { pointerType: "touch" }));
  };

  finger("pointerdown");
  finger("pointerleave");
  expect(overlay?.hidden).toBe(false);

  finger("pointercancel");
  expect(overlay?.hidden).toBe(true);
});

test("the arrow keys walk along a line", () => {
  const { model } = fakeChart({
    loss: [
      [0, 1, 2],
      [3, NAN, 1],
    ],
  });
  const el = show(model);
  const plot = el.querySelector(".rw-plot") as HTMLElement;
  const press = (key: string) => {
    plot.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
    return el.querySelector(".rw-readout")?.textContent;
  };

  expect(press("ArrowLeft")).toBe("step 21");
  expect(press("ArrowLeft")).toBe("step 1NaN");
  expect(press("Home")).toBe("step 03");
  press("Escape");
  expect(el.querySelector<HTMLElement>(".rw-overlay")?.hidden).toBe(true);
});

test("leaves nothing behind when its life ends", () => {
  const { model, marks } = fakeChart({ loss: [[0], [1]] });
  chartOf(model);
  const before = model.listeners;
  const { signal, end } = life();
  show(model, signal);

  end();

  expect(model.listeners).toBe(before);
  grow(model, 1, [2]);
  expect(marks[0]?.get("y").length).toBe(1); // nobody looks: no hurry
  vi.advanceTimersByTime(6000);
  expect(marks[0]?.get("y").length).toBe(2);
});
