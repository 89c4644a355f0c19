/** Follows a run by its files, by way of the server behind the page. */

import type { Model, RunModel } from "../model.ts";
import { type RunServer, reasonOf, ServerError } from "../server.ts";
import type { LocalManager } from "./local_manager.ts";
import { LocalRun, type RunState } from "./local_run.ts";

const QUICKEST_MS = 1000;
const SLOWEST_MS = 10_000;

/** After a failure; a server that is being restarted need not be asked more often. */
const LONGEST_MS = 30_000;

/** The run as the server has it now; rejects where it has not. */
export async function openRun(manager: LocalManager, server: RunServer): Promise<FollowedRun> {
  const answer = await server.panel<RunState>("", null);
  if (!answer) throw new ServerError("The Jupyter server did not answer");
  const run = await LocalRun.make(manager, answer.state, async (path) => {
    const part = await server.file(path)?.read(0);
    return part ? new DataView(part.bytes.buffer) : null;
  });
  return new FollowedRun(run, server, answer.state);
}

export class FollowedRun {
  readonly #server: RunServer;
  #seen: string;
  #tag: string | null = null;
  #problem: string;
  following: boolean;

  constructor(
    readonly run: LocalRun,
    server: RunServer,
    state: RunState,
  ) {
    this.#server = server;
    this.#seen = state.seen;
    this.#problem = state.problem;
    this.following = state.following;
  }

  /** Bring the panel up to date again and again while the run goes on and somebody looks. */
  async follow(life: AbortSignal): Promise<void> {
    let pause = QUICKEST_MS;
    while (this.following && !life.aborted) {
      await sleep(pause, life);
      await looked(life);
      if (life.aborted) return;
      try {
        const changed = await this.#look();
        pause = changed ? QUICKEST_MS : Math.min(1.5 * pause, SLOWEST_MS);
      } catch (error) {
        this.#say(reasonOf(error));
        if (error instanceof ServerError && error.status === 404) return;
        pause = Math.min(2 * pause, LONGEST_MS);
      }
    }
  }

  /** Bring the panel up to date now, also where nothing more is to come. */
  async refresh(): Promise<void> {
    await this.#look().catch((error) => this.#say(reasonOf(error)));
  }

  async #look(): Promise<boolean> {
    const answer = await this.#server.panel<RunState>(this.#seen, this.#tag);
    if (!answer) {
      this.#say(this.#problem);
      return false;
    }
    const { state, tag } = answer;
    // The tag is of what was asked for: with another `seen` the answer is another one.
    this.#tag = state.seen === this.#seen ? tag : null;
    this.#seen = state.seen;
    this.#problem = state.problem;
    await this.run.apply(state);
    this.following = state.following;
    return true;
  }

  #say(problem: string): void {
    const model = this.run.model as unknown as Model<RunModel>;
    if (problem !== model.get("problem")) model.set_state({ problem });
  }
}

export function sleep(ms: number, life: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    life.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

/** Wait until the page is in sight. */
export function looked(life: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", () => resolve(), { once: true, signal: life });
    life.addEventListener("abort", () => resolve(), { once: true });
  });
}
