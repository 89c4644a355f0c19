import type { Chart } from "../charts/chart.ts";
import type { Frame } from "../charts/figure.ts";
import { gapLabels } from "../charts/gap_labels.ts";
import { share } from "../charts/paths.ts";
import { h, list, set, write } from "../dom.ts";
import { count } from "../format.ts";

/** Pixels of an edge that one mark stands for. */
const GRAIN = 6;

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
    const labels = gapLabels(picture, frame);
    list(
      gaps,
      labels,
      ({ trace, value }) => `${trace.name} ${Number.isNaN(value)}`,
      () => h("span", { class: "rw-gap" }),
      (el, { trace, value, text, x, top, side }) => {
        write(el, text);
        const what = Number.isNaN(value) ? "NaN" : "infinite";
        set(el, "title", `The first value of ${trace.name} that is ${what}`);
        set(el, "data-side", side);
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
