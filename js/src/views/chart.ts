import { type Chart, chartOf } from "../charts/chart.ts";
import { type Frame, frame, ownLabel } from "../charts/figure.ts";
import { turn } from "../charts/frames.ts";
import { split } from "../charts/names.ts";
import { h, set, whenNear, whenSized, whileNear, write } from "../dom.ts";
import { count, number } from "../format.ts";
import { type Model, type RunChartModel, watch } from "../model.ts";
import { actions } from "./actions.ts";
import { layer } from "./layer.ts";
import { legend } from "./legend.ts";
import { marks } from "./marks.ts";
import { navigate } from "./navigate.ts";
import { readout } from "./readout.ts";
import { twin } from "./twin.ts";

/** Shows a child widget in an element of ours, until `life` ends or that of the whole does. */
export type Mount = (child: Model<never>, into: HTMLElement, life?: AbortSignal) => Promise<void>;

/** One chart: its name, its newest value, a legend where it has several lines, and the plot. */
export function chart(model: Model<RunChartModel>, mount: Mount, life: AbortSignal): HTMLElement {
  const data = chartOf(model);
  const title = h("h4", { class: "rw-chart-name" }, h("bdi"));
  const note = h("span", { class: "rw-note" });
  const newest = h("span", { class: "rw-newest" });
  const back = h(
    "button",
    {
      type: "button",
      class: "rw-back",
      title: "Show all and follow what comes (double click, or 0)",
      onclick: () => data.look({ x: null, y: null }),
    },
    "show all",
  );
  const figure = h("div", { class: "rw-figure" });
  const empty = h("p", { class: "rw-empty" }, "No values yet");
  const plot = h(
    "div",
    // Arrow keys move the readout and must not reach the notebook, which they scroll.
    { class: "rw-plot", tabindex: 0, role: "group", "data-lm-suppress-shortcuts": "true" },
    figure,
    empty,
  );
  let shape: Frame | null = null;
  let near = false;
  // Kept: to measure while drawing would make the browser lay out the page for each chart.
  let size = { width: 0, height: 0 };
  const lines = legend(data);
  const table = twin(data, plot);
  const tools = actions(data, {
    shape: () => shape,
    name: () => nameOf(data),
    labels: () => labels(data),
    table,
  });
  const el = h(
    "section",
    { class: "rw-chart", "data-lm-suppress-shortcuts": "true" },
    h("header", {}, title, note, back, newest, tools.el),
    lines.el,
    h("div", { class: "rw-stage" }, plot, table.el),
  );
  const drawBehind = layer(plot);
  const drawMarks = marks(plot);
  navigate(plot, life, data, () => shape);
  const drawReadout = readout(plot, life, data, () => shape);

  const drawn = () => {
    const { picture } = data;
    if (data.figure && picture && size.width > 0) {
      shape = frame(data.figure, picture, labels(data), size.width, size.height);
      drawBehind(picture, shape);
      drawMarks(data, shape);
    }
    // Without a line its points are still on their way.
    empty.hidden = data.lines.length === 0 || data.shared.some(({ line }) => line.total > 0);
    back.hidden = !data.zoom.x && !data.zoom.y;
    const name = nameOf(data);
    write(title.firstElementChild as Element, name);
    set(title, "data-in-group", split(name)[0] !== "");
    set(
      title,
      "title",
      [data, ...data.companions].map((each) => each.model.get("name")).join(", "),
    );
    set(el, "aria-label", name);
    set(el, "data-pinned", data.board.arranged.pinned.includes(model.get("name")));
    write(note, noteOf(data));
    set(note, "title", note.textContent);
    write(newest, newestValue(data));
    set(plot, "aria-label", description(data));
    lines.draw();
    table.draw();
    tools.draw();
    drawReadout();
  };

  watch(model, ["name", "series"], life, drawn);
  const follow = () => {
    plot.dataset.near = String(near);
    if (near && size.width > 0) data.show(Math.round(size.width), drawn);
    else data.hide(drawn);
  };
  data.board.on("settings", life, (changed) => {
    if (changed.has("x") || changed.has("x_scale")) data.look({ x: null });
    if (changed.has("x") || changed.has("y_scale")) data.look({ y: null });
    data.redraw();
  });
  data.board.on("moment", life, () => data.redraw());

  whileNear(plot, life, (isNear) => {
    near = isNear;
    follow();
  });
  whenNear(plot, life, async () => {
    whenSized(plot, life, (width, height) => {
      size = { width, height };
      drawn(); // before the figure is there, which then need not be laid out twice
      follow();
    });
    let mounted = new AbortController();
    let shown: object | null = null;
    const show = async () => {
      try {
        if (data.needsFigure) await turn();
        if (life.aborted) return;
        if (data.needsFigure) await data.makeFigure();
        if (!data.figure || data.figure === shown || life.aborted) return;
        mounted.abort();
        mounted = new AbortController();
        shown = data.figure;
        drawn();
        await mount(data.figure as Model<never>, figure, AbortSignal.any([life, mounted.signal]));
      } catch (reason) {
        const words = `This chart cannot be drawn: ${reason}`;
        figure.replaceChildren(h("p", { class: "rw-empty" }, words));
      }
    };
    watch(model, ["figure", "series"], life, () => void show());
  });
  life.addEventListener("abort", () => data.hide(drawn), { once: true });
  return el;
}

/** Of a chart that several metrics share, what their names have in common. */
function nameOf(data: Chart): string {
  const name = data.model.get("name");
  return data.companions.length > 0 ? split(name)[1] : name;
}

/** What the axes are called; the title has said the metric's name already. */
function labels(data: Chart): { x: string; y: string } {
  const { model, board } = data;
  const names = {
    step: model.get("x_label"),
    relative: `${model.get("x_label") || "step"}, from the first`,
    elapsed: "elapsed",
    time: "",
  };
  const over = data.across?.chart ? data.across.name : null;
  const x = names[board.settings.x as keyof typeof names] ?? over ?? names.step;
  const y = model.get("y_label");
  const shared = data.companions.length > 0;
  return {
    x: (x === names.step && ownLabel(data.figure, true, x)) || x,
    y: ownLabel(data.figure, false, y) || (shared || y === model.get("name") ? "" : y),
  };
}

/** How much of what there is can be seen. */
function noteOf(data: Chart): string {
  const { picture, resolution } = data;
  if (!picture) return "";
  const { shown, total, unfit, unpaired } = picture;
  const parts: string[] = [];
  const visible = data.shared.filter(({ hidden }) => !hidden);
  const here = visible.reduce((sum, { line }) => sum + line.length, 0);
  if (!data.zoom.x) {
    if (shown < total) parts.push(`showing ${count(shown)} of ${count(total)}`);
  } else if (resolution === "files") {
    const { inside } = data;
    const all = visible.every(
      ({ detail, line }) => (detail ?? line).total <= (detail ?? line).length,
    );
    const about = inside === null ? "" : ` of about ${count(Math.max(inside, shown))}`;
    parts.push(all ? "every point" : `showing ${count(shown)}${about}`);
  } else if (resolution === "asking") {
    parts.push("reading the run's files …");
  } else if (resolution !== "whole") {
    const until = resolution === "waiting" ? " until the kernel is free" : "";
    parts.push(`from the ${count(here)} of ${count(total)} that are here${until}`);
  }
  if (unfit > 0) parts.push(`${count(unfit)} not above 0`);
  const { across } = data;
  if (across && !across.chart) parts.push(`over steps, as there is no ${across.name}`);
  else if (unpaired > 0) parts.push(`${count(unpaired)} before the first ${across?.name}`);
  return parts.join(" · ");
}

/** The last value of a metric alone in its chart; where lines share one, the readout tells. */
function newestValue(data: Chart): string {
  const alone = data.model.get("kind") === "metric" && data.shared.length === 1;
  const line = alone ? data.shared[0]?.line : undefined;
  const value = line?.y.at(-1);
  return value === undefined ? "" : number(value);
}

function description(data: Chart): string {
  const { x } = labels(data);
  const over = x ? ` over ${x}` : "";
  const total = data.shared.reduce((sum, { line }) => sum + line.total, 0);
  const values = `${count(total)} ${total === 1 ? "value" : "values"}`;
  const newest = newestValue(data);
  const zoomed = data.zoom.x || data.zoom.y ? ", zoomed" : "";
  return `${nameOf(data)}${over}, ${values}${newest && `, the last is ${newest}`}${zoomed}`;
}
