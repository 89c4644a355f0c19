import { whenIdle } from "../charts/frames.ts";
import { h, list, set, write } from "../dom.ts";
import { local } from "../format.ts";
import { type Model, type RunModel, watch } from "../model.ts";
import { isPersons } from "./details.ts";
import { SIGNS } from "./replay.ts";

/** Rows that are there at once; what is below waits until the page has nothing else to do. */
const FIRST_ROWS = 40;

/** Every tracked metric with its value, or with its form where it has many. */
export function metrics(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const { el, draw } = pairs("Tracked metrics");
  watch(model, ["metrics", "original"], life, () => {
    const verdicts = new Map(
      model.get("original")?.metrics.map(({ name, verdict }) => [name, verdict]),
    );
    draw(
      model.get("metrics").map(({ name, text, kind }) => {
        const value = kind === "scalar" ? local(text) : text;
        return [name, value, kind, verdicts.get(name)];
      }),
    );
  });
  return el;
}

/** What people have recorded about the run once and for all; the rest is among the details. */
export function properties(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const { el, draw } = pairs("Properties");
  watch(model, ["facts"], life, () => {
    const entries = Object.entries(model.get("facts").properties);
    const persons = entries.filter(([name]) => isPersons(name));
    draw(persons.map(([name, value]) => [name, value ?? "", "property"]));
  });
  return el;
}

type Pair = [name: string, value: string, kind: string, verdict?: string | undefined];

/** A named list of names and values, not there while it is empty. */
function pairs(heading: string): { el: HTMLElement; draw(pairs: Pair[]): void } {
  const rows = h("dl", { class: "rw-pairs" });
  let all: Pair[] = [];
  let most = FIRST_ROWS;
  const el = h("section", { class: "rw-side", "aria-label": heading }, h("h4", {}, heading), rows);
  const fill = () =>
    list(
      rows,
      all.slice(0, most),
      ([name]) => name,
      () => h("div", {}, h("dt"), h("dd")),
      (row, [name, value, kind, verdict]) => {
        write(row.children[0] as Element, name);
        write(row.children[1] as Element, value);
        set(row, "title", [`${name}: ${value}`, verdict].filter(Boolean).join(", replayed: "));
        set(row, "data-verdict", verdict);
        set(row.children[1] as Element, "data-sign", verdict && SIGNS[verdict]);
        // What stands for many values is no value.
        set(row, "data-form", kind !== "property" && /^(Vector|Table|Image)\b/.test(value));
      },
    );
  return {
    el,
    draw(pairs) {
      all = pairs;
      el.hidden = pairs.length === 0;
      fill();
      if (pairs.length > most && most === FIRST_ROWS) {
        most = Number.POSITIVE_INFINITY;
        whenIdle(fill);
      }
    },
  };
}
