/** Questions about runs: to the Jupyter server, which is never busy, else to the kernel. */

import { ask, type CodeChanges, RunServer, ServerError } from "../server.ts";
import type { ToldCurve } from "./model.ts";
import { answers } from "./packed.ts";

export type Question =
  | { type: "curves"; request: number; metric: string; runs: [id: string, count: number][] }
  | { type: "packages"; request: number; runs: string[] }
  | { type: "code"; request: number; runs: [before: string, after: string] };

/** Runs asked for in one address, which servers do not take at any length. */
const RUNS_AT_ONCE = 50;

/** Questions on their way at once; a browser has no more lines to one server. */
const LINES = 6;

/** Where the runs are, for the server: its address, the experiment and the workspace's folder. */
export type Place = { root: string; experiment: string; workspace: string | null };

/** Asks the server, and the kernel for what the server does not have. */
export class Asking {
  readonly #place: () => Place | null;
  readonly #toKernel: (question: Question) => void;
  /** Whether the server has never answered: then it is not ours. */
  #isDeaf = false;

  constructor(place: () => Place | null, toKernel: (question: Question) => void) {
    this.#place = place;
    this.#toKernel = toKernel;
  }

  /** Have each curve taken, or its question sent to the kernel. */
  async curves(
    question: Question & { type: "curves" },
    take: (curve: ToldCurve, buffers: DataView[]) => void,
  ): Promise<void> {
    const left = new Map(question.runs.map((run) => [run[0], run]));
    const place = this.#isDeaf ? null : this.#place();
    for (let start = 0; place && start < question.runs.length; start += RUNS_AT_ONCE) {
      const query = new URLSearchParams({ metric: question.metric });
      for (const [id, count] of question.runs.slice(start, start + RUNS_AT_ONCE)) {
        query.append("run", `${id}:${count}`);
      }
      if (place.workspace !== null) query.set("workspace", place.workspace);
      try {
        const answer = await ask(`${pathOf(place)}/curves?${query}`);
        for await (const { head, buffers } of answers<{ curve: ToldCurve }>(answer)) {
          left.delete(head.curve.run);
          take(head.curve, buffers);
        }
      } catch (error) {
        this.#isDeaf = isNobody(error);
        break;
      }
    }
    if (left.size > 0) this.#toKernel({ ...question, runs: [...left.values()] });
  }

  async packages(
    question: Question & { type: "packages" },
    take: (run: string, packages: Record<string, string>) => void,
  ): Promise<void> {
    const place = this.#isDeaf ? null : this.#place();
    const waiting = place ? [...question.runs] : [];
    const left = place ? [] : [...question.runs];
    const work = async () => {
      for (let run = waiting.shift(); place && run !== undefined; run = waiting.shift()) {
        const server = new RunServer(place.root, "_", place.workspace).other(run);
        try {
          if (!server) throw new ServerError("an id that is none");
          take(run, (await server.source()).environment?.packages ?? {});
        } catch (error) {
          this.#isDeaf ||= isNobody(error);
          left.push(run);
          if (this.#isDeaf) left.push(...waiting.splice(0));
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(LINES, waiting.length) }, work));
    if (left.length > 0) this.#toKernel({ ...question, runs: left });
  }

  /** How the code of two runs differs. */
  async code(question: Question & { type: "code" }, take: (code: CodeChanges) => void) {
    const [before, after] = question.runs;
    const place = this.#isDeaf ? null : this.#place();
    const server = place && new RunServer(place.root, "_", place.workspace).other(after);
    try {
      if (!server) throw new ServerError("no server, or an id that is none");
      take(await server.code(before));
    } catch (error) {
      this.#isDeaf ||= isNobody(error);
      this.#toKernel(question);
    }
  }
}

function pathOf({ root, experiment }: Place): string {
  return `${root}run-widgets/api/experiments/${encodeURIComponent(experiment)}`;
}

/** Whether an error is what a server without run-widgets says, and not ours of one run. */
function isNobody(error: unknown): boolean {
  return error instanceof ServerError && error.message.startsWith("The Jupyter server");
}
