/** A run as it was at a moment: what the browser has of it, without what came later. */

import { chartOf } from "../charts/chart.ts";
import { type Board, boardOf, hang } from "../charts/look.ts";
import { lowerBound, type Range, type Series } from "../charts/series.ts";
import { number } from "../format.ts";
import { isLog } from "../logs/log_window.ts";
import {
  age_s,
  type Child,
  type Facts,
  isFinal,
  type Metric,
  type Model,
  type RunModel,
  still,
} from "../model.ts";

/** What a moment changes besides the charts, which go by their board. */
const TIMED = [
  "facts",
  "metrics",
  "tables",
  "documents",
  "images",
  "files",
  "children",
  "original",
] as const;

/** How often that is told while the moment moves; the charts follow each frame. */
const PAUSE_MS = 100;

/**
 * Stands before a run's model, and shows views the run as it was at the moment of its board.
 *
 * Views need not know of it: at another moment they hear that what they show has changed.
 */
export class PastRun implements Model<RunModel> {
  readonly board: Board;
  readonly #now: Model<RunModel>;
  readonly #heard = new Map<string, Set<(...args: unknown[]) => void>>();
  readonly #made = new Map<string, { moment: number; from: unknown[]; value: unknown }>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDue = false;

  constructor(run: Model<RunModel>) {
    this.#now = run;
    this.board = boardOf(run);
    hang(this, this.board);
    this.board.on("moment", new AbortController().signal, () => this.#moved());
  }

  get<K extends keyof RunModel & string>(name: K): RunModel[K] {
    const { moment } = this.board;
    const then = moment === null ? undefined : THEN[name as (typeof TIMED)[number]];
    if (moment === null || !then) return this.#now.get(name);
    // Made once for all who ask, so that each sees at once whether it has changed.
    const from = [...TIMED, "charts" as const].map((each) => this.#now.get(each));
    const made = this.#made.get(name);
    const isSame = made?.moment === moment && from.every((value, i) => value === made.from[i]);
    if (isSame) return made.value as RunModel[K];
    const value = then(this.#now, moment, (each) => this.get(each));
    this.#made.set(name, { moment, from, value });
    return value as RunModel[K];
  }

  set_state(state: Partial<RunModel>): void {
    this.#now.set_state(state);
  }

  on(events: string, callback: (...args: unknown[]) => void): void {
    this.#now.on(events, callback);
    for (const event of events.split(" ")) {
      this.#heard.set(event, (this.#heard.get(event) ?? new Set()).add(callback));
    }
  }

  off(events: string, callback: (...args: unknown[]) => void): void {
    this.#now.off(events, callback);
    for (const event of events.split(" ")) this.#heard.get(event)?.delete(callback);
  }

  trigger(event: string, ...args: unknown[]): void {
    this.#now.trigger(event, ...args);
  }

  get factsNow(): Facts {
    return this.#now.get("facts");
  }

  /** From when until when there is something to see, seconds since the epoch. */
  get span(): Range {
    const facts = this.factsNow;
    const began = facts.started_at ?? facts.created_at;
    const elapsed = (facts.elapsed_s ?? 0) + (isFinal(facts) ? 0 : age_s(facts));
    const known = [
      began,
      facts.ended_at ?? (began === null ? null : began + elapsed),
      facts.last_value_at,
      ...timesOf(this.#now),
    ].filter((at): at is number => at !== null && Number.isFinite(at));
    if (known.length === 0) return [0, 0];
    return [Math.min(...known), Math.max(...known)];
  }

  #moved(): void {
    this.#isDue = true;
    const isNow = this.board.moment === null;
    if (isNow) clearTimeout(this.#timer);
    else if (this.#timer !== undefined) return;
    this.#timer = undefined;
    this.#tell();
    if (isNow) this.#made.clear();
    else this.#timer = setTimeout(() => this.#rested(), PAUSE_MS);
  }

  #rested(): void {
    this.#timer = undefined;
    if (this.#isDue) this.#moved();
  }

  #tell(): void {
    this.#isDue = false;
    for (const name of TIMED) {
      for (const callback of [...(this.#heard.get(`change:${name}`) ?? [])]) callback();
    }
  }
}

const runs = new WeakMap<Model<RunModel>, PastRun>();

/** The one `PastRun` of a model, the same for all its views. */
export function pastOf(run: Model<RunModel>): PastRun {
  const past = runs.get(run) ?? new PastRun(run);
  runs.set(run, past);
  return past;
}

type Get = <K extends keyof RunModel & string>(name: K) => RunModel[K];

/** From the run as it is now and a moment to what there was; `then` is what else there was. */
const THEN: {
  [K in (typeof TIMED)[number]]: (now: Model<RunModel>, moment: number, then: Get) => RunModel[K];
} = {
  facts: factsThen,

  metrics(now, moment) {
    const charts = new Map(now.get("charts").map((chart) => [chart.get("name"), chart]));
    return now.get("metrics").flatMap((metric) => {
      if (metric.at !== null && metric.at > moment) return [];
      const chart = charts.get(metric.name);
      const line = chart && metric.kind === "vector" ? chartOf(chart).lines[0] : undefined;
      return [{ ...metric, text: textThen(metric, line, moment) }];
    });
  },

  tables(now, moment) {
    return now.get("tables").flatMap((table) => {
      const rows = table.rows.filter((_, i) => (table.at[i] ?? Number.NaN) <= moment);
      if (rows.length === 0) return [];
      // Of the rows that are not here, nobody knows when they came, but that it was later.
      const total = rows.length < table.rows.length ? rows.length : table.total;
      return [{ ...table, rows, at: table.at.slice(0, rows.length), total }];
    });
  },

  documents(now, moment) {
    return now.get("documents").flatMap((entry) => {
      const drawn = entry.drawn.filter(({ at }) => at === null || at <= moment);
      const isAll = entry.drawn.length === entry.total;
      return drawn.length > 0
        ? [{ ...entry, drawn, total: isAll ? drawn.length : entry.total }]
        : [];
    });
  },

  images(now, moment) {
    return now.get("images").filter((image) => (image.get("at") ?? moment) <= moment);
  },

  files(now, moment) {
    const { started_at } = now.get("facts");
    // A log was there while it was written, and its view shows how far it was.
    const hadBegun = started_at !== null && started_at <= moment;
    return now
      .get("files")
      .filter((file) => file.modified_at <= moment || (hadBegun && isLog(file)));
  },

  children(now, moment) {
    return now.get("children").flatMap((child) => childThen(child, moment));
  },

  original(now, moment) {
    // How well it did what another run did was known at its end.
    return isOver(now.get("facts"), moment) ? now.get("original") : null;
  },
};

function factsThen(now: Model<RunModel>, moment: number, then: Get): Facts {
  const facts = now.get("facts");
  const began = facts.started_at ?? facts.created_at;
  const hasEnded = isOver(facts, moment);
  const values = valuesUntil(now, moment);
  const seen: Partial<Facts> = {
    elapsed_s: began === null ? null : Math.max(0, moment - began),
    points: values.count ?? 0,
    last_value_at: values.last,
    file_count: then("files").length,
    child_count: then("children").length,
    // Nobody has written down when these were otherwise.
    ...(hasEnded ? {} : { done_steps: null, total_steps: null }),
    ...{ waiting_for: "", interrupted: "", stop_requested: false },
  };
  if (hasEnded) return still({ ...facts, ...seen, elapsed_s: facts.elapsed_s });
  const status = began !== null && moment < began ? "NotStarted" : "Running";
  return still({ ...facts, ...seen, status, error: null, ended_at: null });
}

function isOver(facts: Facts, moment: number): boolean {
  return isFinal(facts) && (facts.ended_at === null || facts.ended_at <= moment);
}

/** How many values were logged until a moment, null where it cannot be told, and when the last. */
function valuesUntil(
  now: Model<RunModel>,
  moment: number,
): { count: number | null; last: number | null } {
  let count: number | null = 0;
  let last = Number.NEGATIVE_INFINITY;
  const add = (n: number, at: number) => {
    if (count !== null) count += n;
    if (n > 0) last = Math.max(last, at);
  };
  const drawn = new Set<string>();
  for (const chart of now.get("charts")) {
    if (chart.get("kind") !== "metric") continue;
    drawn.add(chart.get("name"));
    for (const line of chartOf(chart).lines) {
      const then = until(line, moment);
      add(then.count, line.at[then.place] ?? last);
      if (line.total > line.length) count = null;
    }
  }
  for (const { name, kind, at } of now.get("metrics")) {
    if (isSingle(kind) && !drawn.has(name) && at !== null) add(Number(at <= moment), at);
  }
  for (const { at, rows, total } of now.get("tables")) {
    const n = at.filter((each) => each !== null && each <= moment).length;
    add(n, at[n - 1] ?? last);
    if (n === rows.length && total > n) count = null;
  }
  for (const image of now.get("images")) {
    const at = image.get("at");
    if (at !== null) add(Number(at <= moment), at);
  }
  for (const { drawn } of now.get("documents")) {
    for (const { at } of drawn) if (at !== null) add(Number(at <= moment), at);
  }
  return { count, last: Number.isFinite(last) ? last : null };
}

/** How many of a line's points there were at a moment, and the place of the last one. */
function until(line: Series, moment: number): { count: number; place: number } {
  if (line.sortedInTime) {
    const count = lowerBound(line.at, moment, true);
    return { count, place: count - 1 };
  }
  const places = [...line.at.keys()].filter((i) => (line.at[i] as number) <= moment);
  return { count: places.length, place: places.at(-1) ?? -1 };
}

function isSingle(kind: string): boolean {
  return kind === "scalar" || kind === "text";
}

function textThen({ kind, text }: Metric, line: Series | undefined, moment: number): string {
  if (isSingle(kind)) return text;
  const plain = text.replace(/\[.*\]$/s, "");
  if (!line) return plain;
  const { count, place } = until(line, moment);
  const value = line.y[place];
  if (count === 1 && value !== undefined) return number(value);
  return line.total > line.length ? plain : `${plain}[${count}]`;
}

function childThen(child: Child, moment: number): Child[] {
  const { started_at, elapsed_s } = child;
  if (started_at === null || started_at > moment) return [];
  const ended = isFinal(child) && elapsed_s !== null ? started_at + elapsed_s : null;
  if (ended !== null && ended <= moment) return [child];
  // What it measured until then is in its own panel.
  return [{ ...child, status: "Running", elapsed_s: moment - started_at, error: "", metrics: {} }];
}

/** When values came, the first and the last of each line among them. */
function* timesOf(run: Model<RunModel>): Generator<number | null> {
  for (const chart of run.get("charts")) {
    for (const { at, sortedInTime } of chartOf(chart).lines) {
      if (!sortedInTime) yield* at;
      else if (at.length > 0) yield* [at[0] as number, at[at.length - 1] as number];
    }
  }
  for (const image of run.get("images")) yield image.get("at");
  for (const { drawn } of run.get("documents")) for (const { at } of drawn) yield at;
  for (const { at } of run.get("tables")) yield* [at[0] ?? null, at.at(-1) ?? null];
}

/** How much came when: of `bins` equal parts of `span`, each one's share of the fullest. */
export function activity(run: Model<RunModel>, [from, to]: Range, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  const add = (at: number) => {
    const place = Math.min(bins - 1, Math.floor((bins * (at - from)) / (to - from)));
    if (place >= 0) counts[place] = (counts[place] as number) + 1;
  };
  for (const chart of run.get("charts")) {
    for (const { at } of chartOf(chart).lines) at.forEach(add);
  }
  for (const image of run.get("images")) add(image.get("at") ?? Number.NaN);
  for (const { at } of run.get("tables")) for (const each of at) add(each ?? Number.NaN);
  const most = Math.max(1, ...counts);
  return counts.map((count) => count / most);
}
