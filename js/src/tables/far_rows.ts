/** Rows of a table that are not in the browser: asked for in windows, as somebody comes near. */

import type { Cell } from "../model.ts";
import type { Order } from "./rows.ts";

export type RowsQuestion = { from: number; count: number; filter: string; order: Order | null };

export type RowsAnswer = {
  columns: string[];
  rows: Cell[][];
  /** Rows that the filter leaves, of those that are held, of those that there are. */
  matched: number;
  held: number;
  total: number;
};

export type AskRows = (question: RowsQuestion, signal: AbortSignal) => Promise<RowsAnswer>;

/** Rows asked for at once. */
export const WINDOW = 200;

/** Windows that stay here; those looked at longest ago go first. */
const KEPT = 60;

/** Windows asked for beyond those in sight, the way somebody scrolls. */
const AHEAD = 2;

/** How long somebody must stay before a place is asked for: a drag passes by very many. */
const LINGER_MS = 60;

/** How often a table that grows is sorted and searched anew. */
const AGAIN_MS = 3000;

/** One table's rows by their places, as they are arranged now. */
export class FarRows {
  /** How many the filter leaves; null while that is not known. */
  matched: number | null = null;
  /** How many can be had, where those are not all; else null. */
  held: number | null = null;
  /** Why the last question had no answer; empty when it had. */
  problem = "";
  readonly #ask: AskRows;
  readonly #changed: () => void;
  /** Windows by their number, those looked at last at the end; `row` calls it for every cell. */
  readonly #windows = new Map<number, Cell[][]>();
  readonly #asked = new Map<number, AbortController>();
  #filter = "";
  #order: Order | null = null;
  #sight: [first: number, last: number] = [0, 0];
  #length = 0;
  #isDown = true;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  /** @param changed called whenever rows or numbers came */
  constructor(ask: AskRows, life: AbortSignal, changed: () => void) {
    this.#ask = ask;
    this.#changed = changed;
    life.addEventListener("abort", () => this.#forget(), { once: true });
  }

  /** A row's cells; null while they are on their way. */
  row(place: number): Cell[] | null {
    return this.#windows.get(Math.floor(place / WINDOW))?.[place % WINDOW] ?? null;
  }

  /** Whether any question is under way. */
  get isBusy(): boolean {
    return this.#asked.size > 0 || this.#timer !== undefined;
  }

  /** Show rows that have `filter`, in an order; null is that of logging. */
  arrange(filter: string, order: Order | null): void {
    const wanted = filter.trim();
    if (wanted === this.#filter && order === this.#order) return;
    this.#filter = wanted;
    this.#order = order;
    this.#forget();
    this.matched = null;
    this.problem = "";
    this.#timer = setTimeout(() => this.#fetch(), 0);
  }

  /** Say which places are in sight, of how many: their windows are asked for, then those ahead. */
  look(first: number, last: number, length: number): void {
    this.#length = length;
    this.#isDown = first >= this.#sight[0];
    this.#sight = [first, last];
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#wanted().some((number) => !this.#windows.has(number) && !this.#asked.has(number))) {
      this.#timer = setTimeout(() => this.#fetch(), LINGER_MS);
    }
  }

  /** Rows were logged: what may have changed is asked for again. */
  grew(): void {
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      const isPlain = this.#filter === "" && this.#order === null;
      for (const [number, rows] of this.#windows) {
        // As they were logged, only the last window has become longer.
        if (!isPlain || rows.length < WINDOW) this.#windows.delete(number);
      }
      this.#fetch();
    }, AGAIN_MS);
  }

  /** The windows to have, most urgent first. */
  #wanted(): number[] {
    const [first, last] = this.#sight.map((place) => Math.max(0, Math.floor(place / WINDOW)));
    const [from, to] = [first as number, last as number];
    const seen = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const ahead = Array.from({ length: AHEAD }, (_, i) =>
      this.#isDown ? to + 1 + i : from - 1 - i,
    );
    const end = Math.floor(Math.max(0, this.#length - 1) / WINDOW);
    return [...seen, ...ahead].filter((number) => number >= 0 && number <= end);
  }

  #fetch(): void {
    this.#timer = undefined;
    const wanted = this.#wanted();
    for (const [number, question] of this.#asked) {
      if (wanted.includes(number)) continue;
      question.abort(); // passed by meanwhile
      this.#asked.delete(number);
    }
    for (const number of wanted) {
      if (!this.#windows.has(number) && !this.#asked.has(number)) void this.#bring(number);
    }
  }

  async #bring(number: number): Promise<void> {
    const question = new AbortController();
    this.#asked.set(number, question);
    const [filter, order] = [this.#filter, this.#order];
    try {
      const about = { from: number * WINDOW, count: WINDOW, filter, order };
      const answer = await this.#ask(about, question.signal);
      if (question.signal.aborted) return;
      this.#windows.delete(number);
      this.#windows.set(number, answer.rows);
      // As they were logged, the server reads no further than it is asked for.
      this.matched = filter || order ? answer.matched : null;
      this.held = answer.held < answer.total ? answer.held : null;
      this.problem = "";
      this.#drop();
    } catch (error) {
      if (question.signal.aborted) return;
      this.problem = error instanceof Error ? error.message : String(error);
    }
    if (this.#asked.get(number) === question) this.#asked.delete(number);
    this.#changed();
  }

  #drop(): void {
    const wanted = new Set(this.#wanted());
    for (const number of this.#windows.keys()) {
      if (this.#windows.size <= KEPT) return;
      if (!wanted.has(number)) this.#windows.delete(number);
    }
  }

  #forget(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#again);
    this.#timer = undefined;
    this.#again = undefined;
    for (const question of this.#asked.values()) question.abort();
    this.#asked.clear();
    this.#windows.clear();
  }
}
