/** The runs below a run as a table: what differs between them, and what they measured. Pure. */

import type { Key } from "./experiment/model.ts";
import { Column, keyText, NUMBER, type RunTable } from "./experiment/table.ts";
import type { Cell, Child } from "./model.ts";

/** Columns that every table of children has. */
export const FIXED = ["Run", "Name", "Status", "Duration"] as const;

export type ChildTable = { columns: string[]; rows: Cell[][] };

/**
 * A row for each child; a column for each label that is not the same in all, and for each metric.
 *
 * @param elapsed_s how long a child has taken until now
 */
export function tableOf(
  children: readonly Child[],
  elapsed_s: (child: Child) => number | null,
): ChildTable {
  const labels = differing(children);
  const metrics = [...new Set(children.flatMap(({ metrics }) => Object.keys(metrics)))];
  const named = children.some(({ name }) => name);
  const fixed = FIXED.filter((column) => column !== "Name" || named);
  const rows = children.map((child) => [
    child.number,
    ...(named ? [child.name] : []),
    child.status,
    elapsed_s(child),
    ...labels.map((label) => numberIn(child.labels[label])),
    ...metrics.map((metric) => child.metrics[metric] ?? null),
  ]);
  return { columns: [...fixed, ...labels, ...metrics], rows };
}

/** Bring a table of runs, as the views of an experiment take it, up to date with `children`. */
export function fillRunTable(table: RunTable, children: readonly Child[]): void {
  const ids = children.map(({ run_id }) => run_id).filter((id) => table.rowOf(id) === undefined);
  table.take(
    {
      ...{ from: 0, version: 0, gone: [], columns: [], goals: {}, left_out: 0 },
      ...{ ids, ids_from: table.ids.length, now: Date.now() / 1000 },
    },
    [],
  );
  for (const child of children) {
    const row = table.rowOf(child.run_id) as number;
    const put = (key: Key, value: Cell | undefined) => setCell(table, key, row, value);
    put(["run", "number", ""], child.number);
    put(["run", "name", ""], child.name || null);
    for (const [name, text] of Object.entries(child.labels)) put(["argument", name, ""], text);
    for (const [name, value] of Object.entries(child.metrics)) put(["metric", name, "last"], value);
  }
}

function setCell(table: RunTable, key: Key, row: number, value: Cell | undefined): void {
  if (value === null || value === undefined) return;
  const name = keyText(key);
  const column = table.columns.get(name) ?? new Column(key);
  table.columns.set(name, column);
  if (typeof value === "number") {
    column.set(row, value, NUMBER);
    return;
  }
  const word = String(value);
  const known = column.words.indexOf(word);
  column.set(row, Number.NaN, known >= 0 ? known : column.words.push(word) - 1);
}

/** Whether there is something that children can be compared by. */
export function areComparable(children: readonly Child[]): boolean {
  return children.length > 1 && differing(children).length > 0;
}

/** Labels of which not every child has the same; all, where there is one child only. */
function differing(children: readonly Child[]): string[] {
  const all = [...new Set(children.flatMap(({ labels }) => Object.keys(labels)))];
  if (children.length < 2) return all;
  return all.filter((label) => new Set(children.map(({ labels }) => labels[label])).size > 1);
}

/** A label's number where it is one, so that 10 comes after 9. */
function numberIn(text: string | undefined): Cell {
  if (text === undefined) return null;
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}
