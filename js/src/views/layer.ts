import type { Frame } from "../figure.ts";
import type { Curve, Picture } from "../picture.ts";
import type { Range } from "../series.ts";

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

let made = 0;

/**
 * What lies behind a chart's own lines: the values behind smoothed ones, and lines of other charts.
 *
 * Drawn by us, as the figure is the kernel's, or may be, and has marks for its own lines only.
 */
export function layer(plot: HTMLElement): (picture: Picture, frame: Frame) => void {
  const id = `rw-clip-${++made}`;
  const box = svg("rect", {});
  const clip = svg("clipPath", { id });
  clip.append(box);
  const lines = svg("g", { "clip-path": `url(#${id})`, fill: "none" });
  const el = svg("svg", { class: "rw-layer", "aria-hidden": "true" });
  el.append(clip, lines);
  plot.prepend(el);
  return (picture, frame) => {
    const faint = picture.raw.map((curve) => ({ curve, opacity: 0.36, width: 1 }));
    const others = picture.curves.filter(({ trace }) => trace.mark < 0);
    const drawn = [...faint, ...others.map((curve) => ({ curve, opacity: 1, width: 1.5 }))];
    if (drawn.length === 0 && !lines.firstChild) return;
    for (const [name, value] of Object.entries({
      x: frame.left,
      y: frame.top,
      width: frame.width,
      height: frame.height,
    })) {
      box.setAttribute(name, String(value));
    }
    lines.replaceChildren(
      ...drawn.map(({ curve, opacity, width }) =>
        svg("path", {
          class: "rw-line",
          d: pathOf(curve, frame),
          stroke: curve.trace.color,
          "stroke-width": width,
          "stroke-opacity": opacity,
          "stroke-dasharray": STROKES[curve.trace.dash] ?? "none",
          "stroke-linecap": "round",
          "stroke-linejoin": "round",
        }),
      ),
    );
  };
}
