import { h, list, set, write } from "../../dom.ts";
import { metricId, numberOfRun, shown, statusOf } from "../../experiment/columns.ts";
import { keyText, type RunTable } from "../../experiment/table.ts";
import type { View } from "../../experiment/view_state.ts";
import { count, words } from "../../format.ts";

/** Statuses that have a tile from the start; others get one with their first run. */
const ALWAYS = ["Running", "Completed", "Failed"];

const ORDER = ["NotStarted", "Queued", "Preparing", "Provisioning", "Starting", "Running"];

/** Metrics whose extreme is shown, where no goals say which matter. */
const MOST_METRICS = 6;

/** Names of which the smallest is looked for, also as part of a longer one: `val/loss`, `rmse_cv`. */
const SMALLER =
  /(^|[^a-z])(loss|logloss|err|error|mae|mape|mse|rmse|nll|perplexity|ppl|wer|cer|fid)([^a-z]|$)/i;

type Best = { name: string; what: string; row: number; text: string };

/** How many runs are how, and which is the best: each a button that leads there. */
export function tiles(
  table: RunTable,
  view: View,
): { el: HTMLElement; draw(rows: Uint32Array): void } {
  const statuses = h("div", { class: "rw-tiles", role: "group", "aria-label": "Runs by status" });
  const bests = h("div", { class: "rw-tiles", role: "group", "aria-label": "Best runs" });
  const el = h("div", { class: "rw-tile-row" }, statuses, bests);

  function draw(rows: Uint32Array): void {
    const counts = new Map(ALWAYS.map((status) => [status, 0]));
    for (const row of rows) {
      const status = statusOf(table, row);
      if (status) counts.set(status, (counts.get(status) ?? 0) + 1);
    }
    const rank = (status: string) =>
      (ORDER.indexOf(status) + ORDER.length + 1) % (ORDER.length + 1);
    const entries = [...counts].sort(([a], [b]) => rank(a) - rank(b));
    list(
      statuses,
      entries,
      ([status]) => status,
      ([status]) => statusTile(status),
      (tile, [status, number]) => {
        write(tile.children[0] as Element, count(number));
        set(tile, "aria-pressed", String(view.state.query.statuses.includes(status)));
        set(tile, "data-empty", number === 0);
      },
    );
    list(
      bests,
      best(table, rows),
      ({ name }) => name,
      ({ name, what }) => bestTile(name, what),
      (tile, { row, text }) => {
        write(tile.children[0] as Element, text);
        write(tile.querySelector("small") as Element, `run ${numberOfRun(table, row)}`);
        set(tile, "data-row", row);
        set(tile, "aria-pressed", String(view.chosen.has(table.ids[row] ?? "")));
      },
    );
  }

  function statusTile(status: string): HTMLElement {
    const text = words(status);
    const tile = h(
      "button",
      { type: "button", class: "rw-tile", title: `Show ${text.toLowerCase()} runs only` },
      h("b"),
      h("span", { class: "rw-status", "data-status": status.toLowerCase() }, text),
    );
    tile.addEventListener("click", () => {
      const { statuses } = view.state.query;
      const others = statuses.filter((each) => each !== status);
      view.query({ statuses: others.length < statuses.length ? others : [...others, status] });
    });
    return tile;
  }

  function bestTile(name: string, what: string): HTMLElement {
    const about = h("span", { class: "rw-tile-about" }, `${what} ${name} · `, h("small"));
    const tile = h(
      "button",
      { type: "button", class: "rw-tile", title: `${what} ${name}: choose this run for comparing` },
      h("b"),
      about,
    );
    tile.addEventListener("click", () => {
      const id = table.ids[Number(tile.dataset.row)];
      if (id !== undefined) view.choose([id], !view.chosen.has(id));
    });
    return tile;
  }

  return { el, draw };
}

/** The best run by each metric that has a goal; where none has, the extremes of common ones. */
function best(table: RunTable, rows: Uint32Array): Best[] {
  const metrics = [...table.columns.values()]
    .filter(({ key, hasTexts }) => key[0] === "metric" && key[2] === "last" && !hasTexts)
    .sort((a, b) => b.count - a.count);
  const goals = metrics.filter(({ key }) => key[1] in table.goals);
  // The largest of what few runs have says nothing of the experiment.
  const common = metrics.filter(({ count }) => 2 * count >= table.size);
  const found: Best[] = [];
  for (const { key } of goals.length > 0 ? goals : common) {
    const name = key[1];
    if (found.length >= MOST_METRICS) break;
    const goal = table.goals[name];
    const isSmaller = goal ? goal === "minimize" : SMALLER.test(name);
    const column = shown(table, extremeId(table, name, isSmaller));
    if (!column) continue;
    let row = -1;
    const sign = isSmaller ? -1 : 1;
    for (const each of rows) {
      const value = column.number(each);
      if (!Number.isNaN(value) && (row < 0 || sign * value > sign * column.number(row))) row = each;
    }
    const what = goal ? "Best" : isSmaller ? "Min" : "Max";
    if (row >= 0) found.push({ name, what, row, text: column.text(row) });
  }
  return found;
}

function extremeId(table: RunTable, name: string, isSmaller: boolean): string {
  if (name in table.goals) return metricId(table, name);
  return keyText(["metric", name, isSmaller ? "min" : "max"]);
}
