/** How far a log was at a moment: as was noted while it was written, or by the times in its lines. */

import type { File, LogNote, Part } from "../server.ts";

/** Read in one go while a place is looked for, and then to the end of the search. */
const PROBE_BYTES = 2 ** 13;
const SCAN_BYTES = 2 ** 16;

/** Of a line, where its time stands: behind colours, a bracket or a level, but not in its text. */
const BEGINNING = 60;

/** `2026-11-27 21:30:05,123`, `2026-11-27T21:30:05Z`, `11/27/2026 21:30:05`. */
const ISO =
  /(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?/;
const MONTH_FIRST = /(\d\d)\/(\d\d)\/(\d{4})[ ,]+(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?/;

/** Clocks differ by quarters of an hour, and somewhat. */
const QUARTER_S = 900;
const TOLERANCE_S = 60;

/** The time that a line begins with: seconds since the epoch, by whatever clock; null for none. */
export function timeIn(line: string): { at: number; zoned: boolean } | null {
  const start = line.slice(0, BEGINNING);
  const iso = ISO.exec(start);
  const found = iso ?? MONTH_FIRST.exec(start);
  if (!found) return null;
  const [a, b, c, hour, minute, second, digits] = found.slice(1);
  const [year, month, day] = iso ? [a, b, c] : [c, a, b];
  const fields = [year, Number(month) - 1, day, hour, minute, second].map(Number);
  const at = Date.UTC(...(fields as [number, number, number, number, number, number])) / 1000;
  const zone = iso?.[8];
  const offset_s = zone && zone !== "Z" ? zoneOf(zone) : 0;
  return { at: at + Number(`0.${digits ?? 0}`) - offset_s, zoned: zone !== undefined };
}

function zoneOf(zone: string): number {
  const [hours, minutes] = [zone.slice(1, 3), zone.slice(-2)].map(Number);
  return (zone[0] === "-" ? -60 : 60) * (60 * (hours ?? 0) + (minutes ?? 0));
}

/** Finds the place in a log that it had come to at a moment. */
export class LogTimes {
  readonly #file: Pick<File, "read">;
  readonly #began: number | null;
  readonly #ask: () => Promise<LogNote[]>;
  #noted: LogNote[] | null = null;
  /** Bytes that the log had when that was asked for. */
  #notedSize = -1;
  readonly #probed = new Map<number, { start: number; at: number } | null>();
  #scanned: { from: number; to: number; lines: { start: number; at: number }[] } | null = null;
  /** What a clock without a zone is ahead of UTC; null while that is not known. */
  #ahead_s: number | null = null;

  /**
   * @param began when the run did, seconds since the epoch; null where that is not known
   * @param ask for what was noted while the log was written
   */
  constructor(
    file: Pick<File, "read">,
    began: number | null,
    ask: () => Promise<LogNote[]> = async () => [],
  ) {
    this.#file = file;
    this.#began = began;
    this.#ask = ask;
  }

  /**
   * How many bytes the log had at a moment.
   *
   * A line without a time came with the one before it.
   *
   * @param size bytes that the log has now
   * @returns null where nothing was noted and its lines have no times
   */
  async bytesUntil(moment: number, size: number): Promise<number | null> {
    const [noted, byLines] = [await this.#notedOf(size), await this.#byLines(moment, size)];
    if (noted.length === 0) return byLines;
    // Notes are some time apart, and not every line has a time: each is held to by the other.
    const least = noted.findLast(([at]) => at <= moment)?.[1] ?? 0;
    const most = noted.find(([at]) => at > moment)?.[1] ?? size;
    return Math.min(size, most, Math.max(least, byLines ?? least));
  }

  async #notedOf(size: number): Promise<LogNote[]> {
    if (this.#noted && this.#notedSize === size) return this.#noted;
    this.#noted = await this.#ask().catch(() => []);
    this.#notedSize = size;
    return this.#noted;
  }

  async #byLines(moment: number, size: number): Promise<number | null> {
    const first = await this.#lineFrom(0, size);
    if (!first) return null;
    if (first.at > moment) return 0;
    let [low, high] = [first.start, size];
    while (high - low > SCAN_BYTES) {
      const middle = Math.floor((low + high) / 2);
      const line = await this.#lineFrom(middle, high);
      if (line && line.at <= moment) low = line.start;
      else high = middle;
    }
    // A line that begins before `high` may end after it.
    const to = Math.min(size, high + PROBE_BYTES);
    const later = (await this.#linesIn(low, to)).find(({ at }) => at > moment);
    return later?.start ?? (high >= size ? size : to);
  }

  /** The first line that begins at `from` or behind it and has a time. */
  async #lineFrom(from: number, size: number): Promise<{ start: number; at: number } | null> {
    const known = this.#probed.get(from);
    if (known !== undefined) return known;
    let found: { start: number; at: number } | null = null;
    let at = from;
    for (let tries = 0; tries < SCAN_BYTES / PROBE_BYTES && at < size && !found; tries++) {
      const end = Math.min(size, at + PROBE_BYTES);
      found = this.#timed(await this.#file.read(at, end), at > 0)[0] ?? null;
      at = end;
    }
    this.#probed.set(from, found);
    return found;
  }

  async #linesIn(from: number, to: number): Promise<{ start: number; at: number }[]> {
    if (this.#scanned?.from !== from || this.#scanned.to !== to) {
      const lines = this.#timed(await this.#file.read(from, to), false);
      this.#scanned = { from, to, lines };
    }
    return this.#scanned.lines;
  }

  /** The lines of a part that have a time. */
  #timed({ bytes, start }: Part, isCut: boolean): { start: number; at: number }[] {
    const found: { start: number; at: number }[] = [];
    const decoder = new TextDecoder();
    let at = isCut ? bytes.indexOf(10) + 1 || bytes.length : 0;
    while (at < bytes.length) {
      const end = bytes.indexOf(10, at) + 1 || bytes.length;
      const time = timeIn(decoder.decode(bytes.subarray(at, Math.min(end, at + 4 * BEGINNING))));
      if (time) found.push({ start: start + at, at: this.#utc(time) });
      at = end;
    }
    return found;
  }

  #utc({ at, zoned }: { at: number; zoned: boolean }): number {
    if (zoned) return at;
    this.#ahead_s ??= this.#aheadAt(at);
    return at - this.#ahead_s;
  }

  /** By how much the writer's clock is ahead: as the reader's is, unless that cannot have been. */
  #aheadAt(first: number): number {
    const reader_s = -60 * new Date(1000 * first).getTimezoneOffset();
    if (this.#began === null) return reader_s;
    const late_s = first - reader_s - this.#began;
    if (late_s > -TOLERANCE_S && late_s < QUARTER_S) return reader_s;
    return Math.floor((first - this.#began + TOLERANCE_S) / QUARTER_S) * QUARTER_S;
  }
}

/** A file as if it were no longer than `limit` bytes. */
export class CutFile implements Pick<File, "read"> {
  limit = Number.POSITIVE_INFINITY;
  readonly #file: Pick<File, "read">;

  constructor(file: Pick<File, "read">) {
    this.#file = file;
  }

  async read(from: number, to?: number): Promise<Part> {
    const { limit } = this;
    if (limit === Number.POSITIVE_INFINITY) return this.#file.read(from, to);
    const start = from < 0 ? Math.max(0, limit + from) : from;
    const end = Math.min(limit, to ?? limit);
    if (start >= end) return { bytes: new Uint8Array(), start, size: limit };
    const part = await this.#file.read(start, end);
    return { ...part, size: Math.min(part.size, limit) };
  }
}
