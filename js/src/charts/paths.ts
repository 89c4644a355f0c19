/** Lines as SVG, as we draw them ourselves: behind a figure, and in files. */

import type { Frame } from "./figure.ts";
import type { Curve } from "./picture.ts";
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
export const STROKES: Record<string, string> = {
  dashed: "10,10",
  dotted: "2,10",
  dash_dotted: "10,5,2,5,2,5",
};

/** Where a place lies between an axis' ends. */
export function share(place: number, [min, max]: Range): number {
  return (place - min) / (max - min);
}

/** What an SVG path calls a curve, a gap where a point has no place. */
export function pathOf({ px, py }: Curve, frame: Frame): string {
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
