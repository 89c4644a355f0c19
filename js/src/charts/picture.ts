/** What a chart draws of its lines, as it is looked at: from points to places. Pure. */

import { padded, tight } from "./axis.ts";
import { join, type Key } from "./join.ts";
import type { Settings } from "./look.ts";
import { type Mapping, mapping, type Unit } from "./scale.ts";
import { type Along, isSameGap, type Range, type Series, union } from "./series.ts";
import { smooth } from "./smooth.ts";
import type { Part } from "./zoom.ts";

/** One line on a chart, its own or one that shares the chart with it. */
export type Trace = {
  name: string;
  color: string;
  dash: string;
  line: Series;
  /** The place of the figure's mark that draws it; -1 where it has none. */
  mark: number;
  hidden: boolean;
  /** Whether it is of another run, and lies behind this one's. */
  behind: boolean;
  /** Whether it is a column of a table, drawn over another one. */
  column: boolean;
  /** The part that is zoomed into, as the run's files have it; null while nobody needs it. */
  detail: Series | null;
  /** Both with what came later than the moment that is looked at: the axes are made for them. */
  whole: { line: Series; detail: Series | null };
  /** The metric that it is drawn over, where that is chosen and there. */
  across: { line: Series; key: Key } | null;
};

/** Points of a trace: values as they were logged, and where they lie. */
export type Curve = {
  trace: Trace;
  x: Float64Array;
  y: Float64Array;
  px: Float64Array;
  py: Float64Array;
  at: Float64Array;
  /** Whether the points stand alone, as a line through them would lead back and forth. */
  scattered: boolean;
};

export type Axis = {
  map: Mapping;
  unit: Unit;
  /** The places at its ends. */
  range: Range;
  /** The same if nobody had zoomed. */
  whole: Range;
  /** The outermost places of what is drawn. */
  data: Range;
  zoomed: boolean;
};

export type Picture = {
  curves: Curve[];
  /** The lines as logged, drawn faintly behind smoothed ones. */
  raw: Curve[];
  x: Axis;
  y: Axis;
  /** Points drawn, and values that they stand for. */
  shown: number;
  total: number;
  /** Places of points that the vertical axis leaves out. */
  outside: { px: number; above: boolean }[];
  /** Values that a logarithmic axis has no place for. */
  unfit: number;
  /** Values without a partner in the metric that they are drawn over. */
  unpaired: number;
  /** Where each trace first is NaN, and where infinite, along the axis. */
  gaps: { trace: Trace; value: number; step: number; px: number }[];
};

/** Where a trace's points lie along the axis that somebody chose. */
export function along(trace: Trace, line: Series, x: Settings["x"], startedAt: number): Along {
  if (x === "time" || x === "elapsed") {
    const offset = x === "elapsed" ? startedAt : 0;
    return { values: line.at, offset, sorted: line.sortedInTime };
  }
  if (trace.across) {
    const { values, sorted } = join(line, trace.across.line, trace.across.key);
    return { values, offset: 0, sorted };
  }
  // From the whole line: what is seen of it may begin later.
  const offset = x === "relative" ? (trace.whole.line.x[0] ?? 0) : 0;
  return { values: line.x, offset, sorted: line.sorted };
}

/**
 * Whether a trace's points are drawn without a line: those of a table whose first column is no
 * axis that goes one way. A metric's steps may go back, when a run is resumed, and stay a line.
 */
function isScattered({ column, whole }: Trace, x: Settings["x"]): boolean {
  return column && x !== "time" && x !== "elapsed" && !whole.line.isMonotonic;
}

const known = new WeakMap<Series, { factor: number; total: number; values: Float64Array }>();

/** What the smoothed line of a trace has at each point of `trace.whole.line`. */
export function smoothed(trace: Trace, { smoothing: factor, x }: Settings): Float64Array {
  const { line } = trace.whole;
  if (isScattered(trace, x)) return line.y;
  const last = known.get(line);
  if (last?.factor === factor && last.total === line.total) return last.values;
  const values = smooth(line.y, factor);
  known.set(line, { factor, total: line.total, values });
  return values;
}

/** Of the values that a clipped axis shows, those between these shares. */
const CLIP: Range = [0.02, 0.98];

/**
 * Draw lines as they were at a moment, on axes with room for all that came later.
 *
 * @param moment seconds since the epoch; null for now
 */
export function picture(
  traces: Trace[],
  settings: Settings,
  zoom: { x: Part; y: Part },
  columns: number,
  startedAt: number,
  moment: number | null = null,
): Picture {
  const seen = traces.filter((trace) => !trace.hidden);
  const clock = settings.x === "time";
  const mapX = mapping(
    clock ? "linear" : settings.x_scale,
    largest(seen.map((t) => t.across?.line.yRange ?? t.whole.line.xRange)),
  );
  const mapY = mapping(settings.y_scale, largest(seen.map((t) => t.whole.line.yRange)));

  const draw = (trace: Trace, line: Series, values: Float64Array): Curve => {
    const axis = along(trace, line, settings.x, startedAt);
    const kept = line.seen(axis, zoom.x, columns, mapX.to);
    const x = Float64Array.from(kept, (i) => (axis.values[i] as number) - axis.offset);
    const y = Float64Array.from(kept, (i) => values[i] as number);
    const at = Float64Array.from(kept, (i) => line.at[i] as number);
    const scattered = isScattered(trace, settings.x);
    return { trace, x, y, px: x.map(mapX.to), py: y.map(mapY.to), at, scattered };
  };
  const asLogged = seen.map((trace) => {
    const line = trace.whole.detail ?? trace.whole.line;
    return draw(trace, line, line.y);
  });
  const isSmooth = settings.smoothing > 0;
  const curves = isSmooth
    ? seen.map((trace) => {
        const { line } = trace.whole;
        return draw(trace, line, smoothed(trace, settings));
      })
    : asLogged;

  const whole = zoom.x ? wholeX(seen, settings, startedAt, mapX) : null;
  const across = fromStart(union(asLogged.map(({ px }) => extremes(px))), settings, mapX);
  // A line goes from edge to edge; of a point alone half would be cut off.
  const drawnX = (asLogged.some(({ scattered }) => scattered) ? padded : tight)(across);
  const x = axisOf(mapX, unitOf(settings.x, seen), zoom.x, whole ?? drawnX, drawnX);
  const inside = asLogged.map((curve) => insideOf(curve, x.range));
  const values = inside.map(({ py }) => py);
  const bounds = settings.clip ? quantiles(values, CLIP) : union(values.map(extremes));
  const drawnY = padded(bounds ?? [0, 1]);
  const y = axisOf(mapY, "number", zoom.y, drawnY, bounds ?? [0, 1]);
  const then = asLogged.map((curve) => until(curve, moment));
  const own = then.filter(({ trace }) => !trace.behind);
  const outside =
    settings.clip && !zoom.y
      ? then.flatMap((curve) => outsideOf(insideOf(curve, x.range), y.range))
      : [];

  return {
    curves: isSmooth ? curves.map((curve) => until(curve, moment)) : then,
    raw: isSmooth ? then : [],
    x,
    y,
    shown: own.reduce((sum, curve) => sum + curve.x.length, 0),
    total: own.reduce((sum, { trace }) => sum + trace.line.total, 0),
    outside,
    unfit: own.reduce((sum, curve) => sum + lost(curve), 0),
    unpaired: own.reduce((sum, { trace }) => sum + unpaired(trace), 0),
    // Of a table a missing cell is a gap as well, and nothing to be alarmed at.
    gaps: own.flatMap(({ trace }) =>
      (trace.column ? [] : trace.line.firstGaps).map((gap) => {
        const { values, offset } = along(trace, trace.line, settings.x, startedAt);
        const first = trace.across ? trace.line.y.findIndex((y) => isSameGap(y, gap.y)) : -1;
        const clock = settings.x === "time" || settings.x === "elapsed";
        const place = (values[first] ?? (clock ? gap.at : gap.x)) - offset;
        return { trace, value: gap.y, step: gap.x, px: mapX.to(place) };
      }),
    ),
  };
}

function axisOf(map: Mapping, unit: Unit, part: Part, whole: Range, data: Range): Axis {
  const places = part?.map(map.to) as Range | undefined;
  // A part that a logarithm has no place for begins where the data does.
  const range = places
    ? (places.map((place, i) => (Number.isFinite(place) ? place : (data[i] as number))) as Range)
    : whole;
  const seen = range[1] > range[0] ? range : whole;
  return { map, unit, range: seen, whole, data, zoomed: part !== null };
}

/** Of an axis that follows a run, how far ahead it goes at its end. */
const AHEAD = 0.05;

/**
 * What an axis shows while its lines grow: what it showed, for as long as that does as well.
 *
 * An axis that moves is the most work that there is in a chart, and a restless sight.
 *
 * @param ahead whether the data grows at its end, as it does over steps and time
 */
export function steady(axis: Axis, last: Range | null, ahead: boolean): Range {
  const [{ range, data }, span] = [axis, axis.range[1] - axis.range[0]];
  if (axis.zoomed) return range;
  const suits =
    last !== null &&
    last[0] <= data[0] &&
    last[1] >= data[1] &&
    (ahead
      ? last[0] === range[0] && last[1] - last[0] <= span * (1 + AHEAD)
      : last[1] - last[0] <= span * 1.3);
  if (suits) return last;
  return ahead ? [range[0], range[1] + AHEAD * span] : range;
}

function unitOf(x: Settings["x"], traces: Trace[]): Unit {
  if (x === "time") return "clock";
  if (x === "elapsed") return "duration";
  const whole = traces.every(({ across, whole: { line } }) =>
    across
      ? join(line, across.line, across.key).whole
      : (line.xRange?.every(Number.isInteger) ?? true),
  );
  return whole ? "whole" : "number";
}

/** What of a curve there was at a moment. */
function until(curve: Curve, moment: number | null): Curve {
  if (moment === null || curve.trace.behind) return curve;
  const kept = [...curve.at.keys()].filter((i) => (curve.at[i] as number) <= moment);
  if (kept.length === curve.at.length) return curve;
  const pick = (values: Float64Array) => Float64Array.from(kept, (i) => values[i] as number);
  const { x, y, px, py, at } = curve;
  return { ...curve, x: pick(x), y: pick(y), px: pick(px), py: pick(py), at: pick(at) };
}

function unpaired({ line, across }: Trace): number {
  return across ? join(line, across.line, across.key).missing : 0;
}

/** The places of all points, of which a part is drawn. */
function wholeX(traces: Trace[], settings: Settings, startedAt: number, map: Mapping): Range {
  const ranges = traces.map((trace) => {
    const { values, offset, sorted } = along(trace, trace.whole.line, settings.x, startedAt);
    // In order, so that the first and the last that have a place are the extremes.
    if (!sorted || map.scale === "log") return extremes(values.map((x) => map.to(x - offset)));
    const ends = [values[0], values.at(-1)].map((x) => map.to((x ?? Number.NaN) - offset));
    return extremes(Float64Array.from(ends));
  });
  return tight(fromStart(union(ranges), settings, map));
}

/** A first value so soon after the start, as a share of the last one's time, is as good as at it. */
const SOON = 0.02;

/** The range of the places that there are, from the start on where that is what is counted from. */
function fromStart(places: Range | null, settings: Settings, map: Mapping): Range {
  const [low, high] = places ?? [0, 1];
  const isNear = settings.x === "elapsed" && map.scale === "linear" && low < SOON * high;
  return isNear && low > 0 ? [0, high] : [low, high];
}

function largest(ranges: (Range | null)[]): number {
  const whole = union(ranges);
  return whole ? Math.max(Math.abs(whole[0]), Math.abs(whole[1])) : 1;
}

function extremes(values: Float64Array): Range | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

type Places = { px: Float64Array; py: Float64Array };

/** The points of a curve between the ends of the horizontal axis. */
function insideOf({ px, py }: Curve, [min, max]: Range): Places {
  const kept = [...px.keys()].filter((i) => (px[i] as number) >= min && (px[i] as number) <= max);
  if (kept.length === px.length) return { px, py };
  return {
    px: Float64Array.from(kept, (i) => px[i] as number),
    py: Float64Array.from(kept, (i) => py[i] as number),
  };
}

function outsideOf({ px, py }: Places, [min, max]: Range): { px: number; above: boolean }[] {
  const out: { px: number; above: boolean }[] = [];
  py.forEach((y, i) => {
    if (y < min || y > max) out.push({ px: px[i] as number, above: y > max });
  });
  return out;
}

function quantiles(parts: Float64Array[], shares: Range): Range | null {
  const sorted = Float64Array.from(
    parts.flatMap((part) => [...part.filter(Number.isFinite)]),
  ).sort();
  if (sorted.length === 0) return null;
  return shares.map((share) => sorted[Math.round(share * (sorted.length - 1))] as number) as Range;
}

/** How many values that are numbers have no place. */
function lost({ x, y, px, py }: Curve): number {
  let count = 0;
  y.forEach((value, i) => {
    const isNumber = Number.isFinite(value) && Number.isFinite(x[i]);
    if (isNumber && (Number.isNaN(px[i]) || Number.isNaN(py[i]))) count += 1;
  });
  return count;
}
