import "../../style/experiment.css";

import { h, list, set, write } from "../dom.ts";
import { count, roughly, words } from "../format.ts";
import type { Facts } from "../model.ts";

/** A run as the list of experiments has it. */
export type ListedRun = Pick<
  Facts,
  "run_id" | "number" | "status" | "display_name" | "created_at" | "started_at" | "ended_at"
>;

export type ListedExperiment = { name: string; runs: ListedRun[]; more: boolean };

/** The answer of `api/runs`. */
export type Listed = { workspaces: { folder: string; experiments: ListedExperiment[] }[] };

/** Where pages are, by what they show, in a workspace. */
export type Pages = {
  experiment(name: string, folder: string): string;
  run(id: string, folder: string): string;
};

/** Newest runs of an experiment that are drawn, each as a mark. */
export const NEWEST = 40;

const GOING = ["Running", "Starting", "Preparing", "Queued", "NotStarted", "Finalizing"];
const ENDED = ["Completed", "Failed", "Canceled"];

/** Every experiment: how its newest runs did, when something last happened; found by name. */
export function experiments(pages: Pages): { el: HTMLElement; draw(listed: Listed): void } {
  const search = h("input", {
    type: "search",
    class: "rw-input rw-search",
    placeholder: "Find experiments",
    "aria-label": "Find experiments",
  });
  const number = h("span", { class: "rw-note", role: "status" });
  const places = h("div", { class: "rw-places" });
  const el = h(
    "div",
    { class: "rw-panel rw-home" },
    h("header", { class: "rw-bar" }, h("h3", { class: "rw-title" }, "Experiments"), search, number),
    places,
  );
  let known: Listed = { workspaces: [] };
  search.addEventListener("input", draw);

  function draw(): void {
    const wanted = search.value.trim().toLowerCase();
    let shown = 0;
    let all = 0;
    list(
      places,
      known.workspaces,
      ({ folder }) => folder,
      () => h("section", {}, h("p", { class: "rw-note" }), h("ul", { class: "rw-experiments" })),
      (section, { folder, experiments }) => {
        const [note, rows] = section.children as unknown as [HTMLElement, HTMLElement];
        const fitting = experiments
          .filter(({ name }) => name.toLowerCase().includes(wanted))
          .sort((a, b) => happened(b) - happened(a));
        shown += fitting.length;
        all += experiments.length;
        write(note, experiments.length > 0 ? folder : `${folder}: no runs yet`);
        list(
          rows,
          fitting,
          ({ name }) => name,
          row,
          (el, experiment) => drawRow(el, experiment, folder, pages),
        );
      },
    );
    search.hidden = all < 2;
    number.hidden = shown === all;
    write(number, `${count(shown)} of ${count(all)}`);
  }

  return {
    el,
    draw(listed) {
      known = listed;
      draw();
    },
  };
}

function row(): HTMLElement {
  return h(
    "li",
    {},
    h("div", { class: "rw-named" }, h("a"), h("small", { class: "rw-note" })),
    h("div", { class: "rw-strip", role: "group", "aria-label": "The newest runs, by status" }),
    h("div", { class: "rw-going" }),
    h("time", { class: "rw-note" }),
  );
}

function drawRow(el: HTMLElement, experiment: ListedExperiment, folder: string, pages: Pages) {
  const { name, runs } = experiment;
  const [named, marks, going, when] = el.children as unknown as HTMLElement[];
  if (!named || !marks || !going || !when) return;
  const link = named.firstElementChild as HTMLElement;
  write(link, name);
  set(link, "href", pages.experiment(name, folder));
  write(named.lastElementChild as HTMLElement, runsOf(experiment));
  const seen = runs.slice(0, NEWEST).reverse();
  list(
    marks,
    seen,
    (run) => run.run_id,
    (run) => h("a", { class: "rw-mark", href: pages.run(run.run_id, folder) }),
    (mark, run) => {
      set(mark, "data-status", run.status.toLowerCase());
      const told = [`Run ${run.number}`, run.display_name, words(run.status)];
      set(mark, "title", told.filter(Boolean).join(" · "));
      set(mark, "aria-label", told.filter(Boolean).join(", "));
    },
  );
  list(
    going,
    Object.entries(counts(runs)),
    ([status]) => status,
    () => h("span", { class: "rw-status" }),
    (chip, [status, n]) => {
      set(chip, "data-status", status.toLowerCase());
      write(chip, `${count(n)} ${words(status).toLowerCase()}`);
    },
  );
  const at = happened(experiment);
  write(when, at > 0 ? roughly(Date.now() / 1000 - at) : "");
}

function runsOf({ runs, more }: ListedExperiment): string {
  const newest = runs[0];
  if (!newest) return "no runs";
  if (!more) return `${count(runs.length)} ${runs.length === 1 ? "run" : "runs"}`;
  return `newest: run ${count(newest.number)}`;
}

/** How many of the newest runs are how: those that go on first, then those that failed. */
function counts(runs: ListedRun[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { status } of runs) found[status] = (found[status] ?? 0) + 1;
  const rank = (status: string) =>
    GOING.includes(status) ? 0 : ENDED.includes(status) ? 2 - Number(status === "Failed") : 1;
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => rank(a) - rank(b)));
}

/** When something last happened in an experiment, in seconds since the epoch; 0 for never. */
function happened({ runs }: ListedExperiment): number {
  return Math.max(
    0,
    ...runs.map(
      ({ created_at, started_at, ended_at }) => ended_at ?? started_at ?? created_at ?? 0,
    ),
  );
}
