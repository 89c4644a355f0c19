import { h, list, write } from "../dom.ts";
import { count, number } from "../format.ts";
import { type Cell, type Model, type RunModel, type Table, watch } from "../model.ts";

/** Rows put into the page at first, and more at each asking. */
const PAGE = 100;

/** The run's tables and rows, as they were logged. */
export function tables(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const el = h("div", { class: "rw-tables" });
  const drawings = new WeakMap<HTMLElement, (table: Table) => void>();

  watch(model, ["tables"], life, () => {
    list(
      el,
      model.get("tables"),
      // Other columns are another table.
      ({ name, columns }) => JSON.stringify([name, columns]),
      (table) => {
        const { el, draw } = grid(table);
        drawings.set(el, draw);
        return el;
      },
      (section, table) => drawings.get(section)?.(table),
    );
  });
  return el;
}

function grid({ name, columns, rows }: Table): { el: HTMLElement; draw(table: Table): void } {
  const body = h("tbody");
  const note = h("span", { class: "rw-note" });
  const more = h("button", { type: "button", class: "rw-more" });
  const head = columns.map((column, i) =>
    h("th", { scope: "col", class: typeof rows[0]?.[i] === "number" && "rw-number" }, column),
  );
  const table = h("table", {}, h("thead", {}, h("tr", {}, ...head)), body);
  const el = h(
    "section",
    { class: "rw-table", "aria-label": name },
    h("header", {}, h("h4", {}, name), note),
    h("div", { class: "rw-scroll", tabindex: 0, role: "region", "aria-label": name }, table, more),
  );
  let most = PAGE;
  let newest: Table = { name, columns, rows: [], total: 0 };

  function draw(next: Table): void {
    newest = next;
    list(
      body,
      next.rows.slice(0, most),
      (_, index) => String(index),
      () => h("tr", {}, ...columns.map(() => h("td"))),
      (row, cells) => {
        for (const i of columns.keys()) drawCell(row.children[i] as Element, cells[i]);
      },
    );
    const rows = `${count(next.total)} ${next.total === 1 ? "row" : "rows"}`;
    const here = next.rows.length;
    write(note, here < next.total ? `first ${count(here)} of ${rows}` : rows);
    more.hidden = here <= most;
    write(more, `Show ${count(Math.min(PAGE, here - most))} more`);
  }

  more.addEventListener("click", () => {
    most += PAGE;
    draw(newest);
  });
  return { el, draw };
}

function drawCell(td: Element, cell: Cell | undefined): void {
  const isNumber = typeof cell === "number";
  write(td, isNumber ? number(cell) : String(cell ?? ""));
  td.classList.toggle("rw-number", isNumber);
}
