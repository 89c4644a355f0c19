/** Runs that belong together: those with one value of a column, or alike in all but one parameter. Pure. */

import { choices, type Shown, shown } from "./columns.ts";
import type { RunTable } from "./table.ts";

/** Before the id of the column in which the runs of a group may differ: seeds, mostly. */
const BUT = "but ";

export type Grouping = { value: string; label: string; group: string };

/** What `rows` can be grouped by: some share a value, and not all have the same. */
export function groupings(table: RunTable, rows: Uint32Array): Grouping[] {
  const single = choices(table)
    .filter(({ group }) => group !== "Metrics" && group !== "Run")
    .flatMap(({ group, columns }) => columns.map(({ id, label }) => ({ value: id, label, group })))
    .filter(({ value }) => puts(table, rows, value));
  const but = parameters(table, rows).map((column) => ({
    value: `${BUT}${column.id}`,
    label: `all but ${column.label}`,
    group: "Alike in",
  }));
  return [...single, ...but.filter(({ value }) => puts(table, rows, value))];
}

/** Whether a grouping makes more than one group, and fewer than there are runs. */
function puts(table: RunTable, rows: Uint32Array, id: string): boolean {
  const nameOf = groupNames(table, rows, id);
  if (!nameOf) return false;
  const names = new Set(Array.from(rows, nameOf));
  return names.size > 1 && names.size < rows.length;
}

/** The name of each run's group; null where there is no such grouping. */
export function groupNames(
  table: RunTable,
  rows: Uint32Array,
  id: string,
): ((row: number) => string) | null {
  const name = (column: Shown, row: number) =>
    `${column.label} ${column.has(row) ? column.text(row) : "none"}`;
  if (!id.startsWith(BUT)) {
    const column = shown(table, id);
    return column && ((row) => name(column, row));
  }
  const free = id.slice(BUT.length);
  const all = parameters(table, rows);
  const others = all.filter((column) => column.id !== free);
  // Of one other parameter there is a grouping already.
  if (others.length < 2 || others.length === all.length) return null;
  return (row) => others.map((column) => name(column, row)).join(", ");
}

/** The parameters in which `rows` differ; where they have none, the tags. */
function parameters(table: RunTable, rows: Uint32Array): Shown[] {
  const differing = (group: string) =>
    [...table.columns.values()].flatMap(({ key }) => {
      const column = key[0] === group ? shown(table, JSON.stringify(key)) : null;
      if (!column) return [];
      // A run without it, such as the parent of a sweep, makes no difference.
      const values = new Set(Array.from(rows.filter(column.has), column.text));
      return values.size > 1 ? [column] : [];
    });
  const found = differing("argument");
  return found.length > 0 ? found : differing("tag");
}
