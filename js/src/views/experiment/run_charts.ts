import { h, list, set } from "../../dom.ts";
import {
  CREATED_ID,
  choices,
  DURATION_ID,
  defaultColumns,
  isNumeric,
  NUMBER_ID,
  type Shown,
  shown,
  statusOf,
} from "../../experiment/columns.ts";
import { isWide } from "../../experiment/position.ts";
import type { RunTable } from "../../experiment/table.ts";
import type { View } from "../../experiment/view_state.ts";
import { words } from "../../format.ts";
import { type Cloud, type OpenRun, points } from "./points.ts";

/** Charts of runs before anybody has chosen any. */
const DEFAULT_CHARTS = 4;

/** From this ratio of the largest value to the smallest on, all small ones would lie on one line. */
const MANY_TIMES = 1000;

/** Charts over run number or time: one dot a run. */
export function runCharts(
  table: RunTable,
  view: View,
  open: OpenRun,
  life: AbortSignal,
): { el: HTMLElement; draw(rows: Uint32Array): void } {
  const add = h("select", { "aria-label": "Add a chart", class: "rw-select" });
  const over = h(
    "select",
    { "aria-label": "Charts over", class: "rw-select" },
    h("option", { value: "number" }, "over run number"),
    h("option", { value: "time" }, "over time"),
  );
  const head = h("header", { class: "rw-bar" }, h("h4", {}, "Charts"), over, add);
  const plots = h("div", { class: "rw-run-charts" });
  const el = h("section", { class: "rw-runs-over", "aria-label": "Charts" }, head, plots);
  const drawings = new Map<string, Drawing>();
  let offered = "";

  const current = () => view.state.charts ?? defaultCharts(table);

  over.addEventListener("change", () =>
    view.set({ over: over.value === "time" ? "time" : "number" }),
  );
  add.addEventListener("change", () => {
    if (add.value) view.set({ charts: [...current(), add.value] });
    add.value = "";
  });

  function chart(id: string): HTMLElement {
    const ends = new AbortController();
    life.addEventListener("abort", () => ends.abort(), { once: true, signal: ends.signal });
    const cloud = points(table, view, open, ends.signal);
    const name = shown(table, id)?.label ?? "";
    const log = h(
      "button",
      {
        type: "button",
        class: "rw-log-axis",
        title: "Logarithmic axis",
        "aria-label": `Logarithmic axis for ${name}`,
        onclick: () => {
          const isLog = log.getAttribute("aria-pressed") === "true";
          view.set({ chartLogs: { ...view.state.chartLogs, [id]: !isLog } });
        },
      },
      "log",
    );
    drawings.set(id, { draw: cloud.draw, log, life: ends });
    const close = h("button", {
      type: "button",
      class: "rw-close",
      "aria-label": `Remove the chart of ${name}`,
      onclick: () => view.set({ charts: current().filter((each) => each !== id) }),
    });
    return h(
      "section",
      { class: "rw-run-chart", "aria-label": name },
      h("header", {}, h("h4", { class: "rw-chart-name", title: name }, name), log, close),
      cloud.el,
    );
  }

  function draw(rows: Uint32Array): void {
    const ids = current().filter((id) => {
      const column = shown(table, id);
      // Of those that nobody has chosen, the ones that tell one run from another.
      return column !== null && (view.state.charts !== null || hasSeveral(column, rows));
    });
    for (const [id, { life }] of drawings) {
      if (ids.includes(id)) continue;
      life.abort();
      drawings.delete(id);
    }
    list(plots, ids, (id) => id, chart);
    over.value = view.state.over;
    offer(ids, rows);
    // One run's dot tells nothing that its row does not.
    el.hidden = rows.length < 2;
    const x = shown(table, view.state.over === "time" ? CREATED_ID : NUMBER_ID);
    for (const id of ids) {
      const y = shown(table, id);
      const drawing = drawings.get(id);
      if (!x || !y || !drawing) continue;
      const upLog = view.state.chartLogs[id] ?? isWide(y, rows, MANY_TIMES);
      set(drawing.log, "aria-pressed", String(upLog));
      drawing.draw({ rows, x, y, upLog, exact: true, bare: true, layer });
    }
  }

  function layer(row: number): { color: string; name: string } {
    const status = statusOf(table, row);
    return {
      color: COLORS[status] ?? COLORS.other,
      name: status === "Completed" ? "" : words(status),
    };
  }

  /** Bring the list of what can be drawn up to date, where it is another one. */
  function offer(ids: string[], rows: Uint32Array): void {
    const key = `${table.shape} ${ids.join()}`;
    if (key === offered || rows.length === 0) return;
    offered = key;
    const groups = choices(table).map(({ group, columns }) => {
      const options = columns
        .filter(({ id }) => !ids.includes(id) && ![NUMBER_ID, CREATED_ID].includes(id))
        .filter(({ id }) => {
          const column = shown(table, id);
          return column !== null && isNumeric(column, rows);
        })
        .map(({ id, label }) => h("option", { value: id }, label));
      return options.length > 0 ? h("optgroup", { label: group }, ...options) : null;
    });
    add.replaceChildren(
      h("option", { value: "" }, "Add chart…"),
      ...groups.filter((g) => g !== null),
    );
  }

  return { el, draw };
}

type Drawing = { draw(cloud: Cloud): void; log: HTMLElement; life: AbortController };

const COLORS: Record<string, string> & { other: string } = {
  Completed: "var(--rw-ok)",
  Failed: "var(--rw-bad)",
  Canceled: "var(--rw-warn)",
  other: "var(--rw-accent)",
};

/** Whether more than one run has a number there. */
function hasSeveral(column: Shown, rows: Uint32Array): boolean {
  const first = rows.findIndex((row) => Number.isFinite(column.number(row)));
  return first >= 0 && isNumeric(column, rows.subarray(first + 1));
}

/** Duration and the first metrics of the table. */
function defaultCharts(table: RunTable): string[] {
  const metrics = defaultColumns(table).filter((id) => {
    const column = shown(table, id);
    return column?.key[0] === "metric" && column.form === "number";
  });
  return [DURATION_ID, ...metrics].slice(0, DEFAULT_CHARTS);
}
