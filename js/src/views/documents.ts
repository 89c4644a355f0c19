import { h, list, set, whenNear, write } from "../dom.ts";
import { type Look, looksOfGroups } from "../experiment/colors.ts";
import { type DocumentEntry, type Model, type RunModel, watch } from "../model.ts";
import { documentChart, type Looks } from "./document_chart.ts";
import { matrix, noteOf } from "./matrix.ts";

/** Classes up to which a confusion matrix has room beside others. */
const FEW_CLASSES = 4;

/** Lines that stand for all classes do not look like one of them. */
const AVERAGES: Record<string, Look> = {
  "micro average": { color: "var(--rw-text)", dash: "6 3" },
  "macro average": { color: "var(--rw-dim)", dash: "2 3" },
};
const NO_LOOK: Look = { color: "", dash: "" };

/** Confusion matrices, accuracy tables, residuals and predictions, drawn as what they are. */
export function documents(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const el = h("div", { class: "rw-documents" });
  const drawings = new WeakMap<HTMLElement, (entry: DocumentEntry) => void>();

  watch(model, ["documents"], life, () => {
    const entries = model.get("documents");
    el.hidden = entries.length === 0;
    list(
      el,
      entries,
      ({ name }) => name,
      (entry) => {
        const { el, draw } = one(entry, life);
        drawings.set(el, draw);
        return el;
      },
      (section, entry) => drawings.get(section)?.(entry),
    );
  });
  return el;
}

function one(
  first: DocumentEntry,
  life: AbortSignal,
): { el: HTMLElement; draw(entry: DocumentEntry): void } {
  const note = h("span", { class: "rw-note" });
  const problem = h("p", { class: "rw-empty" });
  const legend = h("ul", { class: "rw-legend", "aria-label": "Lines" });
  const charts = h("div", { class: "rw-doc-charts" });
  const classes = matrix();
  const header = h("header", {}, h("h4", { title: first.name }, first.name), note, classes.choice);
  const el = h(
    "section",
    { class: "rw-document", "aria-label": first.name },
    ...[header, problem, legend, classes.el, charts],
  );
  const hidden = new Set<string>();
  let lookOf = looksOfGroups([]);
  const looks: Looks = { of: (name) => AVERAGES[name] ?? lookOf.get(name) ?? NO_LOOK, hidden };
  const drawings: ((chart: DocumentEntry["charts"][number]) => void)[] = [];
  let newest: DocumentEntry | null = null;
  let near = false;

  function draw(entry: DocumentEntry): void {
    if (entry === newest) return;
    newest = entry;
    write(note, noteOf(entry));
    write(problem, entry.problem);
    problem.hidden = !entry.problem;
    classes.el.hidden = classes.choice.hidden = entry.matrix === null;
    const isLarge = (entry.matrix?.labels.length ?? 0) > FEW_CLASSES;
    set(el, "data-wide", entry.charts.length > 1 || isLarge);
    if (near) paint(entry);
  }

  function paint(entry: DocumentEntry): void {
    if (entry.matrix) classes.draw(entry.matrix);
    const names = [...new Set(entry.charts.flatMap(({ lines }) => lines.map(({ name }) => name)))];
    lookOf = looksOfGroups(names); // in their own order, in which averages come last
    legend.hidden = names.length < 2;
    list(
      legend,
      names,
      (name) => name,
      entryOf,
      (item, name) => {
        (item.querySelector("i") as HTMLElement).style.color = looks.of(name).color;
        set(item.firstElementChild as Element, "aria-pressed", String(!hidden.has(name)));
      },
    );
    while (drawings.length > entry.charts.length) {
      drawings.pop();
      charts.lastElementChild?.remove();
    }
    entry.charts.forEach((chart, i) => {
      if (!drawings[i]) {
        const made = documentChart(looks, life);
        drawings.push(made.draw);
        charts.append(made.el);
      }
      drawings[i]?.(chart);
    });
  }

  function entryOf(name: string): HTMLElement {
    const turn = () => {
      if (!hidden.delete(name)) hidden.add(name);
      if (newest) paint(newest);
    };
    const title = "Hide or show this line";
    return h(
      "li",
      {},
      h("button", { type: "button", title, onclick: turn }, h("i"), h("span", {}, name)),
    );
  }

  whenNear(el, life, () => {
    near = true;
    if (newest) paint(newest);
  });
  return { el, draw };
}
