import { areComparable, FIXED, fillRunTable, tableOf } from "../children.ts";
import { every, h, set, whenNear, write } from "../dom.ts";
import { RunTable } from "../experiment/table.ts";
import { View } from "../experiment/view_state.ts";
import { count, duration, took, words } from "../format.ts";
import { type Child, type Model, type RunModel, watch } from "../model.ts";
import { reasonOf, serverOf } from "../server.ts";
import type { DataGrid } from "./data_grid.ts";
import { segments } from "./experiment/fields.ts";

/** Shows another run of the same workspace in an element, by its files, until `life` ends. */
export type Open = (runId: string, into: HTMLElement, life: AbortSignal) => Promise<void>;

type Way = "table" | "parallel";

const FINAL = new Set(["Completed", "Failed", "Canceled"]);

/** The runs below this one, as a table or as lines; a click on one shows it beneath. */
export function children(
  model: Model<RunModel>,
  open: Open | undefined,
  life: AbortSignal,
): HTMLElement {
  const ways = segments<Way>(
    "Show child runs as",
    [
      ["table", "Table"],
      ["parallel", "Parallel coordinates"],
    ],
    (wanted) => {
      way = wanted;
      draw();
    },
  );
  const head = h("div", { class: "rw-bar" }, ways.el);
  const lines = h("div", { class: "rw-lines-of-runs", hidden: true });
  const pane = h("section", { class: "rw-pane rw-child", hidden: true });
  const el = h("div", { class: "rw-children" }, head, lines, pane);
  const compared = new RunTable();
  let way: Way = "table";
  let grid: DataGrid | null = null;
  let parallel: Promise<(rows: Uint32Array) => void> | null = null;
  let drawn: readonly Child[] | null = null;
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
    ways.el.hidden = !areComparable(runs);
    if (ways.el.hidden) way = "table";
    ways.show(way);
    lines.hidden = way === "table";
    if (grid) for (const each of [grid.el, grid.note, grid.filter]) each.hidden = way !== "table";
    if (way === "parallel" && drawn !== runs) {
      drawn = runs;
      fillRunTable(compared, runs);
      void drawLines();
    }
  }

  /** Draw the lines; what draws them comes when it is first needed. */
  async function drawLines(): Promise<void> {
    parallel ??= import("./experiment/parallel_view.ts").then(({ parallelView }) => {
      const made = parallelView(compared, new View("", { shelf: null }), chooseRun, life, {
        canChoose: false,
      });
      lines.append(made.el);
      return made.draw;
    });
    const draw = await parallel;
    if (!life.aborted) draw(compared.rows());
  }

  function chooseRun(id: string): void {
    choose(model.get("children").findIndex(({ run_id }) => run_id === id));
  }

  function content(row: number, column: number): HTMLElement | null {
    const child = model.get("children")[row];
    const columns = FIXED.filter((name) => name !== "Name" || hasNames());
    if (!child) return null;
    switch (columns[column]) {
      case "Run":
        return h("span", { title: child.run_id }, String(child.number));
      case "Status":
        return h(
          "span",
          { class: "rw-status", "data-status": child.status.toLowerCase(), title: child.error },
          words(child.status),
        );
      case "Duration": {
        const seconds = elapsed(child);
        if (seconds === null) return h("span", {});
        return h("span", {}, FINAL.has(child.status) ? took(seconds) : duration(seconds));
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
    el.insertBefore(grid.el, lines);
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
