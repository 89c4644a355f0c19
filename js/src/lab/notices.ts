/** What is worth a notification: runs that were seen going on and have ended, or became NaN. Pure. */

import { took } from "../format.ts";
import { isOver, keyOf, type LiveRun, titleOf } from "./run.ts";

/** Notifications at once; of more there is one that counts them. */
const MOST = 4;

/** Characters of an error that are told. */
const MOST_TEXT = 80;

export type NoticeKind = "completed" | "failed" | "canceled" | "nan";
export type Notice = { kind: NoticeKind; text: string; run: LiveRun | null };

/** Remembers which runs were seen going on, for as long as the page is open. */
export class Notices {
  /** By key, whether it has been NaN since. */
  readonly #going = new Map<string, boolean>();

  /**
   * What is to be told of runs that have changed.
   *
   * @param isChild whether a run is another one's matter, which then tells of it
   * @param wants which kinds somebody wants to hear of
   */
  of(
    changed: readonly LiveRun[],
    isChild: (run: LiveRun) => boolean,
    wants: (kind: NoticeKind) => boolean,
  ): Notice[] {
    const found = changed
      .flatMap((run) => (isChild(run) ? [] : this.#noticeOf(run)))
      .filter(({ kind }) => wants(kind));
    return found.length > MOST ? summed(found) : found;
  }

  #noticeOf(run: LiveRun): Notice[] {
    const key = keyOf(run);
    const wasNan = this.#going.get(key);
    if (isOver(run)) {
      this.#going.delete(key);
      return wasNan === undefined ? [] : [ended(run)];
    }
    this.#going.set(key, Boolean(run.nan));
    return wasNan === false && run.nan ? [becameNan(run, run.nan)] : [];
  }
}

function ended(run: LiveRun): Notice {
  // A name is spelled as it was given.
  const what = `${run.name ? titleOf(run) : capital(titleOf(run))} of ${run.experiment}`;
  const lasted =
    run.started && run.ended ? ` after ${took(Math.max(0, run.ended - run.started))}` : "";
  if (run.status === "Failed") {
    const why = run.error ? `: ${cut(run.error)}` : "";
    return { kind: "failed", text: `${what} failed${lasted}${why}`, run };
  }
  if (run.status === "Canceled") return { kind: "canceled", text: `${what} was canceled`, run };
  return { kind: "completed", text: `${what} completed${lasted}`, run };
}

function becameNan(run: LiveRun, [metric, step]: [string, number | null]): Notice {
  const where = step === null ? "" : ` at step ${step}`;
  const text = `${cut(metric)} became NaN${where}: ${titleOf(run)} of ${run.experiment}`;
  return { kind: "nan", text, run };
}

/** One notice for each kind. */
function summed(notices: Notice[]): Notice[] {
  const said = {
    completed: "completed",
    failed: "failed",
    canceled: "canceled",
    nan: "became NaN",
  };
  return (["failed", "nan", "canceled", "completed"] as const).flatMap((kind) => {
    const some = notices.filter((notice) => notice.kind === kind);
    if (some.length < 2) return some;
    const experiments = [...new Set(some.map(({ run }) => run?.experiment))];
    const where = experiments.length === 1 ? ` of ${experiments[0]}` : "";
    return [{ kind, text: `${some.length} runs${where} ${said[kind]}`, run: null }];
  });
}

function cut(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length > MOST_TEXT ? `${line.slice(0, MOST_TEXT - 1)}…` : line;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
