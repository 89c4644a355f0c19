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

/** What the groups of one column can be parted by further. */
export function furtherGroupings(table: RunTable, rows: Uint32Array, id: string): Grouping[] {
  if (id.startsWith(BUT)) return [];
  const before = sizeOf(table, rows, id);
  return groupings(table, rows).filter(({ value }) => {
    if (value === id || value.startsWith(BUT)) return false;
    const parted = sizeOf(table, rows, id, value);
    return parted > before && parted < rows.length;
  });
}

/** Whether a grouping makes more than one group, and fewer than there are runs. */
function puts(table: RunTable, rows: Uint32Array, id: string): boolean {
  const size = sizeOf(table, rows, id);
  return size > 1 && size < rows.length;
}

/** How many groups a grouping makes. */
function sizeOf(table: RunTable, rows: Uint32Array, id: string, further?: string): number {
  const nameOf = groupNames(table, rows, id, further);
  return nameOf ? new Set(Array.from(rows, nameOf)).size : 0;
}

/** The name of each run's group, parted by a second column or not; null where there is no such grouping. */
export function groupNames(
  table: RunTable,
  rows: Uint32Array,
  id: string,
  further: string | null = null,
): ((row: number) => string) | null {
  const second = further === null ? null : groupNames(table, rows, further);
  if (second) {
    const first = groupNames(table, rows, id);
    return first && ((row) => `${first(row)}, ${second(row)}`);
  }
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
