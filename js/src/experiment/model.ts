/** What the kernel tells of an experiment, as `run_widgets/panel/experiment_details.py` spells it. */

import type { CodeChanges } from "../server.ts";

export type ExperimentFacts = {
  experiment: string;
  id: string;
  workspace: string;
  /** Below the server's base URL: the experiment's page, and what the pages of runs begin with. */
  portal_path: string;
  runs_path: string;
  /** The experiment's page on a portal of its own; empty where none runs. */
  portal_url?: string;
  /** Behind both: which workspace. */
  query: string;
};

/** Of a column: its group (`run`, `tag`, `property`, `argument`, `metric`), name, and field. */
export type Key = [group: string, name: string, field: string];

/** Cells of one column. Numbers are places among the buffers, but for `count` and `first`. */
export type ToldColumn = {
  key: Key;
  count: number;
  /** Rows count up from here; else `rows` is an array of uint32. */
  first?: number;
  rows?: number;
  /** float64; absent where all cells are texts. */
  numbers?: number;
  /** int32, as `MISSING` and `NUMBER` say; absent where all cells are numbers. */
  codes?: number;
  words?: string[];
  words_from?: number;
};

/** What is new of a table, or the whole of it. */
export type Told = {
  from: number;
  version: number;
  ids: string[];
  ids_from: number;
  /** Rows that are gone. */
  gone: number[];
  columns: ToldColumn[];
  goals: Record<string, string>;
  left_out: number;
  /** When this was said, by the kernel's clock. */
  now: number;
};

export type ExperimentModel = {
  facts: ExperimentFacts;
  table: { told: Told; buffers: DataView[] } | Record<string, never>;
  loading: boolean;
  /** Whether child runs are listed where no choice is remembered. */
  include_children: boolean;
  problem: string;
};

/** Columns of one curve: places of float64 arrays among the buffers. */
export type ToldCurve = {
  run: string;
  total: number;
  outline: [step: number, at: number, y: number];
  means: [step: number, at: number, y: number] | null;
};

export type Message =
  | { type: "rows"; told: Told }
  | { type: "curve"; request: number; curve: ToldCurve }
  | { type: "packages"; request: number; packages: Record<string, Record<string, string>> }
  | { type: "code"; request: number; runs: [before: string, after: string]; code: CodeChanges };
