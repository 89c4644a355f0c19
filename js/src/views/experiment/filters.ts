import { h, list, write } from "../../dom.ts";
import { choices, isNumeric, type Shown, STATUS_ID, shown } from "../../experiment/columns.ts";
import { rangeOf } from "../../experiment/plot.ts";
import type { Rule } from "../../experiment/query.ts";
import type { RunTable } from "../../experiment/table.ts";
import type { View } from "../../experiment/view_state.ts";
import { count, number, words } from "../../format.ts";
import { labelOf } from "./column_chooser.ts";

/** Words of a column that are offered, the most frequent first. */
const MOST_WORDS = 100;

/** A new condition: first the column, then its range or its words. */
export function filterEditor(table: RunTable, view: View): HTMLElement {
  const rows = table.rows();
  const column = h("select", { class: "rw-select", "aria-label": "Filter by" });
  const groups = choices(table).map(({ group, columns }) =>
    h(
      "optgroup",
      { label: group },
      ...columns.map(({ id, label }) => h("option", { value: id }, label)),
    ),
  );
  column.append(h("option", { value: "" }, "Filter by…"), ...groups);
  const body = h("div");

  column.addEventListener("change", () => {
    const chosen = shown(table, column.value);
    if (!chosen) body.replaceChildren();
    else body.replaceChildren(isNumeric(chosen, rows) ? range(chosen) : some(chosen));
  });

  const put = (rule: Rule | null, id: string) => {
    const others = view.state.query.rules.filter((each) => each.column !== id);
    view.query({ rules: rule ? [...others, rule] : others });
  };

  function range({ id, number: value }: Shown): HTMLElement {
    const known = view.state.query.rules.find((rule) => rule.column === id && "min" in rule);
    const [low, high] = rangeOf(Array.from(rows, value)) ?? [0, 0];
    const input = (name: string, hint: number, limit: number | null) =>
      h("input", {
        type: "number",
        step: "any",
        class: "rw-input",
        "aria-label": name,
        placeholder: `${name} ${number(hint)}`,
        value: limit,
      });
    const min = input("min", low, known && "min" in known ? known.min : null);
    const max = input("max", high, known && "max" in known ? known.max : null);
    const read = (field: HTMLInputElement) => (field.value === "" ? null : Number(field.value));
    const change = () => {
      const [from, to] = [read(min), read(max)];
      put(from === null && to === null ? null : { column: id, min: from, max: to }, id);
    };
    for (const field of [min, max]) field.addEventListener("input", change);
    return h("div", { class: "rw-bar" }, min, h("span", {}, "to"), max);
  }

  function some({ id, text, form }: Shown): HTMLElement {
    const known = view.state.query.rules.find((rule) => rule.column === id);
    const ticked = new Set(known && "words" in known ? known.words : []);
    const counts = new Map<string, number>();
    for (const row of rows) counts.set(text(row), (counts.get(text(row)) ?? 0) + 1);
    const ordered = [...counts].sort(([, a], [, b]) => b - a);
    const options = ordered.slice(0, MOST_WORDS).map(([word, cells]) => {
      const box = h("input", { type: "checkbox" });
      box.checked = ticked.has(word);
      box.addEventListener("change", () => {
        if (box.checked) ticked.add(word);
        else ticked.delete(word);
        put(ticked.size > 0 ? { column: id, words: [...ticked] } : null, id);
      });
      const name = word === "" ? "none" : form === "status" ? words(word) : word;
      return h(
        "div",
        { class: "rw-option" },
        h("label", {}, box, h("span", { title: name }, name), h("small", {}, count(cells))),
      );
    });
    const rest = ordered.length - options.length;
    const note =
      rest > 0 && h("p", { class: "rw-note" }, `… and ${count(rest)} more: use the search`);
    return h("div", {}, h("div", { class: "rw-options" }, ...options), note);
  }

  return h("div", { class: "rw-chooser" }, column, body);
}

/** The conditions in force, each with a button that lifts it. */
export function filterChips(table: RunTable, view: View): { el: HTMLElement; draw(): void } {
  const el = h("ul", { class: "rw-chips", "aria-label": "Filters" });

  function draw(): void {
    const { rules, statuses } = view.state.query;
    const entries: { text: string; lift: () => void }[] = rules.map((rule) => ({
      text: `${labelOf(table, rule.column)} ${condition(rule)}`,
      lift: () => view.query({ rules: view.state.query.rules.filter((each) => each !== rule) }),
    }));
    if (statuses.length > 0) {
      entries.push({
        text: `${labelOf(table, STATUS_ID)} ${statuses.map(words).join(" or ")}`,
        lift: () => view.query({ statuses: [] }),
      });
    }
    el.hidden = entries.length === 0;
    list(
      el,
      entries,
      (entry, i) => `${i} ${entry.text}`,
      ({ text }) => h("li", { class: "rw-chip" }, h("span"), liftButton(text)),
      (chip, { text, lift }) => {
        write(chip.children[0] as Element, text);
        (chip.children[1] as HTMLElement).onclick = lift;
      },
    );
  }

  return { el, draw };
}

function liftButton(text: string): HTMLElement {
  return h("button", {
    type: "button",
    class: "rw-close",
    "aria-label": `Remove the filter ${text}`,
  });
}

function condition(rule: Rule): string {
  if ("words" in rule) return rule.words.map((word) => word || "none").join(" or ");
  if (rule.min !== null && rule.max !== null) return `${number(rule.min)} to ${number(rule.max)}`;
  return rule.min !== null ? `≥ ${number(rule.min)}` : `≤ ${number(rule.max ?? 0)}`;
}
