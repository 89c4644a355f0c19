/** Rows of text in blocks, of which the browser lays out only those near the screen. */

import { h, write } from "../dom.ts";
import type { Color, Row, Span, Style } from "../logs/terminal.ts";

/** Rows of a block: few enough to be drawn anew with each new line, many enough to be few. */
const BLOCK_ROWS = 200;

/** The height of a row in pixels, as the style sheet has it. */
export const ROW_HEIGHT = 18;

type Block = { el: HTMLElement; numbers: HTMLElement; text: HTMLElement };

/** A piece of text that grows at its end. */
export class TextBlocks {
  readonly el = h("div", { class: "rw-text" });
  readonly #blocks: Block[] = [];

  /**
   * Draw `rows` from the row `from` on; those before it are as they were.
   *
   * @param firstLine lines before the first row; null shows no numbers
   * @param wanted what is marked; small and capital letters of a to z are one
   */
  draw(rows: readonly Row[], from: number, firstLine: number | null, wanted = ""): void {
    const first = Math.floor(Math.max(0, Math.min(from, rows.length - 1)) / BLOCK_ROWS);
    const last = Math.ceil(rows.length / BLOCK_ROWS);
    for (let place = first; place < last; place++) {
      const part = rowsAt(rows, place);
      const block = this.#blocks[place] ?? this.#add();
      block.el.style.containIntrinsicHeight = `auto ${part.length * ROW_HEIGHT}px`;
      writeNumbers(block, part, firstLine);
      block.text.replaceChildren(...nodes(part, lower(wanted)));
    }
    for (const { el } of this.#blocks.splice(last)) el.remove();
  }

  /** Show the lines' numbers, `firstLine` before the first row. */
  number(rows: readonly Row[], firstLine: number | null): void {
    this.#blocks.forEach((block, place) => {
      writeNumbers(block, rowsAt(rows, place), firstLine);
    });
  }

  /** Mark what is `wanted`, and nothing else. */
  find(rows: readonly Row[], wanted: string): void {
    const small = lower(wanted);
    this.#blocks.forEach(({ text }, place) => {
      const part = rowsAt(rows, place);
      // Of a large log most blocks stay as they are.
      const isFound =
        small !== "" && part.some(({ spans }) => lower(textOf(spans)).includes(small));
      if (isFound || text.querySelector("mark")) text.replaceChildren(...nodes(part, small));
    });
  }

  /** The first mark in the line with `line` line ends before it in these rows. */
  mark(line: number): HTMLElement | null {
    return this.el.querySelector(`mark[data-line="${line}"]`);
  }

  #add(): Block {
    const numbers = h("pre", { class: "rw-gutter", "aria-hidden": "true", hidden: true });
    const text = h("pre");
    const block = { el: h("div", { class: "rw-block" }, numbers, text), numbers, text };
    this.#blocks.push(block);
    this.el.append(block.el);
    return block;
  }
}

/** The rows of a text that is not a terminal's. */
export function rowsOf(text: string): Row[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, number) => ({
    spans: [{ text: line.replace(/\r$/, ""), style: null }],
    line: number,
  }));
}

function rowsAt(rows: readonly Row[], place: number): Row[] {
  return rows.slice(place * BLOCK_ROWS, (place + 1) * BLOCK_ROWS);
}

/** Beside the rows, a number where a line begins. */
function writeNumbers({ numbers }: Block, rows: Row[], firstLine: number | null): void {
  numbers.hidden = firstLine === null;
  if (firstLine === null) return;
  const texts = rows.map(({ line }, i) => (line === rows[i - 1]?.line ? "" : firstLine + line + 1));
  write(numbers, texts.join("\n"));
}

function textOf(spans: Span[]): string {
  return spans.map(({ text }) => text).join("");
}

function nodes(rows: Row[], wanted: string): (Node | string)[] {
  const made: (Node | string)[] = [];
  let plain = "";
  for (const row of rows) {
    for (const { text, style, isMark } of marked(row.spans, wanted)) {
      if (!style && !isMark) {
        plain += text;
        continue;
      }
      made.push(plain);
      plain = "";
      const inner = style ? styled(text, style) : text;
      made.push(isMark ? h("mark", { "data-line": row.line }, inner) : inner);
    }
    plain += "\n";
  }
  made.push(plain);
  return made.filter((node) => node !== "");
}

type Marked = Span & { isMark: boolean };

/** Spans cut where what is `wanted`, in small letters, begins and ends. */
function marked(spans: Span[], wanted: string): Marked[] {
  const whole = wanted ? lower(textOf(spans)) : "";
  if (!wanted || !whole.includes(wanted)) {
    return spans.map((span) => ({ ...span, isMark: false }));
  }
  const cuts: number[] = [];
  for (let at = whole.indexOf(wanted); at >= 0; at = whole.indexOf(wanted, at + wanted.length)) {
    cuts.push(at, at + wanted.length);
  }
  const parts: Marked[] = [];
  let at = 0;
  let next = 0;
  for (const { text, style } of spans) {
    let from = 0;
    while (from < text.length) {
      while (next < cuts.length && (cuts[next] as number) <= at + from) next += 1;
      const to = Math.min(text.length, (cuts[next] ?? Number.POSITIVE_INFINITY) - at);
      parts.push({ text: text.slice(from, to), style, isMark: next % 2 === 1 });
      from = to;
    }
    at += text.length;
  }
  return parts;
}

function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function styled(text: string, style: Style): HTMLElement {
  const names = ["bold", "dim", "italic", "underline", "strike"] as const;
  const classes: string[] = names.filter((name) => style[name]);
  const el = h("span", {}, text);
  const [fg, bg] = style.inverse ? [style.bg ?? "page", style.fg ?? "text"] : [style.fg, style.bg];
  color(el, "color", fg, classes, "fg");
  color(el, "backgroundColor", bg, classes, "bg");
  el.className = classes.map((name) => `rw-ansi-${name}`).join(" ");
  return el;
}

function color(
  el: HTMLElement,
  property: "color" | "backgroundColor",
  value: Color | string | undefined,
  classes: string[],
  what: string,
): void {
  if (value === undefined) return;
  if (typeof value === "object") el.style[property] = `rgb(${value.join(", ")})`;
  else classes.push(`${what}-${value}`);
}
