/** Questions about runs: to the Jupyter server, which is never busy, else to the kernel. */

import { RunServer, ServerError, type Stretch } from "../server.ts";
import type { Columns, Curve } from "./curves.ts";

export type Question =
  | { type: "curves"; request: number; metric: string; runs: [id: string, count: number][] }
  | { type: "packages"; request: number; runs: string[] };

/** Points of a curve that a screen can show. */
const POINTS = 2000;

/** Questions on their way at once; a browser has no more lines to one server. */
const AT_ONCE = 6;

/** Where the runs are, for the server: its address, and the workspace's folder. */
export type Place = { root: string; workspace: string | null };

/** Asks the server, and the kernel for what the server does not have. */
export class Asking {
  readonly #place: () => Place | null;
  readonly #toKernel: (question: Question) => void;
  #hasAnswered = false;
  /** Whether the server has been asked and has never answered: then it is not ours. */
  #isDeaf = false;

  constructor(place: () => Place | null, toKernel: (question: Question) => void) {
    this.#place = place;
    this.#toKernel = toKernel;
  }

  /** Have each curve put where it belongs, or its question sent to the kernel. */
  async curves(
    question: Question & { type: "curves" },
    put: (curve: Curve) => void,
  ): Promise<void> {
    const left = await this.#each(
      question.runs,
      ([id]) => id,
      async (server, [id]) => {
        const all = { over: "x", from: -Infinity, to: Infinity, points: POINTS } as const;
        put(curveOf(id, await server.series(question.metric, { ...all, means: true })));
      },
    );
    if (left.length > 0) this.#toKernel({ ...question, runs: left });
  }

  async packages(
    question: Question & { type: "packages" },
    put: (run: string, packages: Record<string, string>) => void,
  ): Promise<void> {
    const left = await this.#each(
      question.runs,
      (id) => id,
      async (server, id) => {
        put(id, (await server.source()).environment?.packages ?? {});
      },
    );
    if (left.length > 0) this.#toKernel({ ...question, runs: left });
  }

  /** Ask the server for each, a few at a time; return those it has no answer for. */
  async #each<T>(
    items: T[],
    idOf: (item: T) => string,
    act: (server: RunServer, item: T) => Promise<void>,
  ): Promise<T[]> {
    const place = this.#place();
    if (!place || this.#isDeaf) return items;
    const left: T[] = [];
    const [first, ...others] = items;
    const ask = async (item: T) => {
      const server = new RunServer(place.root, "_", place.workspace).other(idOf(item));
      try {
        if (!server) throw new ServerError("an id that is none", 404);
        await act(server, item);
      } catch (error) {
        left.push(item);
        return !isNobody(error);
      }
      return true;
    };
    // One question is enough to learn that nobody answers.
    if (!this.#hasAnswered && first !== undefined && !(await ask(first))) {
      this.#isDeaf = true;
      return items;
    }
    const waiting = this.#hasAnswered ? [...items] : others;
    this.#hasAnswered = true;
    const work = async () => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await ask(item);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, work));
    return left;
  }
}

/** Whether an error is what a server without run-widgets says, and not ours of one run. */
function isNobody(error: unknown): boolean {
  return !(error instanceof ServerError) || error.message.startsWith("The Jupyter server");
}

function curveOf(run: string, { total, x, y, at, means }: Stretch): Curve {
  const outline = columns({ x, y, at });
  return { run, total, outline, means: means ? columns(means) : outline };
}

function columns({ x, y, at }: Record<"x" | "y" | "at", (number | null)[]>): Columns {
  const numbers = (values: (number | null)[]) =>
    Float64Array.from(values, (value) => value ?? Number.NaN);
  return { step: numbers(x), at: numbers(at), y: numbers(y) };
}
