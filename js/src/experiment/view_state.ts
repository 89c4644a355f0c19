/** What a person has chosen to see of an experiment, remembered in the browser. */

import { browserShelf, keep, kept, type Shelf } from "../shelf.ts";
import type { Spread } from "./align.ts";
import { Colors } from "./colors.ts";
import { keyOf } from "./columns.ts";
import { ALL, type Query, type Rule, type Sort } from "./query.ts";

export const AXES = ["step", "relative", "time"] as const;
export type Axis = (typeof AXES)[number];

const COMPARISONS = ["curves", "differences", "scatter", "parallel"] as const;
export type ComparisonKind = (typeof COMPARISONS)[number];

/** All of it; `null` stands for what nobody has chosen, and the data say. */
export type ViewState = {
  query: Query;
  /** Ids of columns, in order; null: those that most runs have. */
  columns: string[] | null;
  /** Pixels, by column. */
  widths: Record<string, number>;
  /** Columns drawn over the runs; null: duration and the first metrics. */
  charts: string[] | null;
  /** Whether a chart's upward axis is logarithmic, by column, where somebody has said. */
  chartLogs: Record<string, boolean>;
  over: "number" | "time";
  page: "Runs" | "Compare";
  comparison: ComparisonKind;
  curves: {
    metric: string | null;
    axis: Axis;
    logX: boolean;
    logY: boolean;
    /** A column whose values make groups; null: each run alone. */
    groupBy: string | null;
    /** Of the exponential moving average; 0 draws the values as they were logged. */
    smoothing: number;
    /** A second column, by whose values those groups are parted. */
    andBy: string | null;
    spread: Spread;
  };
  /** Also what is the same for all. */
  allFacts: boolean;
  scatter: {
    x: string | null;
    y: string | null;
    color: string | null;
    /** null: where a parameter was tried over orders of magnitude. */
    logX: boolean | null;
    logY: boolean | null;
  };
  parallel: string[] | null;
  /** Places in the palette that runs have got, by id. */
  colors: [id: string, place: number][];
};

export const DEFAULT: ViewState = {
  query: ALL,
  columns: null,
  widths: {},
  charts: null,
  chartLogs: {},
  over: "number",
  page: "Runs",
  comparison: "curves",
  curves: {
    metric: null,
    axis: "step",
    logX: false,
    logY: false,
    groupBy: null,
    smoothing: 0,
    andBy: null,
    spread: "std",
  },
  allFacts: false,
  scatter: { x: null, y: null, color: null, logX: null, logY: null },
  parallel: null,
  colors: [],
};

const NAME = "run-widgets:view:";

/** The view of one experiment, and who wants to know when it changes. */
export class View {
  state: ViewState;
  /** Runs chosen for comparing, by id, in the order of choosing; not remembered. */
  readonly chosen = new Set<string>();
  readonly colors: Colors;
  readonly #default: ViewState;
  readonly #name: string;
  readonly #shelf: Shelf | null;
  readonly #listeners = new Set<(what: Change) => void>();

  /** `children`: whether child runs are listed, as long as nobody has chosen. */
  constructor(
    experiment: string,
    { shelf = browserShelf(), children = false }: { shelf?: Shelf | null; children?: boolean } = {},
  ) {
    this.#name = `${NAME}${experiment}`;
    this.#shelf = shelf;
    this.#default = { ...DEFAULT, query: { ...ALL, children } };
    const read = kept(shelf, this.#name);
    this.state = read === null ? this.#default : checked(read);
    this.colors = new Colors(this.state.colors);
  }

  /** Change some of it, remember it, and tell. */
  set(change: Partial<ViewState>): void {
    this.state = { ...this.state, ...change };
    this.#write();
    this.#tell("state");
  }

  /** Give runs that are about to be drawn their colours. */
  color(ids: Iterable<string>): void {
    if (!this.colors.give(ids)) return;
    this.state = { ...this.state, colors: this.colors.places };
    this.#write();
  }

  query(change: Partial<Query>): void {
    this.set({ query: { ...this.state.query, ...change } });
  }

  /** Whether the list is as nobody has touched it; which page is open is no part of that. */
  get isUntouched(): boolean {
    const { query, columns, widths, charts, chartLogs, over } = this.state;
    const of = this.#default;
    const list = [query, columns, widths, charts, chartLogs, over];
    const untouched = [of.query, of.columns, of.widths, of.charts, of.chartLogs, of.over];
    return JSON.stringify(list) === JSON.stringify(untouched);
  }

  reset(): void {
    this.state = { ...this.#default, colors: this.state.colors };
    this.#write();
    this.#tell("state");
  }

  /** Choose runs, or let them go. */
  choose(ids: Iterable<string>, chosen: boolean): void {
    for (const id of ids) {
      if (chosen) this.chosen.add(id);
      else this.chosen.delete(id);
    }
    this.color(this.chosen);
    this.#tell("chosen");
  }

  /** Call `listener` at each change until `life` ends. */
  on(life: AbortSignal, listener: (what: Change) => void): void {
    this.#listeners.add(listener);
    life.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  #tell(what: Change): void {
    for (const listener of [...this.#listeners]) listener(what);
  }

  #write(): void {
    keep(this.#shelf, this.#name, this.state);
  }
}

export type Change = "state" | "chosen";

/** A state made of what was read: an older version of ours, or anybody, may have written it. */
export function checked(read: unknown): ViewState {
  if (!isObject(read)) return DEFAULT;
  const query = isObject(read.query) ? read.query : {};
  const curves = isObject(read.curves) ? read.curves : {};
  const scatter = isObject(read.scatter) ? read.scatter : {};
  return {
    query: {
      text: text(query.text) ?? "",
      statuses: texts(query.statuses) ?? [],
      rules: Array.isArray(query.rules) ? query.rules.filter(isRule) : [],
      children: query.children === true,
      sort: sorts(query.sort) ?? ALL.sort,
    },
    columns: ids(read.columns),
    widths: pairs(read.widths, (value): value is number => typeof value === "number" && value > 0),
    charts: ids(read.charts),
    chartLogs: pairs(read.chartLogs, (value): value is boolean => typeof value === "boolean"),
    over: read.over === "time" ? "time" : "number",
    page: read.page === "Compare" ? "Compare" : "Runs",
    comparison: COMPARISONS.find((kind) => kind === read.comparison) ?? "curves",
    curves: {
      metric: text(curves.metric),
      axis: AXES.find((axis) => axis === curves.axis) ?? "step",
      logX: curves.logX === true,
      logY: curves.logY === true,
      groupBy: text(curves.groupBy),
      smoothing: isFactor(curves.smoothing) ? curves.smoothing : 0,
      andBy: text(curves.andBy),
      spread: (["std", "ci95", "minmax"] as const).find((s) => s === curves.spread) ?? "std",
    },
    allFacts: read.allFacts === true,
    scatter: {
      x: text(scatter.x),
      y: text(scatter.y),
      color: text(scatter.color),
      logX: yesOrNo(scatter.logX),
      logY: yesOrNo(scatter.logY),
    },
    parallel: ids(read.parallel),
    colors: Array.isArray(read.colors) ? read.colors.filter(isPlace) : [],
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What of an object is of one kind. */
function pairs<T>(value: unknown, fits: (value: unknown) => value is T): Record<string, T> {
  if (!isObject(value)) return {};
  const kept = Object.entries(value).filter((pair): pair is [string, T] => fits(pair[1]));
  return Object.fromEntries(kept);
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function yesOrNo(value: unknown): boolean | null {
  return typeof value === "boolean" ? value : null;
}

function texts(value: unknown): string[] | null {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : null;
}

function ids(value: unknown): string[] | null {
  return texts(value)?.filter((id) => keyOf(id) !== null) ?? null;
}

function sorts(value: unknown): Sort[] | null {
  if (!Array.isArray(value)) return null;
  const found = value.filter((each) => isObject(each) && typeof each.column === "string");
  return found.map(({ column, descending }) => ({ column, descending: descending === true }));
}

function isFactor(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < 1;
}

function isPlace(value: unknown): value is [string, number] {
  if (!Array.isArray(value)) return false;
  const [id, place] = value;
  return typeof id === "string" && Number.isInteger(place) && place >= 0;
}

function isRule(value: unknown): value is Rule {
  if (!isObject(value) || typeof value.column !== "string") return false;
  if (Array.isArray(value.words)) return value.words.every((word) => typeof word === "string");
  const isLimit = (limit: unknown) => limit === null || typeof limit === "number";
  return isLimit(value.min) && isLimit(value.max);
}
