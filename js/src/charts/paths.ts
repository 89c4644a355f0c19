/** Lines as SVG, as we draw them ourselves: behind a figure, and in files. */

import type { Frame } from "./figure.ts";
import type { Curve, Trace } from "./picture.ts";
import type { Range } from "./series.ts";

const SVG = "http://www.w3.org/2000/svg";

/** Make an SVG element; what it is given is text, never markup. */
export function svg(
  tag: string,
  attributes: Record<string, string | number>,
  text = "",
): SVGElement {
  const el = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, String(value));
  if (text) el.textContent = text;
  return el;
}

/** As bqplot draws its lines. */
const STROKES: Record<string, string> = {
  dashed: "10,10",
  dotted: "2,10",
  dash_dotted: "10,5,2,5,2,5",
};

/** The dashes of a line, as SVG has them. */
export function dashes({ dash }: Trace): string {
  return STROKES[dash] ?? "none";
}

/** How a curve's line is drawn; values behind a smoothed line are faint. */
export function pen({ trace }: Curve, { isRaw = false } = {}): Record<string, string | number> {
  return {
    stroke: trace.color,
    "stroke-width": isRaw ? 1 : 1.5,
    "stroke-opacity": isRaw ? 0.36 : trace.behind ? 0.6 : 1,
    "stroke-dasharray": dashes(trace),
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  };
}

/** Where a place lies between an axis' ends. */
export function share(place: number, [min, max]: Range): number {
  return (place - min) / (max - min);
}

/** As wide as a point that stands alone. */
export const DOT = 5;

/** What an SVG path calls the points that no line leads to, which round ends make dots. */
export function dotsOf({ px, py, scattered }: Curve, frame: Frame): string {
  const isPoint = (i: number) => Number.isFinite(px[i]) && Number.isFinite(py[i]);
  const isSeen = (share: number) => share >= 0 && share <= 1;
  const parts: string[] = [];
  for (let i = 0; i < px.length; i++) {
    if (!isPoint(i) || !(scattered || !(isPoint(i - 1) || isPoint(i + 1)))) continue;
    const [across, up] = [share(px[i] as number, frame.x), share(py[i] as number, frame.y)];
    if (!isSeen(across) || !isSeen(up)) continue;
    const x = frame.left + frame.width * across;
    const y = frame.top + frame.height * (1 - up);
    parts.push(`M${x.toFixed(1)},${y.toFixed(1)}h0`);
  }
  return parts.join("");
}

/** What an SVG path calls the line of a curve, a gap where a point has no place. */
export function pathOf({ px, py, scattered }: Curve, frame: Frame): string {
  if (scattered) return "";
  const parts: string[] = [];
  let pen = "M";
  px.forEach((place, i) => {
    const x = frame.left + frame.width * share(place, frame.x);
    const y = frame.top + frame.height * (1 - share(py[i] as number, frame.y));
    if (Number.isFinite(x) && Number.isFinite(y)) {
      // A line far off the chart is not drawn the better for it, but some browsers stumble.
      const near = (value: number) => Math.max(-1e5, Math.min(1e5, value)).toFixed(1);
      parts.push(`${pen}${near(x)},${near(y)}`);
      pen = "L";
    } else pen = "M";
  });
  return parts.join("");
}
