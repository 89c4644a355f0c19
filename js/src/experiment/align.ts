/**
 * Several curves on one axis, and bands of those that belong together. Pure.
 *
 * The same as `run_widgets/comparing/curves.py` does; the tests of both share their examples.
 */

export type Points = { x: Float64Array; y: Float64Array };

/** What several curves are together, in columns of one length. */
export type Band = {
  x: Float64Array;
  /** NaN where no curve has a value. */
  mean: Float64Array;
  low: Float64Array;
  high: Float64Array;
  /** How many curves have a value there. */
  count: Uint32Array;
};

/** The mean and its sample standard deviation; the mean's 95 % interval; the lowest and highest. */
export type Spread = "std" | "ci95" | "minmax";

/** Points of a common axis, at the most. */
const GRID_POINTS = 1000;

/** An axis that suits several curves: their own x where those are few, else even steps. */
export function commonAxis(xs: Float64Array[], most = GRID_POINTS): Float64Array {
  const every = new Set<number>();
  for (const x of xs) for (const value of x) if (Number.isFinite(value)) every.add(value);
  const axis = Float64Array.from(every).sort();
  if (axis.length <= most) return axis;
  const [first, last] = [axis[0] as number, axis.at(-1) as number];
  return Float64Array.from({ length: most }, (_, i) =>
    i === most - 1 ? last : first + ((last - first) * i) / (most - 1),
  );
}

/**
 * A curve's values on `axis`, in between by straight lines, NaN outside the curve's own range.
 *
 * Of several values at one x the one that was logged last counts: a step that went back is a
 * second attempt. Values that are not finite are passed over.
 *
 * @param axis increasing
 */
export function aligned({ x, y }: Points, axis: Float64Array): Float64Array {
  const known = new Map<number, number>();
  for (let i = 0; i < x.length; i++) {
    if (Number.isFinite(x[i]) && Number.isFinite(y[i])) known.set(x[i] as number, y[i] as number);
  }
  const places = Float64Array.from(known.keys()).sort();
  const values = new Float64Array(axis.length).fill(Number.NaN);
  let next = 0;
  axis.forEach((at, i) => {
    while (next < places.length && (places[next] as number) < at) next++;
    const right = places[next];
    if (right === undefined) return;
    const end = known.get(right) as number;
    if (right === at) {
      values[i] = end;
      return;
    }
    const left = places[next - 1];
    if (left === undefined) return;
    const start = known.get(left) as number;
    values[i] = start + ((end - start) * (at - left)) / (right - left);
  });
  return values;
}

/** The mean of aligned curves, and how far they spread around it; one curve is its own band. */
export function band(axis: Float64Array, curves: Float64Array[], spread: Spread): Band {
  const n = axis.length;
  const [mean, low, high] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const count = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    const values = curves.map((curve) => curve[i] as number).filter((y) => !Number.isNaN(y));
    const k = values.length;
    count[i] = k;
    const middle = k > 0 ? values.reduce((sum, y) => sum + y, 0) / k : Number.NaN;
    mean[i] = middle;
    if (spread === "minmax") {
      low[i] = k > 0 ? Math.min(...values) : Number.NaN;
      high[i] = k > 0 ? Math.max(...values) : Number.NaN;
      continue;
    }
    const squares = values.reduce((sum, y) => sum + (y - middle) ** 2, 0);
    let away = Math.sqrt(squares / Math.max(k - 1, 1));
    if (spread === "ci95") away *= studentT95(k - 1) / Math.sqrt(Math.max(k, 1));
    low[i] = middle - away;
    high[i] = middle + away;
  }
  return { x: axis, mean, low, high, count };
}

// Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964, table 26.10.
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
];

/** The two-sided 95 % quantile of Student's t; beyond 30 degrees by formula 26.7.5 there. */
export function studentT95(degrees: number): number {
  const n = Math.max(1, degrees);
  const known = T95[n - 1];
  if (known !== undefined) return known;
  const z = 1.959964;
  return z + (z ** 3 + z) / (4 * n) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * n ** 2);
}
