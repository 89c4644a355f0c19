/** The browser's copy of a line's points, and its reduction to what pixels can show. Pure. */

/** Points kept of one line; beyond, the line is reduced, so an endless run stays in memory. */
export const MOST_POINTS = 100_000;

/** Columns of pixels that a line too long to keep is reduced to. */
const COMPACT_COLUMNS = 10_000;

export type Range = [min: number, max: number];

/** Where a line's points lie along an axis: `values` less `offset`. */
export type Along = { values: Float64Array; offset: number; sorted: boolean };

/** A place where a line has no number to draw: `y` is NaN or infinite. */
export type Gap = { x: number; y: number; at: number };

/** Whether both are NaN, or both infinite. */
export function isSameGap(one: number, other: number): boolean {
  return (
    !Number.isFinite(one) && !Number.isFinite(other) && Number.isNaN(one) === Number.isNaN(other)
  );
}

/** One line: growing columns of one length, its extremes, and how many values they stand for. */
export class Series {
  #x = new Float64Array(64);
  #y = new Float64Array(64);
  #at = new Float64Array(64);
  #length = 0;
  /** The last x that is a number, and which ways x has gone. */
  #lastX = Number.NaN;
  #rises = false;
  #falls = false;
  /** Values logged, whether they are here or were reduced away. */
  total = 0;
  /** Whether every x is a number, none below the one before it, as is usual over steps. */
  sorted = true;
  /** The same of the times. */
  sortedInTime = true;
  /** Where it first is NaN, and where infinite, as they came. */
  readonly firstGaps: Gap[] = [];
  #xRange: Range | null = null;
  #yRange: Range | null = null;

  get length(): number {
    return this.#length;
  }

  /** The columns as they are now: views, good until the next `append`. */
  get x(): Float64Array {
    return this.#x.subarray(0, this.#length);
  }
  get y(): Float64Array {
    return this.#y.subarray(0, this.#length);
  }
  get at(): Float64Array {
    return this.#at.subarray(0, this.#length);
  }

  /** Whether x goes one way only, wherever it is a number: a line then leads through the points. */
  get isMonotonic(): boolean {
    return !(this.#rises && this.#falls);
  }

  /** Smallest and largest x that is a finite number, or null where none is. */
  get xRange(): Range | null {
    return this.#xRange;
  }
  get yRange(): Range | null {
    return this.#yRange;
  }

  /** Add points of one length at the end; with them the line stands for `total` values. */
  append(x: Float64Array, y: Float64Array, at: Float64Array, total = this.total + x.length): void {
    const n = Math.min(x.length, y.length);
    this.#reserve(this.#length + n);
    for (let i = 0; i < n; i++) {
      const place = this.#length;
      this.#x[place] = x[i] as number;
      this.#y[place] = y[i] as number;
      this.#at[place] = at[i] ?? Number.NaN;
      this.sorted &&= follows(this.#x, place);
      this.sortedInTime &&= follows(this.#at, place);
      this.#rises ||= (x[i] as number) > this.#lastX;
      this.#falls ||= (x[i] as number) < this.#lastX;
      if (Number.isFinite(x[i])) this.#lastX = x[i] as number;
      this.#xRange = widened(this.#xRange, x[i] as number);
      this.#yRange = widened(this.#yRange, y[i] as number);
      const value = y[i] as number;
      if (!Number.isFinite(value) && !this.firstGaps.some((gap) => isSameGap(gap.y, value))) {
        this.firstGaps.push({ x: x[i] as number, y: value, at: at[i] ?? Number.NaN });
      }
      this.#length += 1;
    }
    this.total = Math.max(total, this.#length);
    if (this.#length > MOST_POINTS) this.#compact();
  }

  /**
   * The line as it was at a moment: the points that were logged until then.
   *
   * Of a line that is reduced, `total` is about how many values those stand for.
   */
  until(at: number): Series {
    const line = new Series();
    if (this.sortedInTime) {
      const n = lowerBound(this.at, at, true);
      const part = [this.x, this.y, this.at].map((column) => column.subarray(0, n));
      line.append(...(part as [Float64Array, Float64Array, Float64Array]), this.#share(n));
      return line;
    }
    const places = Uint32Array.from(
      [...this.at.keys()].filter((i) => (this.at[i] as number) <= at),
    );
    const pick = (column: Float64Array) =>
      Float64Array.from(places, (place) => column[place] as number);
    line.append(pick(this.x), pick(this.y), pick(this.at), this.#share(places.length));
    return line;
  }

  #share(points: number): number {
    return points === 0 ? 0 : Math.round((this.total * points) / this.#length);
  }

  /** The places of at most three points for each of `columns` columns of pixels. */
  reduced(columns: number): Uint32Array {
    return reduce(this.#order(), this.y, columns, this.sorted ? undefined : this.x);
  }

  /**
   * The same of the part of the line that lies in `range` along an axis, and of a point beyond it
   * on each side, so that the line goes on to the edge.
   *
   * @param place of a point along that axis, in pixels of any size
   */
  seen(
    axis: Along,
    range: Range | null,
    columns: number,
    place: (x: number) => number,
  ): Uint32Array {
    const { values, offset } = axis;
    // Back and forth: the extremes along the axis stay as well.
    if (!axis.sorted) return reduce(this.#order(), this.y, range ? 4 * columns : columns, values);
    let [start, end] = [0, this.#length];
    if (range) {
      start = Math.max(0, lowerBound(values, range[0] + offset) - 1);
      end = Math.min(end, lowerBound(values, range[1] + offset, true) + 1);
    }
    const count = Math.max(0, end - start);
    if (count <= 3 * columns) return Uint32Array.from({ length: count }, (_, i) => start + i);
    const order = values.subarray(start, end).map((x) => place(x - offset));
    return reduce(order, this.y.subarray(start, end), columns).map((i) => start + i);
  }

  /** What the columns of pixels divide: the axis where it can be, else time, else the order. */
  #order(): Float64Array {
    if (this.sorted) return this.x;
    if (this.sortedInTime) return this.at;
    return Float64Array.from({ length: this.#length }, (_, i) => i);
  }

  #compact(): void {
    const kept = this.reduced(COMPACT_COLUMNS);
    for (const column of [this.#x, this.#y, this.#at]) {
      kept.forEach((from, to) => {
        column[to] = column[from] as number;
      });
    }
    this.#length = kept.length;
  }

  #reserve(size: number): void {
    if (size <= this.#x.length) return;
    const grown = (column: Float64Array) => {
      const wider = new Float64Array(Math.max(size, 2 * column.length));
      wider.set(column);
      return wider;
    };
    [this.#x, this.#y, this.#at] = [grown(this.#x), grown(this.#y), grown(this.#at)];
  }
}

/**
 * Choose the points of a line that its pixels can show.
 *
 * `order` is cut into `columns` equal parts. Of each part the lowest and the highest finite `y`
 * stay, and one that is not finite where there is one, for it makes a gap; of the line, the first
 * point and the last. A line that goes back and forth gives its `x` too, whose extremes stay.
 *
 * @param order n values that never decrease: x, or the time of each point
 * @param y n values
 * @param columns at least 1
 * @returns places in the arrays, increasing: all of them where n is at most three per column,
 *   else at most three per column (five with `x`) and two more
 */
export function reduce(
  order: Float64Array,
  y: Float64Array,
  columns: number,
  x?: Float64Array,
): Uint32Array {
  const n = y.length;
  if (n <= 3 * columns) return Uint32Array.from({ length: n }, (_, i) => i);
  const kept = new Set<number>([0, n - 1]);
  const first = order[0] as number;
  const scale = columns / ((order[n - 1] as number) - first);
  const columnOf = (i: number) => {
    const place = ((order[i] as number) - first) * scale;
    // All in one place: divide by count instead, as nothing else tells the points apart.
    return Number.isFinite(place)
      ? Math.min(columns - 1, Math.floor(place))
      : Math.floor((i * columns) / n);
  };
  let start = 0;
  for (let i = 1; i <= n; i++) {
    if (i < n && columnOf(i) === columnOf(start)) continue;
    keepExtremes(y, start, i, kept);
    if (x) keepExtremes(x, start, i, kept);
    start = i;
  }
  return Uint32Array.from(kept).sort();
}

/** Add the places of the lowest, the highest and the first not finite value in [start, end). */
function keepExtremes(values: Float64Array, start: number, end: number, kept: Set<number>): void {
  let [low, high, gap] = [-1, -1, -1];
  for (let i = start; i < end; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) {
      if (gap < 0) gap = i;
      continue;
    }
    if (low < 0 || value < (values[low] as number)) low = i;
    if (high < 0 || value > (values[high] as number)) high = i;
  }
  for (const place of [low, high, gap]) if (place >= 0) kept.add(place);
}

/** The first place whose value is not below `target` (beyond it, with `after`); sorted values. */
export function lowerBound(values: Float64Array, target: number, after = false): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = values[middle] as number;
    if (value < target || (after && value === target)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether the value at `place` is finite and not below the one before it. */
function follows(values: Float64Array, place: number): boolean {
  const value = values[place] as number;
  return Number.isFinite(value) && (place === 0 || value >= (values[place - 1] as number));
}

/** `range` with `value` in it; unchanged by a value that is not finite. */
function widened(range: Range | null, value: number): Range | null {
  if (!Number.isFinite(value)) return range;
  if (range === null) return [value, value];
  if (value < range[0]) range[0] = value;
  else if (value > range[1]) range[1] = value;
  return range;
}

/** The smallest range that holds all of `ranges`, or null where there is none. */
export function union(ranges: (Range | null)[]): Range | null {
  let whole: Range | null = null;
  for (const range of ranges) {
    if (range)
      whole = [
        Math.min(whole?.[0] ?? range[0], range[0]),
        Math.max(whole?.[1] ?? range[1], range[1]),
      ];
  }
  return whole;
}

/** The place of the value nearest to `target`, or -1 where there is none; NaN is near nothing. */
export function nearest(values: Float64Array, target: number, sorted: boolean): number {
  if (sorted && values.length > 0) {
    let [low, high] = [0, values.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((values[middle] as number) <= target) low = middle;
      else high = middle;
    }
    return Math.abs((values[high] as number) - target) < Math.abs((values[low] as number) - target)
      ? high
      : low;
  }
  let best = -1;
  let distance = Number.POSITIVE_INFINITY;
  values.forEach((value, i) => {
    const away = Math.abs(value - target);
    if (away < distance) [best, distance] = [i, away];
  });
  return best;
}

/** The float64 values behind a buffer as the kernel sent it, wherever it lies in its message. */
export function floats(buffer: DataView | undefined): Float64Array {
  if (!buffer) return new Float64Array(0);
  const length = Math.floor(buffer.byteLength / 8);
  // Copied: a message's parts need not lie on a multiple of eight bytes.
  return new Float64Array(buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + 8 * length));
}
