/** The runs below a run as a table: what differs between them, and what they measured. Pure. */

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
