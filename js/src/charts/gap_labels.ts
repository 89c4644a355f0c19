/** Where what is written at a line's first gaps has room. Pure. */

import { number } from "../format.ts";
import type { Frame } from "./figure.ts";
import { share } from "./paths.ts";
import type { Curve, Picture, Trace } from "./picture.ts";

/** Pixels of what is written, "NaN at 12,345" or "∞ at 12,345". */
const LABEL = { width: 84, height: 14 };

/** What is written at a gap: beside `x`, on one of its sides, below `top`; in pixels. */
export type GapLabel = {
  trace: Trace;
  value: number;
  text: string;
  x: number;
  top: number;
  side: "left" | "right";
};

type Span = [from: number, to: number];

/** Labels at the gaps that are seen; none is written over another, nor over a line without need. */
export function gapLabels({ gaps, curves }: Picture, frame: Frame): GapLabel[] {
  const written: { reach: Span; top: number }[] = [];
  const seen = gaps.filter(({ px }) => px >= frame.x[0] && px <= frame.x[1]);
  return seen.map(({ trace, value, step, px }) => {
    const x = frame.left + frame.width * share(px, frame.x);
    const side = x > frame.left + frame.width - LABEL.width ? "left" : "right";
    const reach: Span = side === "left" ? [x - LABEL.width, x] : [x, x + LABEL.width];
    // Below, where the axis tells the step; beyond those that are written there already.
    const isFree = (top: number) =>
      !written.some(
        (each) =>
          Math.abs(each.top - top) < LABEL.height &&
          each.reach[0] < reach[1] &&
          each.reach[1] > reach[0],
      );
    const bottom = frame.top + frame.height - LABEL.height;
    const rows = Math.floor(frame.height / LABEL.height);
    const tops = Array.from({ length: rows }, (_, i) => bottom - i * LABEL.height);
    const below = tops.find(isFree) ?? bottom;
    const above = tops.map((top) => frame.top + bottom - top).find(isFree) ?? frame.top;
    // Unless a line is there, and none above.
    const inTheWay = (top: number) => crosses(curves, frame, reach, [top, top + LABEL.height]);
    const top = inTheWay(below) && !inTheWay(above) ? above : below;
    written.push({ reach, top });
    const text = `${number(value)} at ${number(step)}`;
    return { trace, value, text, x, top, side };
  });
}

/** Whether a line goes through a box of pixels, by the boxes that its pieces fill. */
function crosses(curves: Curve[], frame: Frame, [left, right]: Span, [top, bottom]: Span): boolean {
  return curves.some(({ px, py }) => {
    let [x, y] = [Number.NaN, Number.NaN];
    return px.some((place, i) => {
      const [lastX, lastY] = [x, y];
      x = frame.left + frame.width * share(place, frame.x);
      y = frame.top + frame.height * (1 - share(py[i] as number, frame.y));
      if (!Number.isFinite(y)) return false;
      const [fromX, fromY] = Number.isFinite(lastY) ? [lastX, lastY] : [x, y];
      return (
        Math.max(fromX, x) >= left &&
        Math.min(fromX, x) <= right &&
        Math.max(fromY, y) >= top &&
        Math.min(fromY, y) <= bottom
      );
    });
  });
}
