import "../../style/grid.css";

import { type Column, type MultiColumnSort, type SingleColumnSort, SlickGrid } from "slickgrid";

import { h, set, whenSized, write } from "../dom.ts";
import { count, number } from "../format.ts";
import type { Cell } from "../model.ts";
import { arranged, isNumeric, type Order, type Rows } from "../rows.ts";

const ROW_HEIGHT = 26;
const HEAD_HEIGHT = 30;

/** Rows after which a table scrolls. */
const MOST_ROWS = 14;

/** Columns shown, at the most: each has a header in the page. */
const MOST_COLUMNS = 300;

/** Of a column, in pixels. */
const [NARROWEST, WIDEST] = [56, 360];

const TYPING_MS = 200;

/** What of a table is not only its cells. */
export type GridOptions = {
  /** An element for a cell instead of its text. */
  content?: (row: number, column: number) => HTMLElement | null;
  /** A row was chosen, by a click or Enter. */
  choose?: (row: number) => void;
};

/**
 * A table of any length: only what is on screen is in the page.
 *
 * A click on a column's name sorts by it, a second one the other way round; what is typed into the
 * filter leaves the rows that have it in some cell.
 */
export class DataGrid {
  readonly el: HTMLElement;
  /** How many rows are shown, and of how many. */
  readonly note = h("span", { class: "rw-note", role: "status" });
  readonly filter: HTMLInputElement;
  readonly #host: HTMLElement;
  readonly #options: GridOptions;
  #slick: SlickGrid | null = null;
  #columns: string[] = [];
  #numeric: boolean[] = [];
  #rows: Rows = { length: 0, cell: () => null };
  #total = 0;
  #places: Uint32Array = new Uint32Array();
  #order: Order | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(label: string, life: AbortSignal, options: GridOptions = {}) {
    this.#options = options;
    this.#host = h("div", {
      class: "rw-grid",
      role: "region",
      "aria-label": label,
      "data-lm-suppress-shortcuts": "true",
    });
    this.filter = h("input", {
      type: "search",
      class: "rw-input",
      placeholder: "Filter rows",
      "aria-label": `Filter rows of ${label}`,
      oninput: () => {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#arrange(), TYPING_MS);
      },
    });
    this.el = this.#host;
    whenSized(this.#host, life, () => {
      if (this.#slick) this.#slick.resizeCanvas();
      else this.#slick = this.#start();
    });
    const end = () => {
      clearTimeout(this.#timer);
      this.#slick?.destroy(true);
    };
    life.addEventListener("abort", end, { once: true });
  }

  /** Show these rows, of `total` that there are. */
  update(columns: readonly string[], rows: Rows, total = rows.length): void {
    const shown = columns.slice(0, MOST_COLUMNS);
    const isNew = shown.join("\n") !== this.#columns.join("\n");
    const isFirst = isNew || this.#rows.length === 0;
    this.#columns = shown;
    this.#rows = rows;
    this.#total = total;
    if (isFirst) {
      this.#order = null;
      this.#numeric = shown.map((_, column) => isNumeric(rows, column));
      this.#slick?.setColumns(this.#slickColumns());
    }
    const height = HEAD_HEIGHT + ROW_HEIGHT * Math.max(1, Math.min(rows.length, MOST_ROWS)) + 16;
    this.#host.style.height = `${height}px`;
    if (isFirst) {
      const width = shown.reduce((sum, _, column) => sum + this.#width(column), 0);
      this.#host.style.maxWidth = `${width + 20}px`;
    }
    this.#arrange();
  }

  #arrange(): void {
    const { length } = this.#rows;
    this.#places = arranged(this.#rows, this.#columns.length, this.filter.value, this.#order);
    const all = `${count(this.#total)} ${this.#total === 1 ? "row" : "rows"}`;
    const here = length < this.#total ? `the first ${count(length)} of ${all}` : all;
    const left = this.#places.length < length ? `${count(this.#places.length)} of ` : "";
    write(this.note, `${left}${here}`);
    this.#slick?.updateRowCount();
    this.#slick?.invalidate();
  }

  #start(): SlickGrid {
    const data = {
      getLength: () => this.#places.length,
      // Of no meaning, but never 0, which the grid would take for nothing.
      getItem: (place: number) => place + 1,
      getItemMetadata: () => null,
    };
    const made = new SlickGrid(this.#host, data, this.#slickColumns(), {
      rowHeight: ROW_HEIGHT,
      enableCellNavigation: true,
      enableColumnReorder: false,
      // Everything is text to it, whoever logged it.
      enableHtmlRendering: false,
      multiColumnSort: false,
      enableTextSelectionOnCells: true,
    });
    made.onSort.subscribe((_, args: SingleColumnSort | MultiColumnSort) => {
      const sort = "sortCols" in args ? args.sortCols[0] : args;
      const column = Number(sort?.columnId);
      this.#order = Number.isInteger(column) ? { column, descending: !sort?.sortAsc } : null;
      this.#arrange();
    });
    const choose = (place: number) => this.#options.choose?.(this.#places[place] as number);
    made.onClick.subscribe((_, { row }) => choose(row));
    made.onKeyDown.subscribe((event, { row }) => {
      const key = event.getNativeEvent() as KeyboardEvent;
      if (key.key === "Enter") choose(row);
    });
    set(this.#host, "data-choose", this.#options.choose !== undefined);
    return made;
  }

  #slickColumns(): Column[] {
    return this.#columns.map((name, column) => ({
      id: String(column),
      field: String(column),
      name,
      toolTip: name,
      width: this.#width(column),
      minWidth: 40,
      sortable: true,
      cssClass: this.#numeric[column] ? "rw-number" : "",
      headerCssClass: this.#numeric[column] ? "rw-number" : "",
      formatter: (place: number) => this.#content(this.#places[place] as number, column),
    }));
  }

  #content(row: number, column: number): HTMLElement | string {
    const made = this.#options.content?.(row, column);
    if (made) return made;
    const value = this.#rows.cell(row, column);
    const text = textOf(value);
    return text === String(value ?? "") && text.length < 12
      ? text
      : h("span", { title: String(value ?? "") }, text);
  }

  /** As wide as its name and its first cells, within reason. */
  #width(column: number): number {
    let longest = (this.#columns[column] ?? "").length + 2;
    for (let row = 0; row < Math.min(this.#rows.length, 50); row++) {
      longest = Math.max(longest, textOf(this.#rows.cell(row, column)).length);
    }
    const more = this.#options.content ? 44 : 26;
    return Math.max(NARROWEST, Math.min(WIDEST, 7.5 * longest + more));
  }
}

function textOf(cell: Cell): string {
  return typeof cell === "number" ? number(cell) : String(cell ?? "");
}
