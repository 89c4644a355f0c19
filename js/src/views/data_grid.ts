import "../../style/grid.css";

import { type Column, type MultiColumnSort, type SingleColumnSort, SlickGrid } from "slickgrid";

import { h, set, whenSized, write } from "../dom.ts";
import { ruler } from "../experiment/ruler.ts";
import { count, number } from "../format.ts";
import type { Cell } from "../model.ts";
import { type AskRows, FarRows } from "../tables/far_rows.ts";
import { arranged, isNumeric, type Order, type Rows } from "../tables/rows.ts";
import { walkByArrows } from "./grid_keys.ts";
import { gridSize, ROW_HEIGHT } from "./grid_size.ts";

/** Of a grid, which are around what is measured. */
const BORDERS = 2;

/** Columns shown, at the most: each has a header in the page. */
const MOST_COLUMNS = 300;

/** Of a column, in pixels. */
const [NARROWEST, WIDEST] = [56, 360];

/** As long as a number of rows that are not here may be. */
const LONG_NUMBER = "-0.123456";

/** Rows by which a column's width is found. */
const LOOKED_AT = 50;

/** Beside a cell's text, beside a name by which a table is sorted, and of a status before its word. */
const [PADDING, ARROW, DOT] = [19, 14, 18];

const TYPING_MS = 200;

/** What of a table is not only its cells. */
export type GridOptions = {
  /** An element for a cell instead of its text. */
  content?: (row: number, column: number) => HTMLElement | null;
  /** A row was chosen, by a click or Enter. */
  choose?: (row: number) => void;
  /** Brings the rows beyond those that are here; undefined where nobody has them. */
  ask?: AskRows | undefined;
};

/**
 * A table of any length: only what is on screen is in the page.
 *
 * A click on a column's name sorts by it, as does the key S in one of its cells, a second one the
 * other way round; what is typed into the filter leaves the rows that have it in some cell. Where not all rows are here, the others are
 * asked for as somebody scrolls to them, and who has them all sorts and searches.
 */
export class DataGrid {
  readonly el: HTMLElement;
  /** How many rows are shown, and of how many. */
  readonly note = h("span", { class: "rw-note", role: "status" });
  readonly filter: HTMLInputElement;
  readonly #host: HTMLElement;
  readonly #options: GridOptions;
  readonly #life: AbortSignal;
  #slick: SlickGrid | null = null;
  #columns: string[] = [];
  #numeric: boolean[] = [];
  #rows: Rows = { length: 0, cell: () => null };
  #total = 0;
  /** Of each column, in pixels. */
  #widths: number[] = [];
  #places: Uint32Array = new Uint32Array();
  readonly #far: FarRows | null;
  #order: Order | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(label: string, life: AbortSignal, options: GridOptions = {}) {
    this.#options = options;
    this.#life = life;
    this.#far = options.ask ? new FarRows(options.ask, life, () => this.#draw()) : null;
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
      this.#fit();
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
    if (total > this.#total) this.#far?.grew();
    this.#total = total;
    if (isFirst) {
      this.#order = null;
      this.#numeric = shown.map((_, column) => isNumeric(rows, column));
      this.#measure();
      this.#slick?.setColumns(this.#slickColumns());
    }
    this.#fit();
    this.#arrange();
  }

  /** Make the table as large as its cells, and the scroll bars that it needs. */
  #fit(): void {
    const { height } = gridSize(this.#rows.length, this.#columnsWidth, this.#host.clientWidth);
    this.#host.style.maxWidth = `${this.wide - BORDERS}px`;
    this.#host.style.height = `${height}px`;
  }

  get #columnsWidth(): number {
    return this.#widths.reduce((sum, width) => sum + width, 0);
  }

  /** How wide the table is where there is room for all of its columns, and a scroll bar. */
  get wide(): number {
    const columns = this.#columnsWidth;
    return columns - gridSize(this.#rows.length, columns, 0).room + BORDERS;
  }

  /** Whether rows are shown that are not here. */
  get #isFar(): boolean {
    return this.#far !== null && this.#rows.length < this.#total && !this.#far.problem;
  }

  /** Whether all rows are shown, in the order in which they came. */
  get #isPlain(): boolean {
    return this.filter.value.trim() === "" && this.#order === null;
  }

  #arrange(): void {
    if (this.#far && this.#rows.length < this.#total) {
      this.#far.arrange(this.filter.value, this.#order);
    }
    this.#draw();
  }

  #draw(): void {
    this.#places = arranged(this.#rows, this.#columns.length, this.filter.value, this.#order);
    write(this.note, this.#isFar ? this.#farNote() : this.#hereNote());
    this.filter.hidden = this.#total < 2;
    set(this.#host, "aria-busy", this.#isFar && !this.#isPlain && this.#far?.matched === null);
    this.#slick?.updateRowCount();
    this.#slick?.invalidate();
    this.#look();
  }

  #hereNote(): string {
    const { length } = this.#rows;
    const here = length < this.#total ? `the first ${count(length)} of ${this.#all}` : this.#all;
    const left = this.#places.length < length ? `${count(this.#places.length)} of ` : "";
    const why = length < this.#total ? this.#far?.problem : "";
    return `${left}${here}${why ? ` · ${why}` : ""}`;
  }

  #farNote(): string {
    const matched = this.#far?.matched ?? null;
    if (this.#isPlain) {
      const held = this.#far?.held ?? null;
      return held === null ? this.#all : `the first ${count(held)} of ${this.#all}`;
    }
    if (matched === null)
      return `${this.filter.value.trim() ? "searching" : "sorting"} ${this.#all} …`;
    return this.filter.value.trim() ? `${count(matched)} of ${this.#all}` : this.#all;
  }

  get #all(): string {
    return `${count(this.#total)} ${this.#total === 1 ? "row" : "rows"}`;
  }

  get #length(): number {
    if (!this.#isFar) return this.#places.length;
    const all = this.#far?.held ?? this.#total;
    if (this.#isPlain) return all;
    // Until the answer comes there is no saying how many a filter leaves.
    return this.#far?.matched ?? (this.filter.value.trim() ? 0 : all);
  }

  /** Have those rows brought that are on the screen and not here. */
  #look(): void {
    if (!this.#isFar || !this.#slick) return;
    const { top, bottom } = this.#slick.getViewport();
    if (this.#isPlain && bottom < this.#rows.length) return;
    const length = this.#length;
    this.#far?.look(Math.max(0, top), Math.min(bottom, Math.max(0, length - 1)), length);
  }

  /** A cell by its place on the screen; undefined while it is on its way. */
  #cell(place: number, column: number): Cell | undefined {
    if (!this.#isFar) return this.#rows.cell(this.#places[place] as number, column);
    if (this.#isPlain && place < this.#rows.length) return this.#rows.cell(place, column);
    const row = this.#far?.row(place);
    return row ? (row[column] ?? null) : undefined;
  }

  #start(): SlickGrid {
    this.#measure();
    const data = {
      getLength: () => this.#length,
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
      this.#sort(Number.isInteger(column) ? { column, descending: !sort?.sortAsc } : null);
    });
    made.onViewportChanged.subscribe(() => this.#look());
    const choose = (place: number) => this.#options.choose?.(this.#places[place] as number);
    made.onClick.subscribe((_, { row }) => choose(row));
    made.onKeyDown.subscribe((event, { row, cell }) => {
      const { key, ctrlKey, metaKey, altKey } = event.getNativeEvent() as KeyboardEvent;
      if (key === "Enter") choose(row);
      if (key !== "s" || ctrlKey || metaKey || altKey) return;
      const descending = this.#order?.column === cell && !this.#order.descending;
      made.setSortColumn(String(cell), !descending);
      this.#sort({ column: cell, descending });
    });
    walkByArrows(made, this.#host, 0, this.#life);
    set(this.#host, "data-choose", this.#options.choose !== undefined);
    return made;
  }

  #sort(order: Order | null): void {
    this.#order = order;
    this.#host.querySelectorAll(".slick-header-column").forEach((head, column) => {
      const way = order?.descending ? "descending" : "ascending";
      set(head, "aria-sort", order?.column === column && way);
    });
    this.#arrange();
  }

  #slickColumns(): Column[] {
    return this.#columns.map((name, column) => ({
      id: String(column),
      field: String(column),
      name,
      toolTip: name,
      width: this.#widths[column],
      minWidth: 40,
      sortable: true,
      cssClass: this.#numeric[column] ? "rw-number" : "",
      headerCssClass: this.#numeric[column] ? "rw-number" : "",
      formatter: (place: number) => this.#content(place, column),
    }));
  }

  #content(place: number, column: number): HTMLElement | string {
    const made = this.#options.content?.(this.#places[place] as number, column);
    if (made) return made;
    const value = this.#cell(place, column);
    if (value === undefined) return h("span", { class: "rw-pending" });
    const text = textOf(value);
    return text === String(value ?? "") && text.length < 12
      ? text
      : h("span", { title: String(value ?? "") }, text);
  }

  /** Find how wide the columns are: as their names and their first cells, within reason. */
  #measure(): void {
    // Until the table is on the page its font is not known.
    const width = ruler(this.#host.isConnected ? this.#host : document.body);
    const aside = this.#options.content ? PADDING + DOT : PADDING;
    this.#widths = this.#columns.map((name, column) => {
      const wide = Math.max(width(name) + PADDING + ARROW, width(this.#longest(column)) + aside);
      return Math.max(NARROWEST, Math.min(WIDEST, wide));
    });
  }

  /** The longest of a column's texts, as far as its first cells tell. */
  #longest(column: number): string {
    const isCut = this.#rows.length < this.#total && this.#numeric[column];
    let longest = isCut ? LONG_NUMBER : "";
    for (let row = 0; row < Math.min(this.#rows.length, LOOKED_AT); row++) {
      const text = textOf(this.#rows.cell(row, column));
      if (text.length > longest.length) longest = text;
    }
    return longest;
  }
}

function textOf(cell: Cell): string {
  return typeof cell === "number" ? number(cell) : String(cell ?? "");
}
