import { h, list, whenNear, write } from "../dom.ts";
import { count } from "../format.ts";
import { type Model, type RunModel, type Table, watch } from "../model.ts";
import { type RunServer, serverOf } from "../server.ts";
import type { AskRows } from "../tables/far_rows.ts";
import type { DataGrid } from "./data_grid.ts";

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
        const { el, draw } = one(table, serverOf(model.get("facts")), life);
        drawings.set(el, draw);
        return el;
      },
      (section, table) => drawings.get(section)?.(table),
    );
  });
  return el;
}

function one(
  first: Table,
  server: RunServer | null,
  life: AbortSignal,
): { el: HTMLElement; draw(table: Table): void } {
  const note = h("span", { class: "rw-note" });
  const head = h("header", { class: "rw-bar" }, h("h4", { title: first.name }, first.name), note);
  const el = h("section", { class: "rw-table", "aria-label": first.name }, head);
  let newest = first;
  let grid: DataGrid | null = null;

  function draw(table: Table): void {
    newest = table;
    const { columns, rows, total } = table;
    write(note, grid ? "" : `${count(total)} ${total === 1 ? "row" : "rows"}`);
    const cells = { length: rows.length, cell: (row: number, i: number) => rows[row]?.[i] ?? null };
    if (!grid) return;
    grid.update(columns, cells, total);
    el.style.flexBasis = `${grid.wide}px`;
  }

  // The grid comes when it is needed: it is larger than all the rest.
  whenNear(el, life, async () => {
    const { DataGrid } = await import("./data_grid.ts");
    if (life.aborted) return;
    const { name } = newest;
    const ask: AskRows | undefined = server
      ? (question, signal) => server.rows(name, question, signal)
      : undefined;
    grid = new DataGrid(name, life, { ask });
    head.append(grid.note, grid.filter);
    el.append(grid.el);
    draw(newest);
  });
  return { el, draw };
}
