/** What a run's one message a tick does to its charts and tables. */

import type { Grow, Model, RunModel, Table } from "./model.ts";

/** Hand each chart what it got, as if the chart had got the message, and lengthen the tables. */
export function grow(model: Model<RunModel>, message: Grow, buffers: DataView[]): void {
  const charts = model.get("charts");
  for (const [place, append] of Object.entries(message.charts)) {
    charts[Number(place)]?.trigger("msg:custom", append, buffers);
  }
  if (message.tables.length === 0) return;
  const { tables, lost } = lengthened(model.get("tables"), message.tables);
  model.set_state({ tables });
  if (lost) model.trigger("lost");
}

/** `tables` with new rows behind the first `from` of each; whether rows between were lost. */
export function lengthened(
  tables: Table[],
  news: Grow["tables"],
): { tables: Table[]; lost: boolean } {
  const known = new Map(tables.map((table) => [table.name, table]));
  let lost = false;
  for (const { from, rows, ...about } of news) {
    const before = known.get(about.name)?.rows ?? [];
    lost ||= before.length < from;
    known.set(about.name, { ...about, rows: [...before.slice(0, from), ...rows] });
  }
  return { tables: [...known.values()], lost };
}
