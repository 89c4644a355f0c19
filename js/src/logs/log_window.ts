/** The part of a log that is in hand: pieces of a file that may be large and may still grow. */

import type { FileEntry } from "../model.ts";
import type { File, Line, Part } from "../server.ts";
import { type Style, Terminal } from "./terminal.ts";

/** Read in one go, and the least that a piece becomes before the next one begins. */
export const PIECE_BYTES = 2 ** 17;

/** Kept in hand; what is far from where one looks is let go and read again when needed. */
const MOST_BYTES = 2 ** 22;

const NEWLINE = 10;

/** The folders that a run's logs are in. */
const LOGS = /^(?:user_logs|logs|system_logs|azureml-logs)\//;

export function isLog({ path }: FileEntry): boolean {
  return LOGS.test(path);
}

/** Consecutive lines of the file, as a terminal shows them. */
export class Piece {
  readonly terminal: Terminal;
  readonly #decoder = new TextDecoder();
  end: number;

  constructor(
    readonly start: number,
    /** Lines before it; null while they have not been counted. */
    public firstLine: number | null,
    style: Style | null = null,
  ) {
    this.end = start;
    this.terminal = new Terminal(style);
  }

  write(bytes: Uint8Array): void {
    this.terminal.write(this.#decoder.decode(bytes, { stream: true }));
    this.end += bytes.length;
  }

  get bytes(): number {
    return this.end - this.start;
  }
}

/** Pieces of one log, one behind the other. */
export class LogWindow {
  readonly pieces: Piece[] = [];
  /** Of the file, as far as is known. */
  size = 0;
  readonly #file: Pick<File, "read">;

  constructor(file: Pick<File, "read">) {
    this.#file = file;
  }

  get start(): number {
    return this.pieces[0]?.start ?? 0;
  }
  get end(): number {
    return this.pieces.at(-1)?.end ?? 0;
  }
  /** Whether the file goes on after what is in hand. */
  get hasMore(): boolean {
    return this.end < this.size;
  }

  /** Begin anew with the file's end. */
  async tail(): Promise<void> {
    const part = await this.#file.read(-PIECE_BYTES);
    this.#begin(part, part.start === 0 ? 0 : null);
  }

  /** Have nothing in hand. */
  clear(): void {
    this.pieces.length = 0;
    this.size = 0;
  }

  /** Begin anew with the file's line `line`. */
  async from(line: Line): Promise<void> {
    const part = await this.#file.read(line.at, line.at + PIECE_BYTES);
    this.pieces.length = 0;
    this.size = part.size;
    const piece = new Piece(line.at, line.number);
    piece.write(part.bytes);
    this.pieces.push(piece);
  }

  /** Put the lines before those in hand in front of them. */
  async older(): Promise<void> {
    const next = this.pieces[0];
    if (!next || next.start === 0) return;
    const part = await this.#file.read(Math.max(0, next.start - PIECE_BYTES), next.start);
    if (this.pieces[0] !== next) return; // begun anew meanwhile
    const skipped = part.start === 0 ? 0 : firstLineOf(part.bytes);
    const bytes = part.bytes.subarray(skipped);
    const before = next.firstLine === null ? null : next.firstLine - countLines(bytes);
    const piece = new Piece(part.start + skipped, before);
    piece.write(bytes);
    this.pieces.unshift(piece);
    while (this.#bytes > MOST_BYTES && this.pieces.length > 1) this.pieces.pop();
  }

  /** Read on behind what is in hand; the whole anew where the file has become another. */
  async newer(): Promise<void> {
    const end = this.end;
    // One byte that is in hand already: to ask for none is an error to servers, and to consoles.
    const known = Math.min(1, end);
    const part = await this.#file.read(end - known, end + PIECE_BYTES);
    if (this.end !== end) return; // begun anew meanwhile
    if (part.size < end) {
      await this.tail();
      return;
    }
    this.size = part.size;
    this.#append(part.bytes.subarray(known));
    while (this.#bytes > MOST_BYTES && this.pieces.length > 1) this.pieces.shift();
  }

  /** Learn the lines' numbers from that of one of them. */
  number({ at, number }: Line): void {
    const place = this.pieces.findIndex((piece) => piece.start === at);
    let line = number;
    for (const piece of place < 0 ? [] : this.pieces.slice(place)) {
      piece.firstLine = line;
      line += piece.terminal.line;
    }
    line = number;
    for (const piece of this.pieces.slice(0, Math.max(0, place)).reverse()) {
      line -= piece.terminal.line;
      piece.firstLine = line;
    }
  }

  get #bytes(): number {
    return this.end - this.start;
  }

  #begin(part: Part, firstLine: number | null): void {
    this.pieces.length = 0;
    this.size = part.size;
    const start = Math.max(0, part.start);
    const skipped = start === 0 ? 0 : firstLineOf(part.bytes);
    const piece = new Piece(start + skipped, firstLine);
    piece.write(part.bytes.subarray(skipped));
    this.pieces.push(piece);
  }

  #append(bytes: Uint8Array): void {
    let last = this.pieces.at(-1);
    if (!last) {
      last = new Piece(0, 0);
      this.pieces.push(last);
    }
    const ends = last.bytes < PIECE_BYTES ? -1 : bytes.indexOf(NEWLINE);
    if (ends < 0) {
      last.write(bytes);
      return;
    }
    last.write(bytes.subarray(0, ends + 1));
    if (ends + 1 === bytes.length) return;
    const { firstLine, terminal } = last;
    const next = firstLine === null ? null : firstLine + terminal.line;
    const piece = new Piece(last.end, next, terminal.style);
    piece.write(bytes.subarray(ends + 1));
    this.pieces.push(piece);
  }
}

/** Where the first line begins that is whole; 0 where there is none, so that something is shown. */
function firstLineOf(bytes: Uint8Array): number {
  const place = bytes.indexOf(NEWLINE) + 1;
  return place === bytes.length ? 0 : place;
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}
