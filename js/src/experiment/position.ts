/** A column as an axis: where each run's value is on it. Pure. */

import { padded, tight } from "../charts/axis.ts";
import type { Shown } from "./columns.ts";
import { rangeOf } from "./plot.ts";
import { type Axis, logRange } from "./scale.ts";

/** Words on one axis, at the most; nobody reads more. */
const MOST_WORDS = 60;

/** So few values, each of several runs, are the ticks of their axis: those of a sweep's parameter. */
const FEW_VALUES = 6;

export type Positions = {
  axis: Axis;
  /** NaN where a run has no place on it. */
  at(row: number): number;
};

/** From this ratio on, a parameter's axis is logarithmic. */
const MANY_TIMES = 10;

const PARAMETERS = ["argument", "tag"];

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
  const only = few(values(column, rows));
  const form = column.form === "time" || column.form === "duration" ? column.form : "number";
  if (log && form !== "time") {
    const positive = logRange(values(column, rows));
    if (positive) return { axis: { range: positive, form, label, log, only }, at };
  }
  const whole = rows.every((row) => !(column.number(row) % 1));
  const room = exact ? around(tight(range)) : padded(range);
  return { axis: { range: room, form, label, whole, only: exact ? undefined : only }, at };
}

/** The values, rising, where they are few and shared. */
function few(values: Iterable<number>): number[] | undefined {
  const found = new Set<number>();
  let count = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    count += 1;
    found.add(value);
    if (found.size > FEW_VALUES) return undefined;
  }
  return 2 * found.size <= count ? [...found].sort((a, b) => a - b) : undefined;
}

function* values(column: Shown, rows: Uint32Array): Generator<number> {
  for (const row of rows) yield column.number(row);
}

/** Whether a column is a parameter that was tried over orders of magnitude. */
export function isOverDecades(column: Shown, rows: Uint32Array): boolean {
  return PARAMETERS.includes(column.key[0]) && isWide(column, rows, MANY_TIMES);
}

/** Whether the largest of a column's values is so many times the smallest, all above zero. */
export function isWide(column: Shown, rows: Uint32Array, times: number): boolean {
  const [min, max] = rangeOf(values(column, rows)) ?? [0, 0];
  return min > 0 && max >= times * min;
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

function compared(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function words(column: Shown, rows: Uint32Array): Positions {
  const every = new Map<string, number>();
  for (const row of rows) if (column.has(row)) every.set(column.text(row), column.number(row));
  // Numbers first, by their size.
  const rank = (value: number) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value);
  const ordered = [...every]
    .sort(([a, x], [b, y]) => compared(rank(x), rank(y)) || collator.compare(a, b))
    .map(([word]) => word)
    .slice(0, MOST_WORDS);
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
