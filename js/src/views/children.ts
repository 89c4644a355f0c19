import { FIXED, tableOf } from "../children.ts";
import { every, h, set, whenNear, write } from "../dom.ts";
import { count, duration, words } from "../format.ts";
import { type Child, type Model, type RunModel, watch } from "../model.ts";
import { reasonOf, serverOf } from "../server.ts";
import type { DataGrid } from "./data_grid.ts";

/** Shows another run of the same workspace in an element, by its files, until `life` ends. */
export type Open = (runId: string, into: HTMLElement, life: AbortSignal) => Promise<void>;

const FINAL = new Set(["Completed", "Failed", "Canceled"]);

/** The runs below this one; a click on one shows it below the table. */
export function children(
  model: Model<RunModel>,
  open: Open | undefined,
  life: AbortSignal,
): HTMLElement {
  const head = h("div", { class: "rw-bar" });
  const pane = h("section", { class: "rw-pane rw-child", hidden: true });
  const el = h("div", { class: "rw-children" }, head, pane);
  let grid: DataGrid | null = null;
  let since = performance.now();
  let shown = new AbortController();
  life.addEventListener("abort", () => shown.abort(), { once: true });

  const elapsed = ({ elapsed_s, status }: Child) =>
    elapsed_s === null || FINAL.has(status)
      ? elapsed_s
      : elapsed_s + (performance.now() - since) / 1000;

  function draw(): void {
    const runs = model.get("children");
    const { columns, rows } = tableOf(runs, elapsed);
    const total = Math.max(runs.length, model.get("facts").child_count);
    grid?.update(columns, { length: rows.length, cell: (r, c) => rows[r]?.[c] ?? null }, total);
  }

  function content(row: number, column: number): HTMLElement | null {
    const child = model.get("children")[row];
    const columns = FIXED.filter((name) => name !== "Name" || hasNames());
    if (!child) return null;
    switch (columns[column]) {
      case "Run":
        return h("span", { title: child.run_id }, `Run ${child.number}`);
      case "Status":
        return h(
          "span",
          { class: "rw-status", "data-status": child.status.toLowerCase(), title: child.error },
          words(child.status),
        );
      case "Duration": {
        const took = elapsed(child);
        return h("span", {}, took === null ? "" : duration(took));
      }
      default:
        return null;
    }
  }

  const hasNames = () => model.get("children").some(({ name }) => name);

  function choose(row: number): void {
    const child = model.get("children")[row];
    if (!child) return;
    shown.abort();
    shown = new AbortController();
    const into = h("div", { class: "rw-into" });
    const note = h("p", { class: "rw-empty", role: "status" }, "Loading…");
    const close = h(
      "button",
      {
        type: "button",
        class: "rw-close",
        "aria-label": "Close",
        onclick: () => {
          shown.abort();
          pane.hidden = true;
          pane.replaceChildren();
        },
      },
      "×",
    );
    pane.replaceChildren(h("header", {}, h("h4", {}, `Run ${child.number}`), close), note, into);
    pane.hidden = false;
    pane.scrollIntoView({ block: "nearest" });
    void look(child.run_id, into, note, shown.signal);
  }

  async function look(
    id: string,
    into: HTMLElement,
    note: HTMLElement,
    life: AbortSignal,
  ): Promise<void> {
    const server = serverOf(model.get("facts"));
    if (!open || !server) {
      write(
        note,
        `A run is shown here by the Jupyter server, and there is none with run-widgets; in a cell: RunDetails(Run(experiment, "${id}")).show()`,
      );
      return;
    }
    try {
      await open(id, into, life);
      note.hidden = true;
    } catch (error) {
      if (!life.aborted) write(note, reasonOf(error));
    }
  }

  // The grid comes when it is needed: it is larger than all the rest.
  whenNear(el, life, async () => {
    const { DataGrid } = await import("./data_grid.ts");
    if (life.aborted) return;
    grid = new DataGrid("child runs", life, { content, choose });
    head.append(grid.note, grid.filter);
    el.insertBefore(grid.el, pane);
    draw();
  });
  watch(model, ["children"], life, () => {
    since = performance.now();
    draw();
  });
  every(1, life, () => {
    if (model.get("children").some(({ status }) => !FINAL.has(status))) draw();
  });
  set(el, "aria-label", `${count(model.get("children").length)} child runs`);
  return el;
}
