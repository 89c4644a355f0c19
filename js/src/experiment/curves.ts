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
  #frame = 0;
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
      wanted.push([run, count]);
    }
    if (wanted.length > 0) {
      this.#request += 1;
      this.#requests.set(this.#request, metric);
      this.#ask({ type: "curves", request: this.#request, metric, runs: wanted });
    }
    return runs.flatMap(([run]) => this.#curves.get(keyOf(metric, run)) ?? []);
  }

  /** Whether some of `runs` have been asked for and have not come yet. */
  isWaiting(metric: string, runs: [id: string, count: number][]): boolean {
    return runs.some(([run]) => !this.#curves.has(keyOf(metric, run)));
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
    this.#curves.set(keyOf(metric, told.run), curve);
    this.#tellSoon();
  }

  /** Tell once for all that come before the next frame: each is drawn among all the others. */
  #tellSoon(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#tell();
    });
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function keyOf(metric: string, run: string): string {
  return `${run}\n${metric}`;
}
