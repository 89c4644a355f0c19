/** What part of a chart is seen: all of it, which follows what comes, or a part that stays. Pure. */

import type { Range } from "./series.ts";

/** How little of the whole can be looked at: more, and numbers run out of digits. */
const SMALLEST_SHARE = 1e-9;

/** One axis' part; null is the whole, whatever that comes to be. */
export type Part = Range | null;

/** `part`, or null where it holds the whole: who has zoomed out again follows again. */
export function settled(part: Range, whole: Range): Part {
  const [low, high] = part[0] <= part[1] ? part : [part[1], part[0]];
  if (!(high > low) || (low <= whole[0] && high >= whole[1])) return null;
  const least = (whole[1] - whole[0]) * SMALLEST_SHARE;
  if (high - low >= least) return [low, high];
  const middle = (low + high) / 2;
  return [middle - least / 2, middle + least / 2];
}

/** `seen` made `factor` times as wide around `anchor`, which stays where it is. */
export function scaled(seen: Range, factor: number, anchor: number, whole: Range): Part {
  const part: Range = [anchor - (anchor - seen[0]) * factor, anchor + (seen[1] - anchor) * factor];
  if (factor <= 1) return settled(part, whole);
  // Out again: not beyond the data on one side while there is more on the other.
  return settled([Math.max(part[0], whole[0]), Math.min(part[1], whole[1])], whole);
}

/** `seen` moved by `distance`, but not off the data. */
export function moved(seen: Range, distance: number, whole: Range): Range {
  const [toStart, toEnd] = [whole[0] - seen[0], whole[1] - seen[1]];
  const far = Math.max(Math.min(distance, Math.max(toEnd, 0)), Math.min(toStart, 0));
  return [seen[0] + far, seen[1] + far];
}

/** What part somebody marks by drawing from one place to another, along x or around a box. */
export function marked(
  from: { x: number; y: number },
  to: { x: number; y: number },
  size: { width: number; height: number },
): { x: Range | null; y: Range | null } {
  const across = (a: number, b: number): Range => [Math.min(a, b), Math.max(a, b)];
  const [x, y] = [across(from.x, to.x), across(from.y, to.y)];
  const [wide, high] = [(x[1] - x[0]) / size.width, (y[1] - y[0]) / size.height];
  // A stroke along one axis means that axis; one across the chart means both.
  return { x: wide > 0.02 ? x : null, y: high > 0.25 || wide <= 0.02 ? y : null };
}
