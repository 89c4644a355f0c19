/** What a run's one message a tick does to its metrics, charts and tables. */

import { chartOf } from "../charts/chart.ts";
import { makeChart, renew } from "../charts/chart_list.ts";
import type { ChartState, Grow, Metric, Model, RunModel, Table, Whole } from "../model.ts";

/** The buffers that lie in one, behind one another, each of its size in bytes. */
export function buffersIn(whole: DataView | undefined, sizes: number[]): DataView[] {
  if (!whole) return [];
  let at = whole.byteOffset;
  return sizes.map((size) => {
    at += size;
    return new DataView(whole.buffer, at - size, size);
  });
}

/** Hand each chart what it got, make those that are new, and lengthen metrics and tables. */
export function grow(model: Model<RunModel>, message: Grow, buffers: DataView[]): void {
  const charts = [...model.get("charts")];
  let [lost, isNew] = [false, false];
  for (const [key, news] of Object.entries(message.charts)) {
    const place = Number(key);
    const chart = charts[place];
    if (news.type === "append") {
      if (chart) chart.trigger("msg:custom", news, buffers);
      else lost = true;
    } else if (chart) {
      const state = stateIn(news, buffers);
      // The state that a reload brought may know more than a message that was under way.
      if (totalOf(state) > chartOf(chart).total) renew(chart, state);
    } else if (place === charts.length) {
      charts.push(makeChart(stateIn(news, buffers), managerOf(model)));
      isNew = true;
    } else {
      lost = true;
    }
  }
  if (isNew) model.set_state({ charts });
  if (Object.keys(message.metrics).length > 0) {
    const metrics = told(model.get("metrics"), message.metrics);
    lost ||= metrics.includes(undefined);
    model.set_state({ metrics: metrics.filter((metric) => metric !== undefined) });
  }
  if (message.tables.length > 0) {
    const longer = lengthened(model.get("tables"), message.tables);
    model.set_state({ tables: longer.tables });
    lost ||= longer.lost;
  }
  if (lost) model.trigger("lost");
}

/** `metrics` with their news; nothing in the places of which nothing is known. */
function told(metrics: Metric[], news: Grow["metrics"]): (Metric | undefined)[] {
  const next: (Metric | undefined)[] = [...metrics];
  for (const [key, metric] of Object.entries(news)) {
    const place = Number(key);
    while (next.length <= place) next.push(undefined);
    const known = next[place];
    next[place] = typeof metric === "string" ? known && { ...known, text: metric } : metric;
  }
  return next;
}

function stateIn({ type, data, ...state }: Whole, buffers: DataView[]): ChartState {
  const at = (place: number) => buffers[place] as DataView;
  return {
    ...state,
    data: data.map((each) => ({ x: at(each.x), y: at(each.y), at: at(each.at) })),
  };
}

function totalOf({ series }: ChartState): number {
  return series.reduce((sum, { total }) => sum + total, 0);
}

/** Who makes bqplot's models on this page; every widget's model knows it. */
function managerOf(model: Model<RunModel>): unknown {
  return (model as { widget_manager?: unknown }).widget_manager ?? null;
}

/** `tables` with new rows behind the first `from` of each; whether rows between were lost. */
export function lengthened(
  tables: Table[],
  news: Grow["tables"],
): { tables: Table[]; lost: boolean } {
  const known = new Map(tables.map((table) => [table.name, table]));
  let lost = false;
  for (const { from, rows, at, ...about } of news) {
    const before = known.get(about.name) ?? { rows: [], at: [] };
    lost ||= before.rows.length < from;
    known.set(about.name, {
      ...about,
      rows: [...before.rows.slice(0, from), ...rows],
      at: [...before.at.slice(0, from), ...at],
    });
  }
  return { tables: [...known.values()], lost };
}
