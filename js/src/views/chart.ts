import { type Chart, chartOf } from "../chart.ts";
import { h, list, set, whenNear, whenSized, whileNear, write } from "../dom.ts";
import { type Frame, frame } from "../figure.ts";
import { count, number } from "../format.ts";
import { type Model, type RunChartModel, watch } from "../model.ts";
import { readout } from "./readout.ts";

/** Shows a child widget in an element of ours. */
export type Mount = (child: Model<never>, into: HTMLElement) => Promise<void>;

/** One chart: its name, its newest value, a legend where it has several lines, and the plot. */
export function chart(model: Model<RunChartModel>, mount: Mount, life: AbortSignal): HTMLElement {
  const data = chartOf(model);
  const title = h("h4", { class: "rw-chart-name" });
  const note = h("span", { class: "rw-note" });
  const newest = h("span", { class: "rw-newest" });
  const legend = h("ul", { class: "rw-legend", "aria-label": "Lines" });
  const figure = h("div", { class: "rw-figure" });
  const empty = h("p", { class: "rw-empty" }, "No values yet");
  const plot = h(
    "div",
    // Arrow keys move the readout and must not reach the notebook, which they scroll.
    { class: "rw-plot", tabindex: 0, role: "group", "data-lm-suppress-shortcuts": "true" },
    figure,
    empty,
  );
  const el = h(
    "section",
    { class: "rw-chart" },
    h("header", {}, title, note, newest),
    legend,
    plot,
  );
  let shape: Frame | null = null;
  let near = false;
  // Kept: to measure while drawing would make the browser lay out the page for each chart.
  let size = { width: 0, height: 0 };
  const drawReadout = readout(plot, life, model, data, () => shape);

  const drawn = () => {
    if (data.figure && size.width > 0) {
      shape = frame(data.figure, data.lines, labels(model), size.width, size.height);
    }
    empty.hidden = data.total > 0;
    const [shown, total] = [data.drawn, data.total];
    write(note, shown < total ? `showing ${count(shown)} of ${count(total)}` : "");
    write(newest, newestValue(model, data));
    set(plot, "aria-label", description(model, data));
    drawReadout();
  };

  watch(model, ["name", "series"], life, () => {
    const series = model.get("series");
    write(title, model.get("name"));
    set(title, "title", model.get("name"));
    set(el, "aria-label", model.get("name"));
    legend.hidden = series.length < 2;
    list(
      legend,
      series,
      (_, index) => String(index),
      () => h("li", {}, h("i"), h("span")),
      (item, { name, color }, k) => {
        const swatch = item.children[0] as HTMLElement;
        swatch.style.color = color;
        set(swatch, "data-dash", data.figure?.get("marks")[k]?.get("line_style"));
        write(item.children[1] as Element, name);
      },
    );
  });
  const follow = () => {
    if (near && size.width > 0) data.show(Math.round(size.width), drawn);
    else data.hide(drawn);
  };

  drawn();
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
    try {
      if (data.figure) await mount(data.figure as Model<never>, figure);
    } catch (reason) {
      const words = `This chart cannot be drawn: ${reason}`;
      figure.replaceChildren(h("p", { class: "rw-empty" }, words));
    }
  });
  life.addEventListener("abort", () => data.hide(drawn), { once: true });
  return el;
}

/** What the axes are called; the title has said the metric's name already. */
function labels(model: Model<RunChartModel>): { x: string; y: string } {
  const y = model.get("y_label");
  return { x: model.get("x_label"), y: y === model.get("name") ? "" : y };
}

/** The last value of a metric alone in its chart; where lines share one, the readout tells. */
function newestValue(model: Model<RunChartModel>, data: Chart): string {
  const alone = model.get("kind") === "metric" && data.lines.length === 1;
  const line = alone ? data.lines[0] : undefined;
  const value = line?.y.at(-1);
  return value === undefined ? "" : number(value);
}

function description(model: Model<RunChartModel>, data: Chart): string {
  const over = model.get("x_label") ? ` over ${model.get("x_label")}` : "";
  const values = `${count(data.total)} ${data.total === 1 ? "value" : "values"}`;
  const newest = newestValue(model, data);
  return `${model.get("name")}${over}, ${values}${newest && `, the last is ${newest}`}`;
}
