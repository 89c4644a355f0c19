/**
 * What the kernel syncs, name for name as `run_widgets/panel/run_details.py` and `charts.py` spell it.
 *
 * Times are seconds since the epoch, durations seconds, sizes bytes.
 */

/** All that the header shows; one small object, replaced when something in it changed. */
export type Facts = {
  run_id: string;
  experiment: string;
  number: number;
  title: string;
  display_name: string;
  description: string;
  status: string;
  created_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  /** When it was sent; the browser counts on from there while the run goes on. */
  elapsed_s: number | null;
  arguments: string[];
  script: string;
  type: string | null;
  tags: Record<string, string | null>;
  properties: Record<string, string | null>;
  error: { message: string; code: string; type: string; traceback: string } | null;
  waiting_for: string;
  /** The error that the last cell ended with, while the run goes on. */
  interrupted: string;
  /** Somebody asked the run to end at its next step. */
  stop_requested: boolean;
  /** Of the loop that the run tracks, where there is one, and where its end is known. */
  done_steps: number | null;
  total_steps: number | null;
  target: string;
  created_by: string;
  parent: string | null;
  points: number;
  last_value_at: number | null;
  /** There may be more files and children than are told of one by one. */
  file_count: number;
  child_count: number;
  /** Below the server's base URL; empty where the run has no page. */
  portal_path: string;
  /** The run's page at a portal of its own, where the kernel knows of no server behind the page. */
  portal_url?: string;
};

/** `at` is when it was first logged; of a single value, `kind` tells a "scalar" from a "text". */
export type Metric = { name: string; kind: string; text: string; at: number | null };

/** A logged table; `rows` are the first of `total`, and `at` is when each was logged. */
export type Table = {
  name: string;
  columns: string[];
  rows: Cell[][];
  at: (number | null)[];
  total: number;
};
export type Cell = string | number | boolean | null;

export type FileEntry = { path: string; bytes: number; modified_at: number };

/** Confusion matrices, accuracy tables, … of one name: of `total` some, the last among them. */
export type DocumentEntry = { name: string; kind: string; total: number; drawn: Drawn[] };

/** One document; `problem` says why it is not drawn. */
export type Drawn = {
  step: number | null;
  at: number | null;
  matrix: { labels: string[]; counts: number[][]; note: string } | null;
  charts: DocumentChart[];
  problem: string;
};
export type DocumentChart = {
  title: string;
  x_label: string;
  y_label: string;
  lines: { name: string; x: number[]; y: number[]; errors: number[] | null; note: string }[];
  bars: { edges: number[]; counts: number[] } | null;
  /** A dashed line from x, y to x, y. */
  reference: [number, number, number, number] | null;
  note: string;
};

/** A run below this one. */
export type Child = {
  run_id: string;
  number: number;
  name: string;
  status: string;
  started_at: number | null;
  /** When it was sent; the browser counts on from there while the run goes on. */
  elapsed_s: number | null;
  error: string;
  /** Its arguments and tags. */
  labels: Record<string, string>;
  /** The last value of each. */
  metrics: Record<string, Cell>;
};

/** How Python wants the charts looked at; the browser goes on from there and tells nobody. */
export type Look = {
  /** Names of metrics, or patterns such as `val/*`; none for all of them. */
  metrics: string[];
  /** 0 for as many as there is room for. */
  columns: number;
  smoothing: number;
  /** Or the values of another metric, by its name. */
  x: "step" | "relative" | "elapsed" | "time" | `metric:${string}`;
  x_scale: "linear" | "log" | "symlog";
  y_scale: "linear" | "log" | "symlog";
  /** Whether `train/loss` and `val/loss` share a chart. */
  overlay: boolean;
  /** Whether the vertical axis leaves outliers out. */
  clip: boolean;
};

/** The run that this one does again, and how well it does. */
export type Original = {
  run_id: string;
  /** What its lines are called. */
  title: string;
  headline: string;
  outcome: "going" | "reproduced" | "different" | "unknown" | "gone";
  note: string;
  metrics: Verdict[];
};
/** What became of one metric; `largest` is a relative difference, where all values are numbers. */
export type Verdict = {
  name: string;
  verdict: string;
  before: string;
  after: string;
  largest: number | null;
};

export type RunModel = {
  look: Look;
  facts: Facts;
  metrics: Metric[];
  charts: Model<RunChartModel>[];
  /** Those that somebody has taken in Python, by the places of their charts. */
  figures: { place: number; figure: Model<FigureModel> }[];
  tables: Table[];
  documents: DocumentEntry[];
  images: Model<RunImageModel>[];
  files: FileEntry[];
  children: Child[];
  original: Original | null;
  behind: Behind[];
  problem: string;
  following: boolean;
};

/** One line of a chart; `total` counts the values logged, shown or not. */
export type SeriesEntry = { name: string; color: string; total: number };

/** The points of one line as float64 buffers of one length; `at` is when each was logged. */
export type Columns = { x: DataView; y: DataView; at: DataView };

/** A line of the run that this one does again; `at` counts from that run's start. */
export type Behind = { chart: string; line: string } & Columns;

/** One chart as the kernel tells of it. */
export type ChartState = {
  name: string;
  kind: string;
  x_label: string;
  y_label: string;
  series: SeriesEntry[];
  data: Columns[];
};

/** One chart as the browser has it. */
export type RunChartModel = ChartState & {
  /** Null until somebody takes it in Python to restyle it; the browser makes its own. */
  figure: Model<FigureModel> | null;
};

/** What one chart got since the last message: per series, places of its columns among the buffers. */
export type Append = {
  type: "append";
  /** The sum of the totals before it. */
  from: number;
  /** `total` is the series' after it. */
  series: ({ x: number; y: number; at: number; total: number } | null)[];
};

/** A chart that is new, or has a line that is: all of it, `data` as places among the buffers. */
export type Whole = Omit<ChartState, "data"> & {
  type: "whole";
  data: { x: number; y: number; at: number }[];
};

/** What a run got since the last message: by place of the metric or chart, and by table. */
export type Grow = {
  type: "grow";
  /** Of one that is known, its new text. */
  metrics: Record<string, Metric | string>;
  charts: Record<string, Append | Whole>;
  tables: (Table & { from: number })[];
};

export type RunImageModel = {
  name: string;
  path: string;
  step: number | null;
  at: number | null;
  mime: string;
  data: DataView | null;
};

/** What we touch of bqplot's models. */
export type FigureModel = {
  marks: Model<LinesModel>[];
  axes: Model<AxisModel>[];
  fig_margin: Margin;
  padding_x: number;
  padding_y: number;
  display_toolbar: boolean;
  legend_location: string;
  title: string;
};
export type Margin = { top: number; right: number; bottom: number; left: number };
export type LinesModel = {
  x: Float64Array;
  y: Float64Array;
  colors: string[];
  marker: string | null;
  marker_size: number;
  stroke_width: number;
  line_style: string;
  scales: { x: Model<ScaleModel>; y: Model<ScaleModel> };
};
export type ScaleModel = { min: number | null; max: number | null; allow_padding: boolean };
export type AxisModel = {
  side: "bottom" | "top" | "left" | "right";
  scale: Model<ScaleModel>;
  label: string;
  label_offset: string | null;
  tick_format: string | null;
  tick_values: number[] | null;
  tick_labels: Record<string, string> | null;
};

/**
 * The part of a widget's model that views use, typed by its fields.
 *
 * A view so runs on the widget's model and on the fake of its test.
 */
export interface Model<T> {
  get<K extends keyof T & string>(name: K): T[K];
  /** Set as if the kernel had: what is set here never travels back to it. */
  set_state(state: Partial<T>): void;
  // biome-ignore lint/suspicious/noExplicitAny: an event brings what its sender likes
  on(events: string, callback: (...args: any[]) => void): void;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  off(events: string, callback: (...args: any[]) => void): void;
  trigger(event: string, ...args: unknown[]): void;
}

/** Call `draw` now, and whenever one of `fields` changes until `life` ends. */
export function watch<T>(
  model: Model<T>,
  fields: (keyof T & string)[],
  life: AbortSignal,
  draw: () => void,
): void {
  listen(model, fields.map((field) => `change:${field}`).join(" "), life, draw);
  draw();
}

/** Call `callback` at each of `events` until `life` ends. */
export function listen<T>(
  model: Model<T>,
  events: string,
  life: AbortSignal,
  // biome-ignore lint/suspicious/noExplicitAny: an event brings what its sender likes
  callback: (...args: any[]) => void,
): void {
  model.on(events, callback);
  life.addEventListener("abort", () => model.off(events, callback), { once: true });
}

const FINAL = new Set(["Completed", "Failed", "Canceled"]);

/** Whether a run has ended for good. */
export function isFinal({ status }: { status: string }): boolean {
  return FINAL.has(status);
}

const received = new WeakMap<Facts, number>();

/**
 * Seconds since this browser got `facts`, by its own clock alone.
 *
 * Durations tick on with it, so a browser and a kernel that disagree about the time of day
 * still agree about a duration.
 */
export function age_s(facts: Facts): number {
  if (isStill(facts)) return 0;
  const now = Date.now();
  const at = received.get(facts) ?? now;
  received.set(facts, at);
  return Math.max(0, (now - at) / 1000);
}

const stills = new WeakSet<Facts>();

/** Facts of a moment that is looked at: they do not grow older. */
export function still(facts: Facts): Facts {
  stills.add(facts);
  return facts;
}

export function isStill(facts: Facts): boolean {
  return stills.has(facts);
}
