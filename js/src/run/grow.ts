/** What a run's one message a tick does to its charts and tables. */

import { chartOf } from "../charts/chart.ts";
import { makeChart, renew } from "../charts/chart_list.ts";
import type { ChartState, Grow, Model, RunModel, Table, Whole } from "../model.ts";

/** Hand each chart what it got, make those that are new, and lengthen the tables. */
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
  if (message.tables.length > 0) {
    const longer = lengthened(model.get("tables"), message.tables);
    model.set_state({ tables: longer.tables });
    lost ||= longer.lost;
  }
  if (lost) model.trigger("lost");
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
