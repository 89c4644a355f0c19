/**
 * What a terminal would show of a program's output: lines, colours, progress bars. Pure.
 *
 * Knows what logs contain: line ends, carriage returns and backspaces, colours, erasing within a
 * line and moving the cursor, as nested progress bars do. Every other escape is left out.
 */

/** One of the sixteen colours by its number, or red, green and blue. */
export type Color = number | readonly [number, number, number];

export type Style = {
  readonly fg?: Color;
  readonly bg?: Color;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
  readonly strike?: boolean;
  readonly inverse?: boolean;
};

/** Text of one style; null is the plain one. */
export type Span = { text: string; style: Style | null };

/** `line` counts the line ends before it: a line that is too wide is on several rows. */
export type Row = { spans: Span[]; line: number };

/** Where a row ends that the program does not end: a terminal's width, but generous. */
export const WIDTH = 10_000;

/** An escape that is longer than this is not one. */
const LONGEST_ESCAPE = 4096;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f\x9b]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const SEQUENCE = /(?:\x1b\[|\x9b)([0-?]*)([ -/]*)([@-~])/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const STRING = /\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const OTHER = /\x1b[ -/]*[0-Z\\^-~]/y;

export class Terminal {
  readonly rows: Row[] = [];
  /** Line ends so far. */
  line = 0;
  #row = 0;
  #column = 0;
  #style: Style | null;
  /** The beginning of an escape whose end has not come yet. */
  #pending = "";
  #changed = 0;

  constructor(style: Style | null = null) {
    this.#style = style;
  }

  /** What the next text would look like. */
  get style(): Style | null {
    return this.#style;
  }

  /** The first row that was changed since the last call, or `rows.length` where none was. */
  takeChanged(): number {
    const changed = Math.min(this.#changed, this.rows.length);
    this.#changed = this.rows.length;
    return changed;
  }

  write(text: string): void {
    const all = this.#pending + text;
    this.#pending = "";
    let at = 0;
    while (at < all.length) {
      CONTROL.lastIndex = at;
      const control = CONTROL.exec(all);
      const end = control ? control.index : all.length;
      if (end > at) this.#put(all.slice(at, end));
      if (!control) return;
      at = this.#obey(all, end);
      if (at < 0) {
        this.#pending = all.slice(end);
        return;
      }
    }
  }

  /** Do what the control character at `at` says; return where the text goes on, or -1. */
  #obey(text: string, at: number): number {
    switch (text[at]) {
      case "\n":
        this.line += 1;
        this.#row += 1;
        this.#column = 0;
        return at + 1;
      case "\r":
        this.#column = 0;
        return at + 1;
      case "\b":
        this.#column = Math.max(0, this.#column - 1);
        return at + 1;
      case "\x1b":
      case "\x9b":
        return this.#escape(text, at);
      default:
        return at + 1;
    }
  }

  #escape(text: string, at: number): number {
    const sequence = match(SEQUENCE, text, at);
    if (sequence) {
      this.#command(sequence[3] as string, sequence[2] ? "?" : (sequence[1] as string));
      return SEQUENCE.lastIndex;
    }
    if (match(STRING, text, at)) return STRING.lastIndex;
    if (match(OTHER, text, at)) return OTHER.lastIndex;
    const rest = text.length - at;
    // The rest may come with the next text, if this can still become an escape.
    return rest < LONGEST_ESCAPE && canGoOn(text.slice(at)) ? -1 : at + 1;
  }

  #command(name: string, parameters: string): void {
    if (/[^0-9;:]/.test(parameters)) return; // private to some terminal
    const first = Number.parseInt(parameters, 10) || 0;
    const count = Math.min(Math.max(1, first), WIDTH);
    switch (name) {
      case "m":
        this.#style = styled(this.#style, parameters);
        break;
      case "K":
        this.#erase(first);
        break;
      case "A":
        this.#row = Math.max(0, this.#row - count);
        break;
      case "B":
        // Never below what is there: a number is no reason for ten thousand empty rows.
        this.#row = Math.max(this.#row, Math.min(this.rows.length - 1, this.#row + count));
        break;
      case "C":
        this.#column = Math.min(WIDTH, this.#column + count);
        break;
      case "D":
        this.#column = Math.max(0, this.#column - count);
        break;
      case "G":
        this.#column = count - 1;
        break;
    }
  }

  #erase(what: number): void {
    const row = this.rows[this.#row];
    if (!row) return;
    const length = lengthOf(row);
    const blank = " ".repeat(Math.min(length, this.#column));
    if (what === 0) row.spans = sliced(row.spans, 0, this.#column);
    else if (what === 2) row.spans = [];
    else
      row.spans = joined([{ text: blank, style: null }], sliced(row.spans, this.#column, length));
    this.#touch();
  }

  #put(text: string): void {
    let rest = text;
    while (rest) {
      const room = WIDTH - this.#column;
      if (room <= 0) {
        this.#row += 1;
        this.#column = 0;
        continue;
      }
      this.#overwrite(rest.slice(0, room));
      rest = rest.slice(room);
    }
  }

  #overwrite(text: string): void {
    while (this.rows.length <= this.#row) this.rows.push({ spans: [], line: this.line });
    const row = this.rows[this.#row] as Row;
    const length = lengthOf(row);
    const [start, end] = [this.#column, this.#column + text.length];
    const written = [{ text, style: this.#style }];
    if (start === length) {
      row.spans = joined(row.spans, written);
    } else {
      const gap = start > length ? [{ text: " ".repeat(start - length), style: null }] : [];
      const before = joined(sliced(row.spans, 0, start), gap);
      row.spans = joined(joined(before, written), sliced(row.spans, end, length));
    }
    this.#column = end;
    this.#touch();
  }

  #touch(): void {
    this.#changed = Math.min(this.#changed, this.#row);
  }
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Whether an escape that has not ended may still do so. */
function canGoOn(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /^(?:(?:\x1b\[|\x9b)[0-?]*[ -/]*|\x1b[\]PX^_][^\x07\x1b\n]*\x1b?|\x1b[ -/]*)$/.test(text);
}

function lengthOf(row: Row): number {
  let length = 0;
  for (const { text } of row.spans) length += text.length;
  return length;
}

function sliced(spans: Span[], from: number, to: number): Span[] {
  const kept: Span[] = [];
  let at = 0;
  for (const { text, style } of spans) {
    const part = text.slice(Math.max(0, from - at), Math.max(0, to - at));
    if (part) kept.push({ text: part, style });
    at += text.length;
  }
  return kept;
}

/** Two runs of spans as one; where they meet in one style, as one span. */
function joined(left: Span[], right: Span[]): Span[] {
  const [last, next] = [left.at(-1), right[0]];
  if (!last || !next || last.style !== next.style) return [...left, ...right];
  return [
    ...left.slice(0, -1),
    { text: last.text + next.text, style: last.style },
    ...right.slice(1),
  ];
}

// -- colours --------------------------------------------------------------------------------------

/** Kept to be told by; a hostile log may have any number. */
const MOST_STYLES = 1000;

const PLAIN: Style = {};
const changes = new WeakMap<Style, Map<string, Style | null>>();

/** `style` after the codes of an `ESC [ … m`; a log has few, and each very often. */
function styled(style: Style | null, parameters: string): Style | null {
  const before = style ?? PLAIN;
  const from = changes.get(before) ?? new Map<string, Style | null>();
  changes.set(before, from);
  const seen = from.get(parameters);
  if (seen !== undefined) return seen;
  const after = changed(style, parameters);
  if (from.size < MOST_STYLES) from.set(parameters, after);
  return after;
}

function changed(style: Style | null, parameters: string): Style | null {
  const codes = parameters.split(/[;:]/).map((code) => Number.parseInt(code, 10) || 0);
  let next: Style = style ?? {};
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] as number;
    if (code === 38 || code === 48) {
      const [color, used] = extended(codes.slice(i + 1));
      i += used;
      if (color !== null) next = { ...next, [code === 38 ? "fg" : "bg"]: color };
    } else {
      next = code === 0 ? {} : { ...next, ...changeOf(code) };
    }
  }
  return known(next);
}

function changeOf(code: number): Style {
  if (code >= 30 && code <= 37) return { fg: code - 30 };
  if (code >= 40 && code <= 47) return { bg: code - 40 };
  if (code >= 90 && code <= 97) return { fg: code - 82 };
  if (code >= 100 && code <= 107) return { bg: code - 92 };
  return CHANGES[code] ?? {};
}

const CHANGES: Record<number, { [K in keyof Style]: Style[K] | undefined } & Style> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
};
for (const [code, names] of Object.entries({
  22: ["bold", "dim"],
  23: ["italic"],
  24: ["underline"],
  27: ["inverse"],
  29: ["strike"],
  39: ["fg"],
  49: ["bg"],
})) {
  CHANGES[Number(code)] = Object.fromEntries(names.map((name) => [name, undefined]));
}

/** The colour after a 38 or 48, and how many codes it took. */
function extended(codes: number[]): [Color | null, number] {
  if (codes[0] === 5) return [indexed(codes[1] ?? 0), 2];
  if (codes[0] === 2)
    return [codes.length < 4 ? null : [byte(codes[1]), byte(codes[2]), byte(codes[3])], 4];
  return [null, 0];
}

function byte(code: number | undefined): number {
  return Math.max(0, Math.min(255, code ?? 0));
}

/** A colour of the 256: the sixteen, a cube of six shades each, and greys. */
function indexed(code: number): Color | null {
  if (code > 255) return null;
  if (code < 16) return code;
  if (code >= 232) {
    const grey = 8 + 10 * (code - 232);
    return [grey, grey, grey];
  }
  const shade = (share: number) => (share === 0 ? 0 : 55 + 40 * share);
  const place = code - 16;
  return [shade(Math.floor(place / 36)), shade(Math.floor(place / 6) % 6), shade(place % 6)];
}

const styles = new Map<string, Style>();

/** The one object of a style, so that text of one style is told by it; null for the plain one. */
function known(style: Style): Style | null {
  const set = Object.entries(style).filter(([, value]) => value !== undefined);
  if (set.length === 0) return null;
  const plain = Object.fromEntries(set.sort()) as Style;
  const key = JSON.stringify(plain);
  if (styles.size > MOST_STYLES) styles.clear();
  if (!styles.has(key)) styles.set(key, plain);
  return styles.get(key) as Style;
}
