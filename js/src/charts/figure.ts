/** Feeds a bqplot figure in the browser; the only file that knows bqplot's ways. */

import type { AxisModel, FigureModel, Margin, Model, RunChartModel, ScaleModel } from "../model.ts";
import { share } from "./paths.ts";
import type { Axis, Curve, Picture } from "./picture.ts";
import { type Ticks, ticksOf } from "./scale.ts";
import type { Range } from "./series.ts";

/** Where a figure's plot lies in its element, in pixels, and what its edges stand for. */
export type Frame = {
  left: number;
  top: number;
  width: number;
  height: number;
  x: Range;
  y: Range;
  xTicks: Ticks;
  yTicks: Ticks;
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

/** Draw curves on the figure's marks that are theirs; a mark without one is left empty. */
export function feed(figure: Model<FigureModel>, curves: Curve[]): void {
  figure.get("marks").forEach((mark, k) => {
    const curve = curves.find(({ trace }) => trace.mark === k);
    if (!curve) {
      if (mark.get("x").length > 0) mark.set_state({ x: NOTHING, y: NOTHING });
      return;
    }
    if (curve.scattered) {
      mark.set_state({ ...points(curve), ...SCATTERED });
      return;
    }
    const [x, y] = gaps(curve);
    // Of a line that ends in a gap bqplot complains, as of one that has nothing else.
    const end = y.findLastIndex((place) => !Number.isNaN(place)) + 1;
    mark.set_state({ x: x.slice(0, end), y: y.slice(0, end) });
  });
}

const NOTHING = new Float64Array();

/** A mark whose points stand alone. */
const SCATTERED = { marker: "circle", marker_size: 20, stroke_width: 0 };

/** The points of a curve that have a place. */
function points({ px, py }: Curve): { x: Float64Array; y: Float64Array } {
  const isPoint = (_: number, i: number) => !Number.isNaN(px[i]) && !Number.isNaN(py[i]);
  return { x: px.filter(isPoint), y: py.filter(isPoint) };
}

/**
 * A curve with gaps for its points that have no place along the axis.
 *
 * An x that is not a number makes bqplot drop the whole line.
 */
function gaps({ px, py }: Curve): [x: Float64Array, y: Float64Array] {
  const [x, y] = [px.slice(), py.slice()];
  for (let i = 0; i < x.length; i++) {
    if (!Number.isNaN(x[i])) continue;
    y[i] = Number.NaN;
    x[i] = i > 0 ? (x[i - 1] as number) : 0;
  }
  return [x, y];
}

/**
 * Give the axes ranges, ticks, labels and margins that suit a picture at this size.
 *
 * What somebody has set from Python (a scale's limits, an axis' tick format) is left as it is
 * until one zooms.
 */
export function frame(
  figure: Model<FigureModel>,
  picture: Picture,
  labels: { x: string; y: string },
  width: number,
  height: number,
): Frame {
  const margin = { top: 8, right: 12, bottom: 24, left: 0 };
  if (labels.x) margin.bottom += LINE_HEIGHT - 4;
  const plotHeight = Math.max(1, height - margin.top - margin.bottom);
  const axes = figure.get("axes");
  const rangeOf = (horizontal: boolean) => {
    const axis = horizontal ? picture.x : picture.y;
    const drawn = axes.find((each) => isHorizontal(each) === horizontal);
    return drawn ? limited(drawn.get("scale"), axis) : axis.range;
  };
  const [x, y] = [rangeOf(true), rangeOf(false)];
  const yTicks = ticksOf(
    picture.y.map,
    picture.y.unit,
    y,
    Math.max(2, Math.min(Math.floor(plotHeight / 20), 3 + Math.floor(plotHeight / 50))),
  );
  const widest = Math.ceil(Math.max(16, ...yTicks.labels.map(textWidth)));
  margin.left = widest + 12 + (labels.y ? LINE_HEIGHT : 0);
  const xTicks = ticksThatFit(picture.x, x, Math.max(1, width - margin.left - margin.right));
  const last = xTicks.places.length - 1;
  if (last >= 0) {
    // What the last one says goes on beyond it.
    const room = (width - margin.left) * (1 - share(xTicks.places[last] as number, x));
    const half = textWidth(xTicks.labels[last] as string) / 2;
    margin.right = Math.max(margin.right, Math.ceil(half + 2 - room));
  }
  const plotWidth = Math.max(1, width - margin.left - margin.right);
  // First what ticks are called: what moves them writes their names once more, in a moment.
  for (const axis of axes) {
    const horizontal = isHorizontal(axis);
    label(axis, horizontal ? xTicks : yTicks, horizontal ? labels.x : labels.y, margin);
  }
  for (const axis of axes) {
    const [horizontal, scale] = [isHorizontal(axis), axis.get("scale")];
    const [min, max] = horizontal ? x : y;
    if (min !== scale.get("min") || max !== scale.get("max")) scale.set_state({ min, max });
    if (!axis.get("tick_format")) put(axis, "tick_values", (horizontal ? xTicks : yTicks).places);
  }
  if (!same(figure.get("fig_margin"), margin)) figure.set_state({ fig_margin: margin });
  const place = { left: margin.left, top: margin.top, width: plotWidth, height: plotHeight };
  return { ...place, x, y, xTicks, yTicks };
}

/** As many round values as have room for what they say, and space between. */
function ticksThatFit({ map, unit }: Axis, range: Range, width: number): Ticks {
  for (let most = Math.floor(width / 40); most > 1; most--) {
    const ticks = ticksOf(map, unit, range, most);
    const halves = ticks.labels.map((text) => textWidth(text) / 2);
    const places = ticks.places.map((place) => width * share(place, range));
    const isApart = (i: number) => {
      const [half = 0, before = 0] = [halves[i], halves[i - 1]];
      return (places[i] as number) - (places[i - 1] as number) >= half + before + 14;
    };
    if (places.every((_, i) => i === 0 || isApart(i))) return ticks;
  }
  return ticksOf(map, unit, range, 1);
}

function isHorizontal(axis: Model<AxisModel>): boolean {
  return ["bottom", "top"].includes(axis.get("side"));
}

/** What we gave a scale, and the values that somebody else did, null where nobody. */
type Limits = { set: (number | null)[]; theirs: (number | null)[] };

const limits = new WeakMap<Model<ScaleModel>, Limits>();

/** The places at a scale's ends: ours, or those that somebody else has set. */
function limited(scale: Model<ScaleModel>, axis: Axis): Range {
  const now = [scale.get("min"), scale.get("max")];
  const last = limits.get(scale) ?? { set: [null, null], theirs: [null, null] };
  const theirs = now.map((limit, i) => (limit === last.set[i] ? (last.theirs[i] ?? null) : limit));
  const set = axis.range.map((ours, i) => {
    const value = axis.zoomed ? null : theirs[i];
    const place = value === null || value === undefined ? ours : axis.map.to(value);
    return Number.isFinite(place) ? place : ours;
  }) as Range;
  limits.set(scale, { set, theirs });
  return set;
}

/** What we have called axes in place of what they were called. */
const named = new WeakMap<Model<AxisModel>, string>();

/**
 * What somebody in Python has called an axis; empty where nobody has.
 *
 * @param given what the kernel calls it by itself
 */
export function ownLabel(
  figure: Model<FigureModel> | null,
  horizontal: boolean,
  given: string,
): string {
  const axis = figure?.get("axes").find((each) => isHorizontal(each) === horizontal);
  const label = axis?.get("label") ?? "";
  return axis && label !== (named.get(axis) ?? given) ? label : "";
}

function label(axis: Model<AxisModel>, ticks: Ticks, name: string, margin: Margin): void {
  if (axis.get("tick_format")) return; // somebody's own
  const offset = isHorizontal(axis) ? margin.bottom - 6 : margin.left - 12;
  const texts = ticks.places.map((place, i) => [String(place), ticks.labels[i] as string]);
  put(axis, "tick_labels", Object.fromEntries(texts));
  if (axis.get("label") !== name) named.set(axis, name);
  put(axis, "label", name);
  put(axis, "label_offset", `${offset}px`);
}

function put<K extends keyof AxisModel>(
  axis: Model<AxisModel>,
  field: K,
  value: AxisModel[K],
): void {
  if (same(axis.get(field), value)) return;
  axis.set_state({ [field]: value } as unknown as Partial<AxisModel>);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

let canvas: CanvasRenderingContext2D | null | undefined;

/** Pixels that `text` takes beside a tick. */
export function textWidth(text: string): number {
  if (canvas === undefined) {
    canvas = document.createElement("canvas").getContext("2d");
    if (canvas) canvas.font = TICK_FONT;
  }
  return canvas ? canvas.measureText(text).width : 6.2 * text.length;
}

// -- figures of the browser's own -----------------------------------------------------------------

/** The package of each class, and the versions of it that this code knows: bqplot 0.13.0 has 0.6.0. */
const PACKAGES = {
  bqplot: { module: "bqplot", version: "^0.6.0" },
  bqscales: { module: "bqscales", version: "^0.3" },
  base: { module: "@jupyter-widgets/base", version: "2.0.0" },
} as const;

type ModelClass = new (
  state: object,
  options: { model_id: string; widget_manager: unknown },
) => Model<never>;

/** What a page's widget manager can do for anyone, though it does not say so in its types. */
export type Loader = {
  loadClass(name: string, module: string, version: string): Promise<ModelClass>;
};

type Make = (state: object) => Model<never>;

/** Of a figure, its lines, axes, scales and layout. */
type Makers = [figure: Make, lines: Make, axis: Make, scale: Make, layout: Make];

const loaded = new WeakMap<Loader, Promise<Makers>>();

/**
 * Load what figures are made of, once for each manager.
 *
 * Called when a panel's model is there: bqplot is large, and so comes while the kernel still reads
 * the run.
 */
export function loadFigures(loader: Loader): Promise<Makers> {
  const known = loaded.get(loader);
  if (known) return known;
  const load = async (name: string, from: keyof typeof PACKAGES): Promise<Make> => {
    const { module, version } = PACKAGES[from];
    const Class = await loader.loadClass(name, module, version);
    return (state) => {
      const options = { model_id: `run-widgets-${++made}`, widget_manager: loader };
      const view = { _view_module: module, _view_module_version: version };
      return new Class({ ...view, ...state }, options);
    };
  };
  const all = Promise.all([
    load("FigureModel", "bqplot"),
    load("LinesModel", "bqplot"),
    load("AxisModel", "bqplot"),
    load("LinearScaleModel", "bqscales"),
    load("LayoutModel", "base"),
  ]);
  loaded.set(loader, all);
  all.catch(() => loaded.delete(loader)); // who needs them is told, and whoever comes next tries again
  return all;
}

/**
 * Make a figure that no kernel knows of, for the lines of a chart.
 *
 * A thousand metrics so cost the kernel, the connection and this page nothing until somebody
 * looks at them; and a saved notebook does not keep what can be made again.
 */
export async function makeFigure(chart: Model<RunChartModel>): Promise<Model<FigureModel>> {
  const loader = (chart as unknown as { widget_manager: Loader }).widget_manager;
  const [figure, lines, axis, scale, layout] = await loadFigures(loader);
  const scales = { x: scale({ allow_padding: false }), y: scale({ allow_padding: false }) };
  const marks = chart.get("series").map(({ name, color }, place) =>
    lines({
      scales,
      colors: [color],
      labels: [name],
      line_style: DASHES[Math.floor(place / SOLID_LINES) % DASHES.length],
      stroke_width: 1.5,
      display_legend: false,
    }),
  );
  const full = () => scale({ min: 0, max: 1, allow_padding: false });
  return figure({
    marks,
    axes: [axis({ scale: scales.x }), axis({ scale: scales.y, side: "left" })],
    animation_duration: 0,
    layout: layout({}),
    scale_x: full(),
    scale_y: full(),
  }) as unknown as Model<FigureModel>;
}

let made = 0;

export const DASHES = ["solid", "dashed", "dash_dotted", "dotted"];

/** From the next line on colours alone do not tell lines apart for every eye. */
const SOLID_LINES = 4;
