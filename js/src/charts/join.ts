/** A line over another metric: the value which that had at each step. Pure. */

import { lowerBound, type Series } from "./series.ts";

/** How the steps of two lines meet. */
export type Joined = {
  /** For each point of the line the other metric's value; NaN where it has none yet. */
  values: Float64Array;
  /** Whether all are numbers, none below the one before it. */
  sorted: boolean;
  whole: boolean;
  /** Points that have no partner. */
  missing: number;
};

/** By step, which two metrics of one loop share; by time where one of them has no steps. */
export type Key = "x" | "at";

/**
 * Give each point of `line` the value that `other` had last, at the same step or before it.
 *
 * A metric that is logged once in a hundred steps so keeps its value for a hundred steps, and no
 * point gets a value that came after it.
 */
export function join(line: Series, other: Series, key: Key): Joined {
  const cached = known.get(line);
  const state = [other.total, other.length, line.length];
  if (cached?.other === other && cached.key === key && same(cached.state, state)) return cached;
  const { keys, values } = inOrder(other, key);
  const joined = Float64Array.from(line[key], (step) => {
    const place = lowerBound(keys, step, true) - 1;
    return values[place] ?? Number.NaN;
  });
  const missing = joined.reduce((sum, value) => sum + Number(Number.isNaN(value)), 0);
  const made = {
    values: joined,
    sorted: joined.every((value, i) => i === 0 || value >= (joined[i - 1] as number)),
    whole: joined.every((value) => Number.isNaN(value) || Number.isInteger(value)),
    missing,
    ...{ other, key, state },
  };
  made.sorted &&= missing === 0;
  known.set(line, made);
  return made;
}

type Cached = Joined & { other: Series; key: Key; state: number[] };

const known = new WeakMap<Series, Cached>();

function same(one: number[], other: number[]): boolean {
  return one.every((value, i) => value === other[i]);
}

/** The finite values of a line, in the order of its steps or times. */
function inOrder(line: Series, key: Key): { keys: Float64Array; values: Float64Array } {
  const [all, y] = [line[key], line.y];
  const isSorted = key === "x" ? line.sorted : line.sortedInTime;
  let places = [...all.keys()].filter((i) => Number.isFinite(y[i]) && Number.isFinite(all[i]));
  if (!isSorted) places = places.sort((a, b) => (all[a] as number) - (all[b] as number));
  return {
    keys: Float64Array.from(places, (i) => all[i] as number),
    values: Float64Array.from(places, (i) => y[i] as number),
  };
}
