/** A run's charts: made of what the kernel's state says of them, kept while more is said. */

import type { ChartState, FigureModel, Model, RunChartModel } from "../model.ts";
import { PlainModel } from "../plain_model.ts";
import { chartOf } from "./chart.ts";

/** Make a chart, which hears what is appended from now on, seen or not. */
export function makeChart(state: ChartState, manager: unknown): Model<RunChartModel> {
  const model = new PlainModel<RunChartModel>({ ...state, figure: null }, manager);
  chartOf(model);
  return model;
}

/** `next` with the charts of `now` in place of those of the same names, brought up to date. */
export function merged(
  now: Model<RunChartModel>[],
  next: Model<RunChartModel>[],
): Model<RunChartModel>[] {
  const known = new Map(now.map((chart) => [chart.get("name"), chart]));
  return next.map((chart) => {
    const kept = known.get(chart.get("name"));
    if (!kept || kept === chart) return chart;
    renew(kept, stateOf(chart));
    return kept;
  });
}

/** Give a chart the whole anew. */
export function renew(chart: Model<RunChartModel>, state: ChartState): void {
  const { series, x_label, y_label, data } = state;
  chart.set_state({ series, x_label, y_label, data });
}

/** What a chart was told last as the whole. */
export function stateOf(chart: Model<RunChartModel>): ChartState {
  const [name, kind] = [chart.get("name"), chart.get("kind")];
  const [x_label, y_label] = [chart.get("x_label"), chart.get("y_label")];
  return { name, kind, x_label, y_label, series: chart.get("series"), data: chart.get("data") };
}

/** What a chart holds by now, as a page that is saved can have it. */
export function savedStateOf(chart: Model<RunChartModel>): ChartState {
  const { lines } = chartOf(chart);
  const view = (numbers: Float64Array) =>
    new DataView(numbers.buffer.slice(numbers.byteOffset, numbers.byteOffset + numbers.byteLength));
  return {
    ...stateOf(chart),
    series: chart.get("series").map((each, k) => ({ ...each, total: lines[k]?.total ?? 0 })),
    data: lines.map(({ x, y, at }) => ({ x: view(x), y: view(y), at: view(at) })),
  };
}

/** Give charts the figures that somebody has taken in Python. */
export function hangFigures(
  charts: Model<RunChartModel>[],
  figures: { place: number; figure: Model<FigureModel> }[],
): void {
  for (const { place, figure } of figures) {
    const chart = charts[place];
    if (chart && chart.get("figure") !== figure) chart.set_state({ figure });
  }
}
