import {
  type Column as GridColumn,
  type MultiColumnSort,
  type SingleColumnSort,
  SlickGrid,
} from "slickgrid";

import { h, openRun, runLink, set, whenSized } from "../../dom.ts";
import type { Colors } from "../../experiment/colors.ts";
import {
  isOver,
  NAME_ID,
  NUMBER_ID,
  numberOfRun,
  type Shown,
  shown,
  statusOf,
} from "../../experiment/columns.ts";
import type { Sort } from "../../experiment/query.ts";
import { ruler } from "../../experiment/ruler.ts";
import { provideSortable } from "../../experiment/sortable.ts";
import type { RunTable } from "../../experiment/table.ts";
import { walkByArrows } from "../grid_keys.ts";
import { type GridSize, gridSize, ROW_HEIGHT } from "../grid_size.ts";

const CHOOSE_WIDTH = 30;
const MIN_WIDTH = 56;
const NAME_WIDTH = 150;
const NAME_ROOM = 220;
const NAME_SHARE = 0.25;
const MOST_HEAD = 200;

/** Beside a text, and beside that of a head, which has an arrow. */
const PADDING = 19;
const ARROW = 14;

/** Letters that a column has room for before anybody has made it wider. */
const NUMBER_LETTERS = 14;
const TEXT_LETTERS = 24;
const NAME_LETTERS = 60;

/** Rows whose texts say how wide a column is. */
const LOOKED_AT = 100;

/** Columns shown at once, at the most: each has a header in the page. */
export const MOST_COLUMNS = 300;

/** How long a run that has just come is marked. */
const NEW_MS = 3000;

const CHOOSE = "choose";

export type GridState = {
  rows: Uint32Array;
  columns: string[];
  widths: Record<string, number>;
  sort: Sort[];
};

/** What a person does to the grid. */
export type GridActions = {
  sort(sort: Sort[]): void;
  /** New order or widths. */
  columns(columns: string[], widths: Record<string, number>): void;
  choose(ids: string[], chosen: boolean): void;
};

/**
 * The table of runs: only what is on screen is in the page, however many there are.
 *
 * @param href the address of a run's page; empty where it has none
 */
export function grid(
  table: RunTable,
  chosen: ReadonlySet<string>,
  colors: Colors,
  href: (id: string) => string,
  actions: GridActions,
  life: AbortSignal,
): { el: HTMLElement; update(state: GridState): void } {
  const all = h("input", { type: "checkbox", "aria-label": "Choose all" });
  const host = h("div", { class: "rw-grid rw-frozen", "data-lm-suppress-shortcuts": "true" });
  const arrived = new Map<string, number>();
  let state: GridState = { rows: new Uint32Array(), columns: [], widths: {}, sort: [] };
  let views: Shown[] = [];
  let slick: SlickGrid | null = null;
  /** Widths that nobody has chosen, by column. */
  let fitting = new Map<string, number>();
  /** The table's changes when they were measured. */
  let measured = -1;
  let known = 0;
  let last = -1;

  const idAt = (place: number) => table.ids[state.rows[place] as number] ?? "";

  function columnOf(view: Shown): GridColumn {
    const isNumber = isNumeric(view);
    return {
      id: view.id,
      field: view.id,
      name: view.label,
      toolTip: view.label,
      width: widthOf(view.id),
      minWidth: MIN_WIDTH,
      sortable: true,
      // Numbers are wanted from the best, which mostly is the largest; texts from A.
      defaultSortAsc: !isNumber,
      cssClass: isNumber ? "rw-number" : "",
      headerCssClass: isNumber ? "rw-number" : "",
      formatter: (place) => cell(view, place),
    };
  }

  const widthOf = (id: string) => state.widths[id] ?? fitting.get(id) ?? MIN_WIDTH;

  /**
   * As wide as what they say, and no narrower than they were; what is left is the name's, as far
   * as that needs it. Tells whether a width has changed.
   */
  function measure(): boolean {
    const before = fitting;
    const width = ruler(host);
    fitting = new Map(
      views.map((view) => {
        const least = view.id === NAME_ID ? 0 : (before.get(view.id) ?? 0);
        return [view.id, Math.max(least, widthFor(view, state.rows, width))];
      }),
    );
    const { wide, room } = size();
    const name = views.find(({ id }) => id === NAME_ID);
    if (name) {
      const wanted = width(longest(name, state.rows, NAME_LETTERS)) + PADDING;
      const least = fitting.get(NAME_ID) ?? MIN_WIDTH;
      // Where all must be scrolled anyway, a name has some room all the same.
      const share = Math.max(
        least + room - wide,
        Math.min(NAME_ROOM, NAME_SHARE * host.clientWidth),
      );
      fitting.set(NAME_ID, Math.round(Math.max(least, Math.min(wanted, share))));
    }
    return views.some(({ id }) => before.get(id) !== fitting.get(id));
  }

  function cell(view: Shown, place: number): HTMLElement | string {
    const row = state.rows[place] as number;
    const text = view.text(row);
    if (view.id === NUMBER_ID) return runCell(row, text);
    if (view.form === "status") {
      const status = statusOf(table, row).toLowerCase();
      const title = table.column("run", "error")?.text(row) || null;
      return h("span", { class: "rw-status", "data-status": status, title }, text);
    }
    const value = view.form === "number" ? view.number(row) : Number.NaN;
    // Of a number that is shown with fewer digits, all of them.
    const title = Number.isFinite(value) ? String(value) : text;
    return title === text && text.length < 12 ? text : h("span", { title }, text);
  }

  function runCell(row: number, text: string): HTMLElement {
    const id = table.ids[row] ?? "";
    const swatch = h("i", { class: "rw-swatch" });
    if (chosen.has(id)) swatch.style.color = colors.look(id).color;
    const address = href(id);
    const name = address
      ? h("a", { ...runLink(), href: address, tabindex: -1, "aria-label": `Run ${text}` }, text)
      : h("span", {}, text);
    return h("span", { class: "rw-run", title: id }, swatch, name);
  }

  function checkbox(place: number): HTMLElement {
    const number = numberOfRun(table, state.rows[place] as number);
    const box = h("input", {
      type: "checkbox",
      tabindex: -1,
      "aria-label": `Choose run ${number}`,
    });
    box.checked = chosen.has(idAt(place));
    return box;
  }

  function columns(): GridColumn[] {
    const chooser: GridColumn = {
      id: CHOOSE,
      field: CHOOSE,
      name: all,
      width: CHOOSE_WIDTH,
      minWidth: CHOOSE_WIDTH,
      maxWidth: CHOOSE_WIDTH,
      resizable: false,
      reorderable: false,
      sortable: false,
      focusable: true,
      cssClass: "rw-choose",
      headerCssClass: "rw-choose",
      formatter: checkbox,
    };
    return [chooser, ...views.map(columnOf)];
  }

  function start(): SlickGrid {
    provideSortable();
    const made = new SlickGrid(host, data, columns(), {
      rowHeight: ROW_HEIGHT,
      enableCellNavigation: true,
      enableColumnReorder: true,
      // Everything is text to it, whoever logged it.
      enableHtmlRendering: false,
      multiColumnSort: true,
      numberedMultiColumnSort: false,
      tristateMultiColumnSort: false,
      frozenColumn: 1,
      // Its own answer would be an alert.
      invalidColumnFreezeWidthCallback: () => {},
      invalidColumnFreezePickerCallback: () => {},
      enableTextSelectionOnCells: true,
      enableMouseWheelScrollHandler: false,
      fullWidthRows: true,
    });
    walkByArrows(made, host, 1, life);
    made.onSort.subscribe((_, args) => actions.sort(sortsOf(args)));
    made.onColumnsReordered.subscribe(() => tellColumns(made));
    made.onColumnsResized.subscribe(() => tellColumns(made));
    made.onClick.subscribe((event, { row, cell }) => {
      if (made.getColumns()[cell]?.id !== CHOOSE) return;
      const mouse = event.getNativeEvent() as MouseEvent;
      mouse.preventDefault();
      toggle(row, mouse.shiftKey);
    });
    made.onKeyDown.subscribe((event, { row, cell }) => {
      const key = event.getNativeEvent() as KeyboardEvent;
      if (key.ctrlKey || key.metaKey || key.altKey) return;
      if (key.key === " ") toggle(row, key.shiftKey);
      else if (key.key === "s") sortBy(String(made.getColumns()[cell]?.id ?? ""));
      else if (key.key === "Enter" && href(idAt(row))) openRun(host, href(idAt(row)));
      else return;
      key.preventDefault();
      event.stopImmediatePropagation();
    });
    return made;
  }

  const data = {
    getLength: () => state.rows.length,
    getItem: (place: number) => ({ place }),
    getItemMetadata: (place: number) => {
      const row = state.rows[place] as number;
      const id = table.ids[row] ?? "";
      const marks = [
        chosen.has(id) && "rw-chosen",
        !isOver(table, row) && "rw-going",
        (arrived.get(id) ?? 0) > Date.now() - NEW_MS && "rw-new",
      ];
      return { cssClasses: marks.filter(Boolean).join(" ") };
    },
  };

  function tellColumns(made: SlickGrid): void {
    const shownNow = made.getColumns().filter(({ id }) => id !== CHOOSE);
    const changed = shownNow.filter(({ id, width }) => width !== widthOf(String(id)));
    const widths = Object.fromEntries(changed.map(({ id, width }) => [String(id), width ?? 80]));
    actions.columns(
      shownNow.map(({ id }) => String(id)),
      { ...state.widths, ...widths },
    );
  }

  /** Sort by a column alone; by it already, the other way round. */
  function sortBy(id: string): void {
    const view = views.find((each) => each.id === id);
    if (!view) return;
    const now = state.sort[0]?.column === id ? state.sort[0] : null;
    const descending = now ? !now.descending : isNumeric(view);
    actions.sort([{ column: id, descending }]);
  }

  /** Tell those who do not see the arrow. */
  function tellOrder(): void {
    for (const head of host.querySelectorAll<HTMLElement>(".slick-header-column")) {
      const sort = state.sort.find(({ column }) => column === head.dataset.id);
      set(head, "aria-sort", sort ? (sort.descending ? "descending" : "ascending") : null);
    }
    set(host, "aria-rowcount", state.rows.length + 1);
  }

  /** Choose a row or let it go; with `range` all from the one before. */
  function toggle(place: number, range: boolean): void {
    const chosenNow = !chosen.has(idAt(place));
    const from = range && last >= 0 ? last : place;
    const places = [Math.min(from, place), Math.max(from, place)] as const;
    const ids = Array.from({ length: places[1] - places[0] + 1 }, (_, i) => idAt(places[0] + i));
    last = place;
    actions.choose(ids, chosenNow);
  }

  // The columns that stay have no scroll bar, so the wheel would do nothing over them.
  host.addEventListener(
    "wheel",
    (event) => {
      const { target, deltaY } = event;
      if (!(target instanceof Element) || !target.closest(".slick-pane-left")) return;
      const viewport = host.querySelector(".slick-viewport-top.slick-viewport-right");
      if (!viewport || deltaY === 0) return;
      const before = viewport.scrollTop;
      viewport.scrollTop += deltaY;
      if (viewport.scrollTop !== before) event.preventDefault();
    },
    { passive: false, signal: life },
  );
  all.addEventListener("click", (event) => {
    event.stopPropagation(); // it would sort
    actions.choose(
      Array.from(state.rows, (row) => table.ids[row] ?? ""),
      all.checked,
    );
  });

  /** Mark runs that have come since the table was first shown. */
  function markNew(): void {
    const isFirst = known === 0;
    for (; known < table.ids.length; known++) {
      const row = known;
      if (!isFirst && !isOver(table, row)) arrived.set(table.ids[row] ?? "", Date.now());
    }
  }

  let fitted = 0;
  whenSized(host, life, (width) => {
    if (!slick) {
      measure();
      slick = start();
      update(state);
    } else if (width !== fitted) {
      measure();
      slick.setColumns(columns());
      slick.resizeCanvas();
    } else slick.resizeCanvas();
    fitted = width;
  });
  life.addEventListener("abort", () => slick?.destroy(true), { once: true });

  function update(next: GridState): void {
    const before = { rows: state.rows, columns: views.map(({ id }) => id).join("\n") };
    state = next;
    views = next.columns.slice(0, MOST_COLUMNS).flatMap((id) => shown(table, id) ?? []);
    const ids = views.map(({ id }) => id).join("\n");
    // A table that was empty knows no widths yet.
    const isOther = ids !== before.columns || before.rows.length === 0;
    // Runs that came since, or were not shown, may say more than those there were.
    const hasNews = table.changes !== measured || next.rows.length > before.rows.length;
    const isWider = (isOther || hasNews) && measure();
    measured = table.changes;
    markNew();
    stretch();
    all.checked =
      next.rows.length > 0 && next.rows.every((row) => chosen.has(table.ids[row] ?? ""));
    if (!slick) return;
    if (isOther || isWider) slick.setColumns(columns());
    const sort = next.sort.map(({ column, descending }) => ({
      columnId: column,
      sortAsc: !descending,
    }));
    slick.setSortColumns(sort);
    tellOrder();
    keepPlace(slick, before.rows);
  }

  function size(): GridSize & { wide: number } {
    const wide = views.reduce((sum, { id }) => sum + widthOf(id), CHOOSE_WIDTH);
    return { wide, ...gridSize(state.rows.length, wide, host.clientWidth) };
  }

  /** As high as its rows and the scroll bar that they need. */
  function stretch(): void {
    const { height, isCut } = size();
    set(host, "data-cut", isCut);
    if (host.style.height === `${height}px`) return;
    host.style.height = `${height}px`;
    slick?.resizeCanvas();
  }

  /** Draw anew, with the run that was at the top of a scrolled table still there. */
  function keepPlace(made: SlickGrid, before: Uint32Array): void {
    const top = made.getViewport().top;
    const row = top > 0 ? before[top] : undefined;
    made.updateRowCount();
    made.invalidate();
    const place = row === undefined ? -1 : state.rows.indexOf(row);
    if (place >= 0 && place !== top) made.scrollRowToTop(place);
  }

  set(host, "aria-label", "Runs");
  set(
    host,
    "aria-description",
    "Arrow keys walk, space chooses a run, Enter opens its page, S sorts by the column",
  );
  return { el: host, update };
}

function isNumeric({ form }: Shown): boolean {
  return form === "number" || form === "duration";
}

function sortsOf(args: SingleColumnSort | MultiColumnSort): Sort[] {
  const sorts = "sortCols" in args ? args.sortCols : [args];
  return sorts.map(({ columnId, sortAsc }) => ({ column: String(columnId), descending: !sortAsc }));
}

/** The width of a column by what it says, in pixels. */
function widthFor(view: Shown, rows: Uint32Array, width: (text: string) => number): number {
  const { id, form, label } = view;
  if (id === NUMBER_ID) return 70;
  const head = Math.min(width(label) + PADDING + ARROW, MOST_HEAD);
  if (id === NAME_ID) return Math.max(head, NAME_WIDTH);
  const least = { status: 118, time: 170, duration: 96, number: MIN_WIDTH, text: MIN_WIDTH }[form];
  const text = longest(view, rows, form === "number" ? NUMBER_LETTERS : TEXT_LETTERS);
  return Math.max(least, head, width(text) + PADDING);
}

/** The longest of a column's texts, as far as a few tell, up to `most` letters. */
function longest(view: Shown, rows: Uint32Array, most: number): string {
  const stride = Math.max(1, Math.floor(rows.length / LOOKED_AT));
  let found = "";
  for (let i = 0; i < rows.length; i += stride) {
    const text = view.text(rows[i] as number);
    if (text.length > found.length) found = text;
  }
  return found.slice(0, most);
}
