/** The table of runs as a file that spreadsheets and pandas read. Pure. */

import { cell } from "../charts/export.ts";
import { iso } from "../format.ts";
import { RUN_ID, type Shown, shown } from "./columns.ts";
import type { RunTable } from "./table.ts";

/** `columns` of `rows`, in their order, with all digits; and each run's id, by which Python finds it. */
export function csvOf(table: RunTable, rows: Uint32Array, columns: string[]): string {
  const ids = columns.includes(RUN_ID) ? columns : [...columns, RUN_ID];
  const views = ids.flatMap((id) => shown(table, id) ?? []);
  const head = views.map(({ label, form }) => cell(form === "duration" ? `${label} (s)` : label));
  const lines = Array.from(rows, (row) => views.map((view) => value(view, row)).join(","));
  return [head.join(","), ...lines, ""].join("\r\n");
}

function value(view: Shown, row: number): string {
  if (!view.has(row)) return "";
  const number = view.number(row);
  if (Number.isNaN(number)) return cell(view.text(row));
  return view.form === "time" ? iso(number) : String(number);
}
