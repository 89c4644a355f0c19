/** The runs of an experiment as the browser knows them: columns of cells, a row a run. */

import type { Key, Told, ToldColumn } from "./model.ts";

/** Codes of cells: none, and one whose value is a number; from 0 on, a word's place. */
export const MISSING = -1;
export const NUMBER = -2;

/** One column: the cells that there are, and where each row's is. */
export class Column {
  readonly key: Key;
  readonly words: string[] = [];
  /** Cells, empty ones included. */
  count = 0;
  #numbers = new Float64Array(16);
  #codes = new Int32Array(16);
  #rows = new Uint32Array(16);
  /** A row's place: in an array where most rows have a cell, else in a map. */
  #dense: Int32Array | null = null;
  readonly #sparse = new Map<number, number>();
  readonly #wordNumbers: number[] = [];
  #texts = 0;

  constructor(key: Key) {
    this.key = key;
  }

  /** The code of a row's cell. */
  code(row: number): number {
    const place = this.#place(row);
    return place < 0 ? MISSING : (this.#codes[place] as number);
  }

  /** The row's number; NaN where it has none, and for a text that is none. */
  number(row: number): number {
    const place = this.#place(row);
    if (place < 0) return Number.NaN;
    const code = this.#codes[place] as number;
    return code >= 0 ? this.wordNumber(code) : (this.#numbers[place] as number);
  }

  /** The row's text; empty where its cell is a number or missing. */
  text(row: number): string {
    const code = this.code(row);
    return code >= 0 ? (this.words[code] ?? "") : "";
  }

  /** The number that a word is; NaN for any other word. */
  wordNumber(code: number): number {
    while (this.#wordNumbers.length < this.words.length) {
      const number = numberOf(this.words[this.#wordNumbers.length] ?? "");
      this.#wordNumbers.push(number);
      if (Number.isNaN(number)) this.#texts += 1;
    }
    return this.#wordNumbers[code] ?? Number.NaN;
  }

  /** Whether some words are not numbers. */
  get hasTexts(): boolean {
    this.wordNumber(0); // reads those that are new
    return this.#texts > 0;
  }

  /** The rows of its cells, in no order, as they came. */
  get rows(): Uint32Array {
    return this.#rows.subarray(0, this.count);
  }

  set(row: number, number: number, code: number): void {
    let place = this.#place(row);
    if (place < 0) {
      place = this.count;
      this.#reserve(place + 1);
      this.#rows[place] = row;
      this.count += 1;
      if (this.#dense && row < this.#dense.length) this.#dense[row] = place;
      else this.#sparse.set(row, place);
    }
    this.#numbers[place] = number;
    this.#codes[place] = code;
  }

  /** Take in cells as they were told. */
  take(told: ToldColumn, buffers: DataView[]): void {
    const { count, first = 0, words = [], words_from = 0 } = told;
    const rows = told.rows === undefined ? null : uint32(buffers[told.rows]);
    const numbers = told.numbers === undefined ? null : float64(buffers[told.numbers]);
    const codes = told.codes === undefined ? null : int32(buffers[told.codes]);
    // Words that are here already come again with the whole.
    words.forEach((word, i) => {
      if (words_from + i === this.words.length) this.words.push(word);
    });
    this.#reserve(this.count + count);
    this.#index(this.count + count, first + count);
    for (let i = 0; i < count; i++) {
      const code = codes ? (codes[i] as number) : NUMBER;
      this.set(rows ? (rows[i] as number) : first + i, numbers?.[i] ?? Number.NaN, code);
    }
  }

  #place(row: number): number {
    if (this.#dense && row < this.#dense.length) return this.#dense[row] as number;
    return this.#sparse.get(row) ?? -1;
  }

  /** Keep places in an array once that takes no more memory than a map. */
  #index(cells: number, rows: number): void {
    const size = this.#dense?.length ?? 0;
    if (rows <= size || cells * 8 < rows) return;
    const dense = new Int32Array(Math.max(rows, 2 * size)).fill(-1);
    if (this.#dense) dense.set(this.#dense);
    for (const [row, place] of this.#sparse) {
      if (row >= dense.length) continue;
      dense[row] = place;
      this.#sparse.delete(row);
    }
    this.#dense = dense;
  }

  #reserve(size: number): void {
    if (size <= this.#rows.length) return;
    const length = Math.max(size, 2 * this.#rows.length);
    const [numbers, codes, rows] = [this.#numbers, this.#codes, this.#rows];
    this.#numbers = new Float64Array(length);
    this.#numbers.set(numbers);
    this.#codes = new Int32Array(length);
    this.#codes.set(codes);
    this.#rows = new Uint32Array(length);
    this.#rows.set(rows);
  }
}

const IS_NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?\s*$/i;

/** The number that a label's text is, or NaN: `1e-3`, not an empty text, not `0x10`. */
export function numberOf(text: string): number {
  return IS_NUMBER.test(text) ? Number(text) : Number.NaN;
}

/** All runs of an experiment. */
export class RunTable {
  readonly ids: string[] = [];
  readonly columns = new Map<string, Column>();
  goals: Record<string, string> = {};
  /** Columns that there are too many of to be shown. */
  leftOut = 0;
  /** Counts up with every change of columns, so that who lists them knows when to do so again. */
  shape = 0;
  /** Counts up with everything that is taken in. */
  changes = 0;
  #version = -1;
  /** Seconds by which the kernel's clock is ahead of the browser's. */
  #ahead = 0;
  /** When the table is of, where time stands still in it. */
  #stoppedAt: number | null = null;
  readonly #gone = new Set<number>();
  readonly #rowOf = new Map<string, number>();

  /** Take in what was told; false where something before it was lost. */
  take(told: Told, buffers: DataView[]): boolean {
    const lost = told.ids_from > this.ids.length || (told.from > this.#version && told.from > 0);
    const isWhole = told.ids_from === 0 && told.from === told.version;
    if (lost && !isWhole) return false;
    this.#version = Math.max(this.#version, told.version);
    told.ids.slice(this.ids.length - told.ids_from).forEach((id) => {
      this.#rowOf.set(id, this.ids.length);
      this.ids.push(id);
    });
    for (const row of told.gone) this.#gone.add(row);
    for (const column of told.columns) {
      const name = keyText(column.key);
      let known = this.columns.get(name);
      if (!known) {
        known = new Column(column.key);
        this.columns.set(name, known);
        this.shape += 1;
      }
      known.take(column, buffers);
    }
    this.goals = told.goals;
    this.leftOut = told.left_out;
    this.changes += 1;
    this.#ahead = told.now - Date.now() / 1000;
    return true;
  }

  column(group: string, name: string, field = ""): Column | undefined {
    return this.columns.get(keyText([group, name, field]));
  }

  /** The row of a run; undefined where there is no such run, or it is gone. */
  rowOf(id: string): number | undefined {
    const row = this.#rowOf.get(id);
    return row === undefined || this.#gone.has(row) ? undefined : row;
  }

  /** The rows that are not gone. */
  rows(): Uint32Array {
    const rows = new Uint32Array(this.ids.length - this.#gone.size);
    let place = 0;
    for (let row = 0; row < this.ids.length; row++) {
      if (!this.#gone.has(row)) rows[place++] = row;
    }
    return rows;
  }

  /** The time now by the clock that the runs' times are of, in seconds since the epoch. */
  now(): number {
    return this.#stoppedAt ?? Date.now() / 1000 + this.#ahead;
  }

  /** Let the time be that of the last telling from now on: nothing goes on. */
  stop(): void {
    this.#stoppedAt = this.now();
  }

  /** How many runs there are. */
  get size(): number {
    return this.ids.length - this.#gone.size;
  }
}

export function keyText(key: Key): string {
  return JSON.stringify(key);
}

// Copied: a message's parts need not lie on a multiple of their numbers' size.
function part(buffer: DataView | undefined, size: number): ArrayBuffer {
  if (!buffer) return new ArrayBuffer(0);
  const end = buffer.byteOffset + size * Math.floor(buffer.byteLength / size);
  return buffer.buffer.slice(buffer.byteOffset, end) as ArrayBuffer;
}

function float64(buffer: DataView | undefined): Float64Array {
  return new Float64Array(part(buffer, 8));
}

function int32(buffer: DataView | undefined): Int32Array {
  return new Int32Array(part(buffer, 4));
}

function uint32(buffer: DataView | undefined): Uint32Array {
  return new Uint32Array(part(buffer, 4));
}
