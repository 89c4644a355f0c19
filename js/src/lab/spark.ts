/** A curve as wide as a word. */

import { put, svg } from "../experiment/svg.ts";

export const WIDTH = 64;
export const HEIGHT = 18;

/** Room for the line's own width and the point at its end. */
const MARGIN = 2.5;

type Place = [x: number, y: number];

/** The curve's pieces between gaps, from left to right, in pixels; none where there is no value. Pure. */
export function pieces(values: readonly (number | null)[]): Place[][] {
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known);
  const height = Math.max(...known) - low;
  const step = (WIDTH - 2 * MARGIN) / Math.max(1, values.length - 1);
  const found: Place[][] = [];
  let isGap = true;
  for (const [place, value] of values.entries()) {
    if (value !== null) {
      // A line that stays as it is runs through the middle.
      const part = height > 0 ? (value - low) / height : 0.5;
      if (isGap) found.push([]);
      const x = MARGIN + place * step;
      found.at(-1)?.push([rounded(x), rounded(HEIGHT - MARGIN - part * (HEIGHT - 2 * MARGIN))]);
    }
    isGap = value === null;
  }
  return found;
}

/** The path of a curve; a lone value between gaps is a point. Pure. */
export function path(values: readonly (number | null)[]): string {
  return pieces(values)
    .map((piece) => `M${(piece.length > 1 ? piece : [...piece, ...piece]).map(String).join("L")}`)
    .join("");
}

const rounded = (value: number) => Math.round(10 * value) / 10;

/** An element that shows a curve; its end is marked, as that is where something may happen. */
export function sparkline(): { el: SVGElement; draw(values: readonly (number | null)[]): void } {
  const line = svg("path", { class: "rw-spark-line" });
  const end = svg("circle", { class: "rw-spark-end", r: 1.8 });
  const size = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT };
  const el = svg("svg", { class: "rw-spark", "aria-hidden": "true", ...size }, line, end);
  let drawn: readonly (number | null)[] | null = null;
  return {
    el,
    draw(values) {
      if (values === drawn) return;
      drawn = values;
      put(line, { d: path(values) || null });
      const [x, y] = values.at(-1) === null ? [null, null] : (pieces(values).at(-1)?.at(-1) ?? []);
      put(end, { cx: x, cy: y, visibility: typeof x === "number" ? null : "hidden" });
    },
  };
}
