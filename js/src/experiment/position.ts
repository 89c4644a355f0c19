/** A column as an axis: where each run's value is on it. Pure. */

import { padded, tight } from "../axis.ts";
import type { Shown } from "./columns.ts";
import { rangeOf } from "./plot.ts";
import { type Axis, logRange } from "./scale.ts";

/** Words on one axis, at the most; nobody reads more. */
const MOST_WORDS = 60;

export type Positions = {
  axis: Axis;
  /** NaN where a run has no place on it. */
  at(row: number): number;
};

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Numbers by their value, else words side by side in their order. */
export function positions(
  column: Shown,
  rows: Uint32Array,
  { log = false, exact = false }: { log?: boolean | undefined; exact?: boolean | undefined } = {},
): Positions {
  const label = column.label;
  const at = (row: number) => column.number(row);
  const range = rangeOf(values(column, rows));
  const isNumeric = range !== null && !hasWords(column, rows);
  if (!isNumeric) return words(column, rows);
  if (log) {
    const positive = logRange(values(column, rows));
    if (positive) return { axis: { range: positive, form: "number", label, log }, at };
  }
  const form = column.form === "time" || column.form === "duration" ? column.form : "number";
  const whole = rows.every((row) => !(column.number(row) % 1));
  const room = exact ? around(tight(range)) : padded(range);
  return { axis: { range: room, form, label, whole }, at };
}

function* values(column: Shown, rows: Uint32Array): Generator<number> {
  for (const row of rows) yield column.number(row);
}

/** Room for a dot at either end. */
function around([min, max]: [number, number]): [number, number] {
  const room = 0.02 * (max - min);
  return [min - room, max + room];
}

function hasWords(column: Shown, rows: Uint32Array): boolean {
  return rows.some(
    (row) => column.has(row) && Number.isNaN(column.number(row)) && column.text(row) !== "NaN",
  );
}

function words(column: Shown, rows: Uint32Array): Positions {
  const every = new Set<string>();
  for (const row of rows) if (column.has(row)) every.add(column.text(row));
  const ordered = [...every].sort(collator.compare).slice(0, MOST_WORDS);
  const places = new Map(ordered.map((word, place) => [word, place]));
  return {
    axis: {
      range: [-0.5, Math.max(0.5, ordered.length - 0.5)],
      form: "words",
      label: column.label,
      words: ordered,
    },
    at: (row) => (column.has(row) ? (places.get(column.text(row)) ?? Number.NaN) : Number.NaN),
  };
}
