import { type Chart, chartOf } from "../chart.ts";
import { h, list, set, whenNear, whenSized, write } from "../dom.ts";
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
  const drawReadout = readout(plot, life, model, data, () => shape);

  const lay = (width: number, height: number) => {
    if (!data.figure) return;
    const name = model.get("name");
    const y_label = model.get("y_label");
    // The title says it already.
    const labels = { x: model.get("x_label"), y: y_label === name ? "" : y_label };
    shape = frame(data.figure, data.lines, labels, width, height);
  };
  const drawn = () => {
    const { width, height } = plot.getBoundingClientRect();
    if (width > 0 && height > 0) lay(width, height);
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
      (item, { name, color }) => {
        (item.children[0] as HTMLElement).style.background = color;
        write(item.children[1] as Element, name);
      },
    );
  });
  whenNear(plot, life, async () => {
    whenSized(plot, life, (width) => data.show(Math.round(width), life, drawn));
    drawn();
    if (!data.figure) return;
    try {
      await mount(data.figure as Model<never>, figure);
    } catch (reason) {
      figure.replaceChildren(
        h("p", { class: "rw-empty" }, `This chart cannot be drawn: ${reason}`),
      );
    }
  });
  return el;
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
