/** The curves of runs: asked for when they are to be seen, and kept. */

import { floats } from "../charts/series.ts";
import type { ToldCurve } from "./model.ts";

/** One metric of one run; columns of one length. */
export type Curve = {
  run: string;
  /** Points of the whole; the columns are fewer where it is long. */
  total: number;
  /** With every extreme, for drawing. */
  outline: Columns;
  /** Means of equal shares, for bands; the outline where that is the whole. */
  means: Columns;
};

export type Columns = { step: Float64Array; at: Float64Array; y: Float64Array };

/** How a question gets to whoever can read the runs; the answers come to `take`. */
export type Ask = (question: {
  type: "curves";
  request: number;
  metric: string;
  runs: [id: string, count: number][];
}) => void;

/** Milliseconds in which a running run's curve is asked for once at the most. */
const AGAIN_MS = 2000;

/** Between two drawings while more curves are on their way. */
const PAINT_MS = 250;

/** Runs whose curves are asked for at once. */
const MOST = 200;

/** Keeps the curves that have come, by metric and run. */
export class CurveShelf {
  readonly #ask: Ask;
  readonly #curves = new Map<string, Curve>();
  /** What was last asked for each: how many values the run had, and when. */
  readonly #asked = new Map<string, { count: number; at: number }>();
  readonly #requests = new Map<number, string>();
  readonly #listeners = new Set<() => void>();
  #request = 0;
  /** Asked for, and not here yet. */
  readonly #due = new Set<string>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #soon: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Call `listener` whenever a curve has come, or it is time to ask again, until `life` ends. */
  on(life: AbortSignal, listener: () => void): void {
    this.#listeners.add(listener);
    life.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  /**
   * The curves of `metric` that are here; those that are not, or have grown, are asked for.
   *
   * @param runs ids, and how many values of the metric each has by now
   */
  get(metric: string, runs: [id: string, count: number][], now = Date.now()): Curve[] {
    const wanted: [string, number][] = [];
    for (const [run, count] of runs.slice(0, MOST)) {
      const key = keyOf(metric, run);
      const asked = this.#asked.get(key);
      if (asked && asked.count >= count) continue;
      if (asked && now - asked.at < AGAIN_MS) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.#tell();
        }, AGAIN_MS);
        continue;
      }
      this.#asked.set(key, { count, at: now });
      this.#due.add(key);
      wanted.push([run, count]);
    }
    if (wanted.length > 0) {
      this.#request += 1;
      this.#requests.set(this.#request, metric);
      this.#ask({ type: "curves", request: this.#request, metric, runs: wanted });
    }
    return runs.flatMap(([run]) => this.#curves.get(keyOf(metric, run)) ?? []);
  }

  /** Take in an answer to one of our questions. */
  take(request: number, told: ToldCurve, buffers: DataView[]): void {
    const metric = this.#requests.get(request);
    if (metric === undefined) return; // another page's
    const columns = (places: [number, number, number]): Columns => {
      const [step, at, y] = places.map((place) => floats(buffers[place])) as Float64Array[];
      return { step, at, y } as Columns;
    };
    const outline = columns(told.outline);
    const means = told.means ? columns(told.means) : outline;
    const curve = { run: told.run, total: told.total, outline, means };
    const key = keyOf(metric, told.run);
    this.#curves.set(key, curve);
    this.#due.delete(key);
    this.#tellSoon();
  }

  /**
   * Tell of the first at once, and of more that are on their way a few times a second: all are
   * drawn anew with each, and to paint them may take longer than to read them.
   */
  #tellSoon(): void {
    const wait = this.#due.size > 0 ? this.#toldAt + PAINT_MS - performance.now() : 0;
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => {
      this.#toldAt = performance.now();
      this.#tell();
    }, wait);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function keyOf(metric: string, run: string): string {
  return `${run}\n${metric}`;
}
