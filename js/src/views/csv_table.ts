import { h } from "../dom.ts";
import { rowsOfCsv, separatorOf } from "../files/csv.ts";
import { DataGrid } from "./data_grid.ts";
import type { Drawing } from "./preview.ts";

/** A CSV file as a table; its first row names the columns. */
export function csvTable(life: AbortSignal, separator?: string): Drawing {
  const grid = new DataGrid("the file", life);
  const el = h(
    "div",
    { class: "rw-csv" },
    h("div", { class: "rw-bar" }, grid.note, grid.filter),
    grid.el,
  );
  return {
    el,
    draw(text, isWhole) {
      const [head = [], ...rows] = rowsOfCsv(text, separator ?? separatorOf(text));
      // The last row may go on in what has not been read.
      if (!isWhole) rows.pop();
      grid.update(head, {
        length: rows.length,
        cell: (row, column) => rows[row]?.[column] ?? "",
      });
    },
  };
}
