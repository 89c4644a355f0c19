/** All runs that the Jupyter server sees, kept up to date by asking for what is new. */

import { looked, sleep } from "../run/follow.ts";
import { ask, reasonOf, ServerError } from "../server.ts";
import { isOver, isQueued, keyOf, type LiveRun, type Spark } from "./run.ts";

/** Between two questions: while somebody looks at the list, and while its count alone is shown. */
const PAUSES_MS = {
  watched: { going: 1000, quiet: 3000 },
  unwatched: { going: 4000, quiet: 15_000 },
};

/** After a failure, and no longer than that. */
const RETRY_MS = 2000;
const LONGEST_MS = 60_000;

/** Of one question. */
const MOST_SPARKS = 50;

/** The answer of `run_widgets/portal/live.py`. */
export type News = {
  version: string;
  whole: boolean;
  now: number;
  loading: boolean;
  workspaces: string[];
  total: number;
  runs: LiveRun[];
  gone: [workspace: number, experiment: string, id: string][];
};

type Listener = (changed: readonly LiveRun[]) => void;

export class LiveRuns {
  readonly runs = new Map<string, LiveRun>();
  /** Folders; a run says which of them it is in. */
  workspaces: string[] = [];
  /** How many runs there are; more than `runs` where those are very many. */
  total = 0;
  /** Whether the server still reads what is there. */
  loading = true;
  /** Why the server could not be asked; empty while all is well. */
  problem = "";
  readonly #root: string;
  readonly #listeners = new Set<Listener>();
  readonly #sparks = new Map<string, Spark | null>();
  readonly #wanted = new Map<string, LiveRun>();
  #version = "";
  #ahead_s = 0; // of the server's clock before this one
  #watched = false;
  #nap = new AbortController();
  #isAskingSparks = false;

  /** @param root where the server's addresses begin */
  constructor(root: string) {
    this.#root = root;
  }

  /** Seconds since the epoch by the server's clock, which the runs' times are of. */
  now(): number {
    return Date.now() / 1000 + this.#ahead_s;
  }

  /** Runs that have not ended and are nobody's children. */
  get going(): number {
    return this.#count((run) => !isOver(run));
  }

  /** Those of them that wait for their turn. */
  get queued(): number {
    return this.#count(isQueued);
  }

  parentOf(run: LiveRun): LiveRun | null {
    if (!run.parent) return null;
    return this.runs.get(keyOf({ ...run, id: run.parent })) ?? null;
  }

  /** The small curve of a run, as far as it is known; else it is asked for. */
  sparkOf(run: LiveRun): Spark {
    if (run.spark || !isOver(run)) return run;
    const known = this.#sparks.get(sparkKey(run));
    if (known === undefined) this.#wanted.set(sparkKey(run), run);
    return known ?? run;
  }

  /** Call `draw` with the runs that are new or changed, whenever something has, until `life` ends. */
  on(life: AbortSignal, draw: Listener): void {
    this.#listeners.add(draw);
    life.addEventListener("abort", () => this.#listeners.delete(draw), { once: true });
  }

  /** Whether somebody looks at the list: then it is asked for more often, and at once. */
  set watched(watched: boolean) {
    const wake = watched && !this.#watched;
    this.#watched = watched;
    if (wake) this.#nap.abort();
  }

  /** Ask again and again while the page is in sight, until `life` ends or nobody is there to be asked. */
  async follow(life: AbortSignal): Promise<void> {
    let failed = 0;
    while (!life.aborted) {
      await looked(life);
      if (life.aborted) return;
      try {
        await this.look();
        failed = 0;
      } catch (error) {
        failed += 1;
        if (this.#version === "" && error instanceof ServerError && error.status === 404) {
          this.loading = false;
          this.#say("The Jupyter server has no run-widgets: restart it, then reload this page");
          return;
        }
        this.#say(reasonOf(error));
      }
      if (this.loading && !failed) continue;
      const pauses = this.#watched ? PAUSES_MS.watched : PAUSES_MS.unwatched;
      const retry = Math.min(RETRY_MS * 2 ** (failed - 1), LONGEST_MS);
      await this.#rest(failed ? retry : this.going ? pauses.going : pauses.quiet, life);
    }
  }

  /**
   * Ask once.
   *
   * @throws ServerError where there is no answer
   */
  async look(): Promise<void> {
    const headers: Record<string, string> = this.#version
      ? { "If-None-Match": `"${this.#version}"` }
      : {};
    const query = new URLSearchParams(this.#version ? { since: this.#version } : {});
    const answer = await ask(`${this.#root}run-widgets/api/live?${query}`, { headers });
    if (answer.status === 304) this.#say("");
    else this.take(await answer.json());
  }

  /** Take in what the server told. */
  take(news: News): void {
    if (news.whole) this.runs.clear();
    for (const [workspace, experiment, id] of news.gone) {
      this.runs.delete(keyOf({ workspace, experiment, id }));
    }
    for (const run of news.runs) this.runs.set(keyOf(run), run);
    this.workspaces = news.workspaces;
    this.total = news.total;
    this.loading = news.loading;
    this.problem = "";
    this.#version = news.version;
    this.#ahead_s = news.now - Date.now() / 1000;
    this.#tell(news.runs);
  }

  /** Bring the curves that `sparkOf` did not have. */
  async askSparks(): Promise<void> {
    if (this.#isAskingSparks) return;
    this.#isAskingSparks = true;
    try {
      while (this.#wanted.size > 0) {
        // Those that were wanted last are those that are looked at.
        const some = [...this.#wanted.entries()].slice(-MOST_SPARKS);
        for (const [key] of some) this.#wanted.delete(key);
        const query = new URLSearchParams(some.map(([, run]) => ["run", spelled(run)]));
        const answer = await ask(`${this.#root}run-widgets/api/live/sparks?${query}`);
        const { sparks } = (await answer.json()) as { sparks: (Spark | null)[] };
        for (const [place, [key]] of some.entries()) this.#sparks.set(key, sparks[place] ?? null);
        this.#tell([]);
      }
    } catch {
      this.#wanted.clear(); // whoever draws the rows again asks again
    } finally {
      this.#isAskingSparks = false;
    }
  }

  async #rest(ms: number, life: AbortSignal): Promise<void> {
    this.#nap = new AbortController();
    await sleep(ms, AbortSignal.any([life, this.#nap.signal]));
  }

  #count(is: (run: LiveRun) => boolean): number {
    let count = 0;
    for (const run of this.runs.values()) if (is(run) && !this.parentOf(run)) count += 1;
    return count;
  }

  #say(problem: string): void {
    if (problem === this.problem) return;
    this.problem = problem;
    this.#tell([]);
  }

  #tell(changed: readonly LiveRun[]): void {
    for (const draw of [...this.#listeners]) draw(changed);
  }
}

function spelled({ workspace, id }: LiveRun): string {
  return `${workspace}:${id}`;
}

/** A run that was resumed and has ended again has another curve. */
function sparkKey(run: LiveRun): string {
  return `${keyOf(run)} ${run.ended ?? ""}`;
}
