import "../../../style/experiment.css";

import { save } from "../../charts/export.ts";
import { every, h, link, openRun, set, write } from "../../dom.ts";
import { csvOf } from "../../experiment/csv.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { ExperimentModel } from "../../experiment/model.ts";
import { columnsAtFirst, filtered, type Query, sorted } from "../../experiment/query.ts";
import { count } from "../../format.ts";
import { type Model, watch } from "../../model.ts";
import { keepButton } from "../keep.ts";
import { tabs } from "../tabs.ts";
import { chosenBar } from "./chosen_bar.ts";
import { columnChooser } from "./column_chooser.ts";
import { compare } from "./compare.ts";
import { tickField } from "./fields.ts";
import { filterChips, filterEditor } from "./filters.ts";
import { grid } from "./grid.ts";
import type { OpenRun } from "./points.ts";
import { popover } from "./popover.ts";
import { runCharts } from "./run_charts.ts";
import { tiles } from "./tiles.ts";

/** Runs that an exported file opens with, at the most: their ids stand in its address. */
const MOST_COMPARED = 50;

/** An experiment: how its runs are on top, the list of them, and their comparison one tab away. */
export function experimentPanel(
  model: Model<ExperimentModel>,
  experiment: Experiment,
  life: AbortSignal,
): HTMLElement {
  const { table, view, on, root } = experiment;
  const facts = () => model.get("facts");
  const page = (path: string) =>
    root === null || !facts().portal_path ? "" : `${root}${path}${facts().query}`;
  const addressOf = (id: string) =>
    /^[\w.+-]+$/.test(id) ? page(`${facts().runs_path}${id}`) : "";
  const open: OpenRun = (id, place) => {
    const address = addressOf(id);
    if (address) openRun(place, address);
  };
  const title = h("h3", { class: "rw-title" });
  const portal = h("span", { class: "rw-portal" });
  const keep = keepButton();
  const problem = h("p", { class: "rw-problem", role: "status", hidden: true });
  const summary = tiles(table, view);
  const charts = runCharts(table, view, open, life);
  const chips = filterChips(table, view);
  const search = h("input", {
    type: "search",
    class: "rw-input rw-search",
    placeholder: "Find runs: name, tag, lr=0.1 …",
    "aria-label": "Find runs",
    value: view.state.query.text,
  });
  const children = tickField("Include child runs", (checked) => view.query({ children: checked }));
  const number = h("span", { class: "rw-note", role: "status" });
  const reset = h(
    "button",
    { type: "button", class: "rw-button", onclick: () => view.reset() },
    "Reset view",
  );
  const runs = grid(
    table,
    view.chosen,
    view.colors,
    addressOf,
    {
      sort: (sort) => view.query({ sort }),
      columns: (columns, widths) => view.set({ columns, widths }),
      choose: (ids, chosen) => view.choose(ids, chosen),
    },
    life,
  );
  const columnsShown = () => view.state.columns ?? columnsAtFirst(table, view.state.query);
  const csv = h(
    "button",
    {
      type: "button",
      class: "rw-button",
      title: "Save these runs and columns, with all digits",
      onclick: () => {
        const rows = csvOf(table, order, columnsShown());
        save(new Blob([rows], { type: "text/csv" }), `${facts().experiment}.csv`);
      },
    },
    "Save as CSV",
  );
  const ofChosen = chosenBar(experiment, life);
  const bar = h(
    "div",
    { class: "rw-bar", "data-lm-suppress-shortcuts": "true" },
    search,
    popover("Filter", life, () => filterEditor(table, view)).el,
    popover("Columns", life, () => columnChooser(table, view)).el,
    children.el,
    reset,
    csv,
    number,
  );
  const empty = h("div", { class: "rw-nothing", hidden: true });
  const list = h(
    "div",
    { class: "rw-list" },
    charts.el,
    bar,
    chips.el,
    ofChosen.el,
    runs.el,
    empty,
  );
  const comparison = compare(experiment, open, life);
  const pages = tabs(
    [
      { name: "Runs", content: list },
      { name: "Compare", content: comparison.el },
    ],
    (name) => view.set({ page: name === "Compare" ? "Compare" : "Runs" }),
  );
  const el = h(
    "div",
    { class: "rw-panel rw-experiment" },
    problem,
    h("div", { class: "rw-headline" }, title, h("div", { class: "rw-actions" }, keep.el, portal)),
    summary.el,
    pages.el,
  );

  search.addEventListener("input", () => view.query({ text: search.value }));
  search.addEventListener("keydown", (event) => event.stopPropagation());

  watch(model, ["facts"], life, () => {
    write(title, facts().experiment);
    const address = page(facts().portal_path) || facts().portal_url;
    portal.replaceChildren(
      ...(address ? [link(address, "Open experiment page", { class: "rw-button" })] : []),
    );
  });
  function drawKeep(): void {
    const name = facts().experiment;
    const numbers = [...view.chosen].flatMap((id) => {
      const row = table.rowOf(id);
      return row === undefined ? [] : [table.column("run", "number")?.number(row) ?? Number.NaN];
    });
    const runs = numbers.length > 0 ? `, [${numbers.join(", ")}]` : "";
    const python = `Experiment(name=${JSON.stringify(name)}).to_html("${fileName(name)}.html"${runs})`;
    const path = page(
      facts().portal_path && `run-widgets/export/experiments/${encodeURIComponent(name)}`,
    );
    const chosen = [...view.chosen].slice(0, MOST_COMPARED).map((id) => ["run", id]);
    const query = `${new URLSearchParams(chosen)}`;
    keep.draw(
      path && query ? `${path}${path.includes("?") ? "&" : "?"}${query}` : path || null,
      python,
    );
  }

  watch(model, ["problem"], life, () => {
    write(problem, model.get("problem"));
    problem.hidden = !model.get("problem");
  });

  let order: Uint32Array = new Uint32Array();
  const found = remembered((query) => filtered(table, query));
  const everything = remembered((query) => filtered(table, query));
  let drawnCharts = "";

  function draw(): void {
    const { query, widths } = view.state;
    drawKeep();
    const rows = found({ ...query, sort: [] }, table.changes);
    order = sorted(table, rows, query.sort);
    const all = { ...query, text: "", statuses: [], rules: [], sort: [] };
    const top = everything(all, table.changes);
    summary.draw(top);
    pages.count("Runs", order.length, true);
    pages.count("Compare", view.chosen.size, table.size > 0);
    pages.choose(table.size > 0 ? view.state.page : "Runs");
    if (search.value !== query.text) search.value = query.text;
    children.box.checked = query.children;
    children.el.hidden = (table.column("run", "parent")?.count ?? 0) === 0;
    chips.draw();
    ofChosen.draw();
    reset.hidden = view.isUntouched;
    write(number, counted(order.length, top.length, model.get("loading"), table.leftOut));
    drawEmpty(top.length);
    // What is out of sight is drawn when it comes into it.
    if (list.closest("[hidden]") === null) {
      const { charts: chosen, chartLogs, over } = view.state;
      const key = JSON.stringify([
        { ...query, sort: [] },
        table.changes,
        chosen,
        chartLogs,
        over,
        [...view.chosen],
      ]);
      // Another order of the same runs has the same charts.
      if (key !== drawnCharts) charts.draw(rows);
      drawnCharts = key;
      runs.update({
        rows: order,
        columns: columnsShown(),
        widths,
        sort: query.sort,
      });
    }
    if (comparison.el.closest("[hidden]") === null) comparison.draw(order);
  }

  function drawEmpty(all: number): void {
    const loading = model.get("loading");
    empty.hidden = order.length > 0;
    runs.el.hidden = order.length === 0;
    set(bar, "data-idle", table.size === 0);
    if (!empty.hidden)
      empty.replaceChildren(...nothing(facts().experiment, all, loading, () => view.reset()));
  }

  on(life, draw);
  view.on(life, draw);
  watch(model, ["loading"], life, draw);
  // Durations of runs that go on count on.
  every(1, life, () => {
    const running = table.column("run", "ended")?.count !== table.ids.length;
    if (running && el.isConnected && list.closest("[hidden]") === null) draw();
  });
  return el;
}

/** A function that answers as the last time where the query and the data are the same. */
function remembered(
  answer: (query: Query) => Uint32Array,
): (query: Query, changes: number) => Uint32Array {
  let [key, last] = ["", new Uint32Array() as Uint32Array];
  return (query, changes) => {
    const next = `${changes} ${JSON.stringify(query)}`;
    if (key !== next) last = answer(query);
    key = next;
    return last;
  };
}

function fileName(experiment: string): string {
  return experiment.replace(/[^\w.-]+/g, "_");
}

function counted(shown: number, all: number, loading: boolean, leftOut: number): string {
  const runs = `${count(all)} ${all === 1 ? "run" : "runs"}`;
  const parts = [shown < all ? `${count(shown)} of ${runs}` : runs];
  if (loading) parts.push("more are being read …");
  if (leftOut > 0) parts.push(`${count(leftOut)} more columns are not shown`);
  return parts.join(" · ");
}

function nothing(
  experiment: string,
  all: number,
  loading: boolean,
  reset: () => void,
): HTMLElement[] {
  if (loading) return [h("p", {}, "Runs are being read …")];
  if (all > 0) {
    return [
      h("p", {}, "No run is like that."),
      h("button", { type: "button", class: "rw-button", onclick: reset }, "Show all runs"),
    ];
  }
  const code = `from run_widgets import Experiment\n\nrun = Experiment(name=${JSON.stringify(experiment)}).start_logging()\nrun.log("loss", 0.3)\nrun.complete()`;
  return [h("p", {}, "No runs yet. Start one, and it appears here:"), h("pre", {}, code)];
}
