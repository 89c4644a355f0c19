import type { Chart } from "../charts/chart.ts";
import type { Frame } from "../charts/figure.ts";
import { share } from "../charts/paths.ts";
import type { Curve } from "../charts/picture.ts";
import { h, list, set, write } from "../dom.ts";
import { count, number } from "../format.ts";

/** Pixels of an edge that one mark stands for. */
const GRAIN = 6;

/** Pixels of what is written at a gap, "NaN at 12,345" or "∞ at 12,345". */
const LABEL = { width: 84, height: 14 };

type Span = [from: number, to: number];

/** What a line cannot show: where its first gaps are, and which points the axis leaves out. */
export function marks(plot: HTMLElement): (data: Chart, frame: Frame) => void {
  const gaps = h("div");
  const edges = h("div");
  const above = h("span", { class: "rw-outside", "data-side": "above" });
  const below = h("span", { class: "rw-outside", "data-side": "below" });
  plot.append(h("div", { class: "rw-marks" }, gaps, edges, above, below));

  return (data, frame) => {
    const { picture } = data;
    if (!picture) return;
    const left = (px: number) => frame.left + frame.width * share(px, frame.x);
    const inside = (px: number) => px >= frame.x[0] && px <= frame.x[1];
    // Of a table a missing cell is a gap as well, and nothing to be alarmed at.
    const first = data.model.get("kind") === "metric" ? picture.gaps : [];
    const written: Written[] = [];
    list(
      gaps,
      first.filter(({ px }) => inside(px)),
      ({ trace, value }) => `${trace.name} ${Number.isNaN(value)}`,
      () => h("span", { class: "rw-gap" }),
      (el, { trace, value, step, px }) => {
        write(el, `${number(value)} at ${number(step)}`);
        const what = Number.isNaN(value) ? "NaN" : "infinite";
        set(el, "title", `The first value of ${trace.name} that is ${what}`);
        const x = left(px);
        const toLeft = x > frame.left + frame.width - LABEL.width;
        set(el, "data-side", toLeft ? "left" : "right");
        const bottom = frame.top + frame.height - LABEL.height;
        const reach: Span = toLeft ? [x - LABEL.width, x] : [x, x + LABEL.width];
        // Below, where the axis tells the step; beyond those that are written there already.
        const isFree = (top: number) => !written.some((each) => overlap(each, { reach, top }));
        const rows = Math.floor(frame.height / LABEL.height);
        const tops = Array.from({ length: rows }, (_, i) => bottom - i * LABEL.height);
        const below = tops.find(isFree) ?? bottom;
        const above = tops.map((top) => frame.top + bottom - top).find(isFree) ?? frame.top;
        // Unless a line is there, and none above.
        const inTheWay = (top: number) =>
          crosses(picture.curves, frame, reach, [top, top + LABEL.height]);
        const top = inTheWay(below) && !inTheWay(above) ? above : below;
        written.push({ reach, top });
        el.style.left = `${x}px`;
        el.style.top = `${top}px`;
      },
    );
    const seen = picture.outside.filter(({ px }) => inside(px));
    const places = new Map(
      seen.map(({ px, above }) => {
        const place = Math.round(left(px) / GRAIN) * GRAIN;
        return [`${place} ${above}`, { place, above }];
      }),
    );
    list(
      edges,
      [...places],
      ([key]) => key,
      () => h("i", { class: "rw-edge" }),
      (el, [, { place, above }]) => {
        set(el, "data-side", above ? "above" : "below");
        el.style.left = `${place}px`;
        el.style.top = `${above ? frame.top : frame.top + frame.height}px`;
      },
    );
    const drawCount = (el: HTMLElement, isAbove: boolean) => {
      const n = seen.filter(({ above }) => above === isAbove).length;
      el.hidden = n === 0;
      write(el, `${count(n)} ${isAbove ? "above" : "below"}`);
      el.style.top = `${isAbove ? frame.top + 3 : frame.top + frame.height - 17}px`;
      el.style.left = `${frame.left + 5}px`;
    };
    drawCount(above, true);
    drawCount(below, false);
  };
}

type Written = { reach: Span; top: number };

/** Whether two words would be written over each other. */
function overlap(one: Written, other: Written): boolean {
  return (
    Math.abs(one.top - other.top) < LABEL.height &&
    one.reach[0] < other.reach[1] &&
    one.reach[1] > other.reach[0]
  );
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
