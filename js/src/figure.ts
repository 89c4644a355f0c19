/** Feeds a bqplot figure in the browser; the only file that knows bqplot's ways. */

import { padded, tickLabels, ticks, tight } from "./axis.ts";
import type { AxisModel, FigureModel, Margin, Model, ScaleModel } from "./model.ts";
import { type Range, type Series, union } from "./series.ts";

/** Where a figure's plot lies in its element, in pixels, and what its edges stand for. */
export type Frame = {
  left: number;
  top: number;
  width: number;
  height: number;
  x: Range;
  y: Range;
};

const TICK_FONT = "11px system-ui, sans-serif";
const LINE_HEIGHT = 16;

/** Take from a figure what would be drawn over the data, and the padding we add ourselves. */
export function prepare(figure: Model<FigureModel>): void {
  figure.set_state({ padding_x: 0, padding_y: 0, display_toolbar: false });
  for (const mark of figure.get("marks")) {
    const { x, y } = mark.get("scales");
    for (const scale of [x, y]) scale.set_state({ allow_padding: false });
  }
}

/** Draw `lines`, each on the figure's mark of the same place, in `columns` columns of pixels. */
export function feed(figure: Model<FigureModel>, lines: Series[], columns: number): number {
  let drawn = 0;
  figure.get("marks").forEach((mark, k) => {
    const line = lines[k];
    if (!line) return;
    const kept = line.reduced(columns);
    const x = Float64Array.from(kept, (i) => line.x[i] as number);
    const y = Float64Array.from(kept, (i) => line.y[i] as number);
    const points = gaps(x, y);
    // A line of one point has no length to draw.
    const marker = points === 1 ? "circle" : null;
    // Of a line that ends in a gap bqplot complains, as of one that has nothing else.
    const end = y.findLastIndex(Number.isFinite) + 1;
    mark.set_state({ x: x.slice(0, end), y: y.slice(0, end), marker, marker_size: 30 });
    drawn += kept.length;
  });
  return drawn;
}

/**
 * Turn points that have no place into gaps, and count the others.
 *
 * An infinity anywhere, or an x that is not a number, makes bqplot drop the whole line.
 */
function gaps(x: Float64Array, y: Float64Array): number {
  let points = 0;
  for (let i = 0; i < x.length; i++) {
    if (Number.isFinite(x[i]) && Number.isFinite(y[i])) {
      points += 1;
      continue;
    }
    y[i] = Number.NaN;
    if (!Number.isFinite(x[i])) x[i] = i > 0 ? (x[i - 1] as number) : 0;
  }
  return points;
}

/**
 * Give the axes ranges, ticks, labels and margins that suit `lines` at this size.
 *
 * What somebody has set from Python (a scale's limits, an axis' tick format) is left as it is.
 */
export function frame(
  figure: Model<FigureModel>,
  lines: Series[],
  labels: { x: string; y: string },
  width: number,
  height: number,
): Frame {
  const wholeSteps = lines.every((line) => line.xRange?.every(Number.isInteger) ?? true);
  const x = tight(union(lines.map((line) => line.xRange)) ?? [0, 1]);
  const y = padded(union(lines.map((line) => line.yRange)) ?? [0, 1]);
  const margin = { top: 8, right: 12, bottom: 24, left: 0 };
  if (labels.x) margin.bottom += LINE_HEIGHT - 4;
  const plotHeight = Math.max(1, height - margin.top - margin.bottom);
  const yTicks = ticks(y, Math.max(2, Math.floor(plotHeight / 28)));
  const widest = Math.ceil(Math.max(16, ...tickLabels(yTicks).map(textWidth)));
  margin.left = widest + 12 + (labels.y ? LINE_HEIGHT : 0);
  const plotWidth = Math.max(1, width - margin.left - margin.right);
  const xTicks = ticksThatFit(x, plotWidth, wholeSteps);

  for (const axis of figure.get("axes")) {
    const horizontal = isHorizontal(axis);
    const range = ours(axis.get("scale"), horizontal ? x : y);
    if (horizontal) [x[0], x[1]] = range;
    else [y[0], y[1]] = range;
    label(axis, horizontal ? xTicks : yTicks, horizontal ? labels.x : labels.y, margin);
  }
  if (!same(figure.get("fig_margin"), margin)) figure.set_state({ fig_margin: margin });
  return { left: margin.left, top: margin.top, width: plotWidth, height: plotHeight, x, y };
}

/** As many round values as have room for what they say, and space between. */
function ticksThatFit(range: Range, width: number, whole: boolean): number[] {
  for (let most = Math.floor(width / 40); most > 1; most--) {
    const values = ticks(range, most, whole);
    const room = width / Math.max(1, values.length);
    if (tickLabels(values).every((text) => textWidth(text) + 14 <= room)) return values;
  }
  return ticks(range, 1, whole);
}

function isHorizontal(axis: Model<AxisModel>): boolean {
  return ["bottom", "top"].includes(axis.get("side"));
}

/** The limits that we gave a scale; null where somebody else did. */
const limits = new WeakMap<Model<ScaleModel>, (number | null)[]>();

/** Set a scale's limits unless somebody else did; returns those in force. */
function ours(scale: Model<ScaleModel>, range: Range): Range {
  const now = [scale.get("min"), scale.get("max")];
  const last = limits.get(scale);
  const given = range.map((limit, i) => (now[i] === null || now[i] === last?.[i] ? limit : null));
  limits.set(scale, given);
  const [min, max] = given.map((limit, i) => limit ?? now[i]) as Range;
  if (min !== now[0] || max !== now[1]) scale.set_state({ min, max });
  return [min, max];
}

function label(axis: Model<AxisModel>, values: number[], name: string, margin: Margin): void {
  if (axis.get("tick_format")) return; // somebody's own
  const texts = tickLabels(values);
  const offset = isHorizontal(axis) ? margin.bottom - 6 : margin.left - 12;
  const state = {
    // Before the values: bqplot writes a new tick a moment later, with the labels it had then.
    tick_labels: Object.fromEntries(values.map((value, i) => [String(value), texts[i] as string])),
    tick_values: values,
    label: name,
    label_offset: `${offset}px`,
  };
  for (const [key, value] of Object.entries(state)) {
    const field = key as keyof typeof state;
    if (!same(axis.get(field), value)) axis.set_state({ [field]: value });
  }
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

let canvas: CanvasRenderingContext2D | null | undefined;

/** Pixels that `text` takes beside a tick. */
function textWidth(text: string): number {
  if (canvas === undefined) {
    canvas = document.createElement("canvas").getContext("2d");
    if (canvas) canvas.font = TICK_FONT;
  }
  return canvas ? canvas.measureText(text).width : 6.2 * text.length;
}
