/** How the code of runs differs: asked for when it is to be seen, and kept. */

import type { CodeChanges } from "../server.ts";

type Pair = [before: string, after: string];

/** Keeps the answers, by the two runs. */
export class CodeShelf {
  readonly #ask: (runs: Pair) => void;
  readonly #known = new Map<string, CodeChanges | null>();

  constructor(ask: (runs: Pair) => void) {
    this.#ask = ask;
  }

  /** What is known of two runs; asked for where that is nothing yet, which is null. */
  get(runs: Pair): CodeChanges | null {
    const key = runs.join("\n");
    if (!this.#known.has(key)) {
      this.#known.set(key, null);
      this.#ask(runs);
    }
    return this.#known.get(key) ?? null;
  }

  take(runs: Pair, changes: CodeChanges): void {
    this.#known.set(runs.join("\n"), changes);
  }
}
