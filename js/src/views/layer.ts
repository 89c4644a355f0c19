import type { Frame } from "../charts/figure.ts";
import { pathOf, STROKES, svg } from "../charts/paths.ts";
import type { Curve, Picture } from "../charts/picture.ts";

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
    const opacityOf = ({ trace }: Curve) => (trace.behind ? 0.6 : 1);
    const drawn = [
      ...faint,
      ...others.map((curve) => ({ curve, opacity: opacityOf(curve), width: 1.5 })),
    ];
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
