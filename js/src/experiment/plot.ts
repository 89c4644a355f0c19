/** A plot's frame: axes with ticks and grid, drawn anew when the data or the size change. */

import type { Range } from "../charts/series.ts";
import { h, whenSized } from "../dom.ts";
import { type Axis, share, type Tick, ticksOf, valueAt } from "./scale.ts";
import { put, svg } from "./svg.ts";

export type Box = { left: number; top: number; width: number; height: number };

/** Pixels that a digit of the ticks takes, about. */
const DIGIT = 6.2;

/** Beyond, browsers draw nothing or anything. */
const FAR = 1e5;

export class Plot {
  readonly el: HTMLElement;
  /** Where marks are drawn; what leaves the frame is cut off. */
  readonly marks: SVGGElement;
  box: Box = { left: 0, top: 0, width: 0, height: 0 };
  x: Axis = { range: [0, 1], form: "number", label: "" };
  y: Axis = { range: [0, 1], form: "number", label: "" };
  readonly #svg: SVGSVGElement;
  readonly #ticks = svg("g", { class: "rw-ticks" });
  readonly #clip = svg("rect");
  #size: [width: number, height: number] = [0, 0];

  /** `draw` sets the axes and draws the marks; it is called whenever there is a new size. */
  constructor(life: AbortSignal, label: string, draw: (plot: Plot) => void) {
    const id = `rw-plot-${++made}`;
    this.marks = svg("g", { "clip-path": `url(#${id})` });
    this.#svg = svg(
      "svg",
      { role: "img", "aria-label": label },
      svg("clipPath", { id }, this.#clip),
      this.#ticks,
      this.marks,
    );
    this.el = h("div", { class: "rw-xy" });
    this.el.append(this.#svg);
    whenSized(this.el, life, (width, height) => {
      this.#size = [width, height];
      draw(this);
    });
  }

  /** Whether it has a size, and so can be drawn. */
  get isSized(): boolean {
    return this.#size[0] > 0;
  }

  set label(text: string) {
    put(this.#svg, { "aria-label": text });
  }

  /** Set both axes, and draw their ticks and the grid. */
  axes(x: Axis, y: Axis): void {
    [this.x, this.y] = [x, y];
    const [width, height] = this.#size;
    const bottom = 20 + (x.label ? 14 : 0);
    const top = 8;
    const inner = Math.max(1, height - top - bottom);
    // A low plot needs three of them as well, a high one not three times as many.
    const up = ticksOf(y, 3 + Math.floor(inner / 40));
    const widest = Math.max(14, ...up.map(({ text }) => Math.min(90, DIGIT * text.length)));
    const left = Math.ceil(widest) + 10 + (y.label ? 14 : 0);
    this.box = { left, top, width: Math.max(1, width - left - 10), height: inner };
    put(this.#svg, { width, height, viewBox: `0 0 ${width} ${height}` });
    // Half of a line or dot at an edge is outside.
    put(this.#clip, { x: left - 3, y: top - 3, width: this.box.width + 6, height: inner + 6 });
    this.#ticks.replaceChildren(...this.#across(), ...this.#upwards(up), ...this.#labels());
  }

  /** Pixels from the left of the element; NaN for a value that has no place. */
  px(value: number): number {
    return this.box.left + clamp(share(this.x, value) * this.box.width);
  }

  /** Pixels from the top. */
  py(value: number): number {
    return this.box.top + clamp((1 - share(this.y, value)) * this.box.height);
  }

  /** The x at a place in pixels from the left. */
  xAt(px: number): number {
    return valueAt(this.x, Math.max(0, Math.min(1, (px - this.box.left) / this.box.width)));
  }

  #across(): SVGElement[] {
    const { left, top, width, height } = this.box;
    const ticks = ticksThatFit(this.x, width);
    const room = Math.max(90, width / ticks.length);
    return ticks.flatMap(({ value, text }) => {
      const x = round(this.px(value));
      // The last one would stand out of the picture.
      const anchor = x > left + width - 16 && text.length > 4 ? "end" : "middle";
      return [
        svg("line", { x1: x, x2: x, y1: top, y2: top + height }),
        svg("text", { x, y: top + height + 15, "text-anchor": anchor }, shortened(text, room)),
      ];
    });
  }

  #upwards(ticks: Tick[]): SVGElement[] {
    const { left, width } = this.box;
    return ticks.flatMap(({ value, text }) => {
      const y = round(this.py(value));
      const short = text.length > 15 ? `${text.slice(0, 14)}…` : text;
      return [
        svg("line", { x1: left, x2: left + width, y1: y, y2: y }),
        svg("text", { x: left - 6, y: y + 3.5, "text-anchor": "end" }, short),
      ];
    });
  }

  #labels(): SVGElement[] {
    const { left, top, width, height } = this.box;
    const found: SVGElement[] = [];
    if (this.x.label) {
      const place = { x: left + width / 2, y: top + height + 30, "text-anchor": "middle" };
      found.push(svg("text", { ...place, class: "rw-axis-name" }, shortened(this.x.label, width)));
    }
    if (this.y.label) {
      const [x, y] = [10, top + height / 2];
      const place = { x, y, transform: `rotate(-90 ${x} ${y})`, "text-anchor": "middle" };
      found.push(svg("text", { ...place, class: "rw-axis-name" }, shortened(this.y.label, height)));
    }
    return found;
  }
}

let made = 0;

export function ticksThatFit(axis: Axis, width: number): Tick[] {
  // The last one may end at its tick.
  const apart = (a: Tick, b: Tick) =>
    width * (share(axis, b.value) - share(axis, a.value)) >=
    DIGIT * (a.text.length / 2 + b.text.length) + 8;
  const wanted = Math.max(2, Math.floor(width / 52));
  // Where round numbers are far apart, room for two may have none: then more are tried.
  const tries = [...downTo(2, wanted), wanted + 1, wanted + 2, wanted + 3];
  for (const most of tries) {
    const ticks = ticksOf(axis, most);
    const fits = ticks.every((tick, i) => i === 0 || apart(ticks[i - 1] as Tick, tick));
    if (fits && ticks.length > 1) return ticks;
  }
  return ticksOf(axis, 1).slice(0, 2);
}

function downTo(least: number, most: number): number[] {
  return Array.from({ length: most - least + 1 }, (_, i) => most - i);
}

function shortened(text: string, pixels: number): string {
  const most = Math.max(4, Math.floor(pixels / DIGIT));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function clamp(pixels: number): number {
  return Math.max(-FAR, Math.min(FAR, pixels));
}

function round(pixels: number): number {
  return Math.round(10 * pixels) / 10;
}

/** A line through points, with a gap where one has no place; a single point is a dot. */
export function linePath(plot: Plot, x: ArrayLike<number>, y: ArrayLike<number>): string {
  let path = "";
  let open = false;
  for (let i = 0; i < x.length; i++) {
    const [px, py] = [plot.px(x[i] as number), plot.py(y[i] as number)];
    if (!Number.isFinite(px) || !Number.isFinite(py)) {
      open = false;
      continue;
    }
    path += `${open ? "L" : "M"}${round(px)} ${round(py)}`;
    const ends = i + 1 >= x.length || !Number.isFinite(plot.py(y[i + 1] as number));
    // A line without length is drawn as a dot by its round ends.
    if (!open && ends) path += "h0";
    open = true;
  }
  return path;
}

/** How far up and down a line goes from point to point, in widths of the plot. */
export function travel(plot: Plot, y: ArrayLike<number>): number {
  let sum = 0;
  let before = Number.NaN;
  for (let i = 0; i < y.length; i++) {
    const py = plot.py(y[i] as number);
    const step = Math.abs(py - before);
    if (Number.isFinite(step)) sum += step;
    before = py;
  }
  return sum / plot.box.width;
}

/**
 * Dots of one path: at most one for each square of `grain` pixels, whatever the number of points.
 */
export function dotsPath(plot: Plot, points: Iterable<[x: number, y: number]>, grain = 1): string {
  const seen = new Set<number>();
  let path = "";
  for (const [x, y] of points) {
    const [px, py] = [plot.px(x), plot.py(y)].map((at) => grain * Math.round(at / grain)) as [
      number,
      number,
    ];
    if (!Number.isFinite(px) || !Number.isFinite(py)) continue;
    const place = px * 65_536 + py;
    if (seen.has(place)) continue;
    seen.add(place);
    path += `M${px} ${py}h0`;
  }
  return path;
}

/** The closed area between two lines, piece by piece where both have a place. */
export function areaPath(
  plot: Plot,
  x: ArrayLike<number>,
  low: ArrayLike<number>,
  high: ArrayLike<number>,
): string {
  let path = "";
  let [there, back]: [string[], string[]] = [[], []];
  const close = () => {
    if (there.length > 1) path += `M${there.join("L")}L${back.reverse().join("L")}Z`;
    [there, back] = [[], []];
  };
  for (let i = 0; i < x.length; i++) {
    const px = round(plot.px(x[i] as number));
    const [bottom, top] = [plot.py(low[i] as number), plot.py(high[i] as number)];
    if (![px, bottom, top].every(Number.isFinite)) close();
    else {
      there.push(`${px} ${round(top)}`);
      back.push(`${px} ${round(bottom)}`);
    }
  }
  close();
  return path;
}

/** The range of finite values; null where there are none. */
export function rangeOf(values: Iterable<number>): Range | null {
  let range: Range | null = null;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (!range) range = [value, value];
    else if (value < range[0]) range[0] = value;
    else if (value > range[1]) range[1] = value;
  }
  return range;
}
