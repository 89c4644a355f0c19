/** A run as the list of all runs tells of it, and what a row says of it. Pure. */

import { count, duration, number, roughly, took, words } from "../format.ts";
import type { Cell } from "../model.ts";

/** Of one metric: its name, its last value, and its curve in few points, null where it has a gap. */
export type Spark = { metric?: string; last?: Cell; spark?: (number | null)[] };

/** As `run_widgets/portal/live.py` spells it; what is nothing is absent. Times are in seconds. */
export type LiveRun = Spark & {
  workspace: number;
  experiment: string;
  id: string;
  number: number;
  status: string;
  created: number;
  started?: number;
  ended?: number;
  name?: string;
  script?: string;
  parent?: string;
  error?: string;
  waiting_for?: string;
  stop_requested?: boolean;
  done?: number;
  total?: number | null;
  /** What became NaN first, and at which step if that is known. */
  nan?: [metric: string, step: number | null];
};

type Place = Pick<LiveRun, "workspace" | "experiment" | "id">;

export function keyOf({ workspace, experiment, id }: Place): string {
  return JSON.stringify([workspace, experiment, id]);
}

const OVER = new Set(["Completed", "Failed", "Canceled"]);

export function isOver(run: Pick<LiveRun, "status">): boolean {
  return OVER.has(run.status);
}

/** Waits for its turn, and is not at work yet. */
export function isQueued({ status }: Pick<LiveRun, "status">): boolean {
  return status === "Queued" || status === "NotStarted";
}

/** `2 running · 3 queued`, of runs that have not ended; empty where there are none. */
export function goingText(going: number, queued: number): string {
  const told = [`${count(going - queued)} running`, `${count(queued)} queued`];
  return told.filter((_, place) => (place ? queued : going - queued) > 0).join(" · ");
}

/** What a person would call it. */
export function nameOf(run: LiveRun): string {
  return run.name || run.script?.split("/").at(-1) || `Run ${run.number}`;
}

/** `run 7 of spirals`, or its name where it has one. */
export function titleOf(run: LiveRun): string {
  return run.name ? `${run.name} (run ${run.number})` : `run ${run.number}`;
}

/** Somebody has asked it to end, and it has not yet. */
export function isStopping(run: LiveRun): boolean {
  return !isOver(run) && (Boolean(run.stop_requested) || run.status === "CancelRequested");
}

/** How far its loop is, from 0 to 1; null where that is not known. */
export function progressOf(run: LiveRun): number | null {
  if (isOver(run) || run.done === undefined || !run.total) return null;
  return Math.min(1, run.done / run.total);
}

/** What a row says below the name, at the time `now` by the server's clock. */
export function stateOf(run: LiveRun, now: number): string {
  const said = isOver(run) ? took : duration;
  const lasted = run.started === undefined ? "" : said((run.ended ?? now) - run.started);
  if (isOver(run)) {
    const when = run.ended === undefined ? "" : roughly(now - run.ended);
    if (run.status === "Completed") return joined(when, lasted);
    return joined(run.status, run.status === "Failed" ? (run.error ?? "") : lasted, when);
  }
  const progress = progressOf(run);
  const far = progress === null ? "" : `${Math.floor(100 * progress)} %`;
  const status = isStopping(run) ? "Stopping" : run.status === "Running" ? "" : words(run.status);
  return joined(status, run.waiting_for ?? "", far, lasted) || "Running";
}

/** The value at the right of a row. */
export function readingOf({ last }: Spark): string {
  if (last === undefined || last === null) return "";
  return typeof last === "number" ? shortNumber(last) : String(last);
}

function shortNumber(value: number): string {
  return number(Number(value.toPrecision(4)));
}

function joined(...parts: string[]): string {
  return parts.filter(Boolean).join(" · ");
}
