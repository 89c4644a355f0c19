/** How the charts of one panel are looked at: in the browser's hands, whatever the kernel does. */

import {
  type Behind,
  isFinal,
  type Look,
  type Model,
  type RunChartModel,
  type RunModel,
} from "../model.ts";
import { kernelOf } from "../run/kernel.ts";
import { type Lines, type RunServer, serverOf } from "../server.ts";
import { browserShelf, keep, kept, texts } from "../shelf.ts";

/** All that can be set above the charts; the first half may come from Python. */
export type Settings = Look & { filter: string; size: "small" | "medium" | "large" };

/** As charts are looked at where nobody asks for anything else. */
export const PLAIN: Look = {
  metrics: [],
  columns: 0,
  smoothing: 0,
  x: "step",
  x_scale: "linear",
  y_scale: "linear",
  overlay: false,
  clip: false,
};

const METRIC = "metric:";

/** The metric that charts are drawn over, where one is chosen in place of steps or time. */
export function metricOf(x: Look["x"]): string | null {
  return x.startsWith(METRIC) ? x.slice(METRIC.length) : null;
}

/** The horizontal axis that is a metric. */
export function overMetric(name: string): Look["x"] {
  return `${METRIC}${name}`;
}

/** Where charts are: all runs of an experiment have them so, also when the page comes back. */
export type Arrangement = {
  /** Names of the charts that come first, in the order in which they were pinned. */
  pinned: string[];
  /** Names of the charts that have the panel's whole width. */
  wide: string[];
  /** Prefixes whose charts are folded away. */
  folded: string[];
};

const ARRANGED = "run-widgets:charts:";

type Heard = {
  settings: (changed: ReadonlySet<string>) => void;
  pointed: () => void;
  moment: () => void;
};

/** What the charts of a panel share; it outlives the panel's views. */
export class Board {
  settings: Settings;
  /** Where somebody points, along the axis that all share; null for nowhere. */
  x: number | null = null;
  /** The chart that has the pointer. */
  source: object | null = null;
  /** When it is that everything is shown as it was, seconds since the epoch; null for now. */
  moment: number | null = null;
  readonly #run: Model<RunModel> | null;
  #arranged: Arrangement | null = null;
  readonly #heard: { [K in keyof Heard]: Set<Heard[K]> } = {
    settings: new Set(),
    pointed: new Set(),
    moment: new Set(),
  };

  constructor(run: Model<RunModel> | null = null) {
    this.#run = run;
    this.settings = { ...PLAIN, filter: "", size: "medium", ...run?.get("look") };
  }

  /** Whether a panel's charts hang here, and not one alone. */
  get isShared(): boolean {
    return this.#run !== null;
  }

  /** Whether values may still come to what is seen. */
  get isLive(): boolean {
    const facts = this.#run?.get("facts");
    return facts !== undefined && !isFinal(facts) && this.moment === null;
  }

  /** The charts of metrics, which others can be drawn over. */
  get metricCharts(): Model<RunChartModel>[] {
    const charts = this.#run?.get("charts") ?? [];
    return charts.filter((chart) => chart.get("kind") === "metric");
  }

  /** When the run began, seconds since the epoch; null where nothing is known of it. */
  get startedAt(): number | null {
    const facts = this.#run?.get("facts");
    return facts?.started_at ?? facts?.created_at ?? null;
  }

  /** What the lines of the run that this one does again are called. */
  get original(): string {
    return this.#run?.get("original")?.title || "original";
  }

  /** The lines of that run. */
  get behind(): Behind[] {
    return this.#run?.get("behind") ?? [];
  }

  /** The kernel that can be asked for what its files have, or null. */
  get kernel(): Lines | null {
    return this.#run && kernelOf(this.#run);
  }

  /** The server that has the run's files, or null. */
  get server(): RunServer | null {
    const facts = this.#run?.get("facts");
    return facts ? serverOf(facts) : null;
  }

  change(settings: Partial<Settings>): void {
    const changed = new Set(
      (Object.keys(settings) as (keyof Settings)[]).filter(
        (name) => JSON.stringify(settings[name]) !== JSON.stringify(this.settings[name]),
      ),
    );
    if (changed.size === 0) return;
    this.settings = { ...this.settings, ...settings };
    this.#tell(changed);
  }

  get arranged(): Readonly<Arrangement> {
    if (this.#arranged) return this.#arranged;
    const read = kept(browserShelf(), this.#shelfName) as Partial<Arrangement> | null;
    const known = {
      pinned: texts(read?.pinned),
      wide: texts(read?.wide),
      folded: texts(read?.folded),
    };
    // What a panel shows may be told after it is there.
    if (this.#run?.get("facts").experiment) this.#arranged = known;
    return known;
  }

  get #shelfName(): string {
    return `${ARRANGED}${this.#run?.get("facts").experiment ?? ""}`;
  }

  pin(name: string): void {
    this.#turn("pinned", name);
  }

  widen(name: string): void {
    this.#turn("wide", name);
  }

  fold(prefix: string): void {
    this.#turn("folded", prefix);
  }

  /** Take a name into one of the lists, or out of it. */
  #turn(list: keyof Arrangement, name: string): void {
    const before = this.arranged[list];
    const after = before.includes(name)
      ? before.filter((each) => each !== name)
      : [...before, name];
    this.#arranged = { ...this.arranged, [list]: after };
    if (this.#run) keep(browserShelf(), this.#shelfName, this.#arranged);
    this.#tell(new Set([list]));
  }

  /** Say where somebody points in `source`; the other charts show what they have there. */
  point(x: number | null, source: object): void {
    if (x === null && this.source !== source) return;
    this.x = x;
    this.source = x === null ? null : source;
    for (const heard of this.#heard.pointed) heard();
  }

  /** Show everything as it was at a moment; null for as it is now. */
  go(moment: number | null): void {
    if (moment === this.moment) return;
    this.moment = moment;
    for (const heard of this.#heard.moment) heard();
  }

  on<K extends keyof Heard>(event: K, life: AbortSignal, heard: Heard[K]): void {
    const all: Set<Heard[K]> = this.#heard[event];
    all.add(heard);
    life.addEventListener("abort", () => all.delete(heard), { once: true });
  }

  #tell(changed: ReadonlySet<string>): void {
    for (const heard of this.#heard.settings) heard(changed);
  }
}

const boards = new WeakMap<object, Board>();

/** The board of a run's panel, the same for all its views. */
export function boardOf(run: Model<RunModel>): Board {
  const board = boards.get(run) ?? new Board(run);
  boards.set(run, board);
  return board;
}

/** The board that a chart hangs on: its panel's, or one of its own where it is shown alone. */
export function boardOfChart(chart: Model<RunChartModel>): Board {
  const board = boards.get(chart) ?? new Board();
  boards.set(chart, board);
  return board;
}

/** Hang a chart, or whatever else stands for a run, on its panel's board. */
export function hang(model: Model<RunChartModel> | Model<RunModel>, board: Board): void {
  boards.set(model, board);
}
