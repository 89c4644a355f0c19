import type { Frame } from "../charts/figure.ts";
import { DOT, dotsOf, pathOf, pen, svg } from "../charts/paths.ts";
import type { Picture } from "../charts/picture.ts";

let made = 0;

/**
 * What lies behind a chart's own lines: the values behind smoothed ones, lines of other charts,
 * and points that no line leads to.
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
  const dots = svg("g", { fill: "none", "stroke-linecap": "round", "stroke-width": DOT });
  el.append(clip, lines, dots);
  plot.prepend(el);
  return (picture, frame) => {
    const others = picture.curves.filter(({ trace }) => trace.mark < 0);
    const drawn = [
      ...picture.raw.map((curve) => ({ curve, isRaw: true })),
      ...others.map((curve) => ({ curve, isRaw: false })),
    ];
    // The points of a scattered curve are the figure's.
    const lone = picture.curves
      .filter(({ scattered }) => !scattered)
      .map((curve) => ({ curve, d: dotsOf(curve, frame) }))
      .filter(({ d }) => d);
    dots.replaceChildren(
      ...lone.map(({ curve, d }) => svg("path", { d, stroke: curve.trace.color })),
    );
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
      ...drawn.map(({ curve, isRaw }) =>
        svg("path", { class: "rw-line", d: pathOf(curve, frame), ...pen(curve, { isRaw }) }),
      ),
    );
  };
}
