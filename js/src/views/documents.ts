import { h, list, set, whenNear, write } from "../dom.ts";
import { type Look, looksOfGroups } from "../experiment/colors.ts";
import { number, time } from "../format.ts";
import { type DocumentEntry, type Drawn, type Model, type RunModel, watch } from "../model.ts";
import { documentChart, type Looks } from "./document_chart.ts";
import { isNarrow, matrix } from "./matrix.ts";

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
  const legend = h("ul", { class: "rw-legend", "aria-label": "Lines", hidden: true });
  const charts = h("div", { class: "rw-doc-charts" });
  const classes = matrix(first.name);
  const slider = h("input", { type: "range", class: "rw-slider", min: 0, step: 1 });
  const words = h("small");
  slider.addEventListener("input", () => go(slider.valueAsNumber));
  const header = h("header", {}, h("h4", { title: first.name }, first.name), note, classes.choice);
  const el = h(
    "section",
    { class: "rw-document", "aria-label": first.name },
    ...[header, problem, legend, classes.el, charts, h("footer", {}, slider, words)],
  );
  const hidden = new Set<string>();
  let lookOf = looksOfGroups([]);
  const looks: Looks = { of: (name) => AVERAGES[name] ?? lookOf.get(name) ?? NO_LOOK, hidden };
  const drawings: ((chart: Drawn["charts"][number]) => void)[] = [];
  let entry = first;
  let seen: Drawn | undefined;
  let isNewest = true;
  let near = false;

  function draw(next: DocumentEntry): void {
    const last = next.drawn.length - 1;
    entry = next;
    set(slider, "max", Math.max(0, last));
    slider.hidden = last < 1;
    show(isNewest ? last : Math.min(slider.valueAsNumber, last));
  }

  /** Show the document at a place; the newest as long as nobody chooses another one. */
  function go(place: number): void {
    isNewest = place >= entry.drawn.length - 1;
    show(place);
  }

  function show(place: number): void {
    const drawn = entry.drawn[place];
    slider.value = String(place);
    set(slider, "aria-label", `Which ${entry.name}`);
    write(note, drawn?.matrix?.note ?? commonNote(drawn?.charts ?? []));
    write(words, which(entry, place));
    set(slider, "aria-valuetext", which(entry, place));
    if (!drawn || drawn === seen) return;
    seen = drawn;
    write(problem, drawn.problem);
    problem.hidden = !drawn.problem;
    classes.el.hidden = classes.choice.hidden = drawn.matrix === null;
    const isLarge = drawn.matrix !== null && !isNarrow(drawn.matrix);
    set(el, "data-wide", drawn.charts.length > 1 || isLarge);
    if (near) paint(drawn);
  }

  function paint(entry: Drawn): void {
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
    const common = commonNote(entry.charts);
    entry.charts.forEach((chart, i) => {
      if (!drawings[i]) {
        const made = documentChart(looks, life);
        drawings.push(made.draw);
        charts.append(made.el);
      }
      drawings[i]?.(common ? { ...chart, note: "" } : chart);
    });
  }

  function entryOf(name: string): HTMLElement {
    const turn = () => {
      if (!hidden.delete(name)) hidden.add(name);
      if (seen) paint(seen);
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
    if (seen) paint(seen);
  });
  return { el, draw };
}

/** What all of several charts would say. */
function commonNote(charts: Drawn["charts"]): string {
  const notes = new Set(charts.map(({ note }) => note));
  return charts.length > 1 && notes.size === 1 ? [...notes].join() : "";
}

/** Which of several it is: `step 5 · 14:02:11 · 3 of 12`, or that it is the latest. */
function which({ drawn, total }: DocumentEntry, place: number): string {
  const document = drawn[place];
  if (total < 2 || !document) return "";
  const { step, at } = document;
  const parts = [step !== null && `step ${number(step)}`, at !== null && time(at)];
  const isLatest = place === drawn.length - 1;
  const some = drawn.length < total ? `, of ${number(total)}` : "";
  parts.push(isLatest ? `latest of ${number(total)}` : `${place + 1} of ${drawn.length}${some}`);
  return parts.filter(Boolean).join(" · ");
}
