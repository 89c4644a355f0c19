import { h, list, set, write } from "../../dom.ts";
import { choices, FIELDS, keyOf, NUMBER_ID, shown } from "../../experiment/columns.ts";
import { columnsAtFirst } from "../../experiment/query.ts";
import { keyText, type RunTable } from "../../experiment/table.ts";
import type { View } from "../../experiment/view_state.ts";
import { count } from "../../format.ts";

/** Columns listed at once; who wants others types a part of their name. */
const MOST_LISTED = 200;

/** Which columns the table has: to tick, and for a metric whether its last, best, … value. */
export function columnChooser(table: RunTable, view: View): HTMLElement {
  const search = h("input", {
    type: "search",
    class: "rw-input",
    placeholder: "Find a column",
    "aria-label": "Find a column",
  });
  const options = h("div", { class: "rw-options" });
  const note = h("p", { class: "rw-note" });
  const reset = h(
    "button",
    { type: "button", class: "rw-button", onclick: () => change(null) },
    "Default columns",
  );
  const none = h(
    "button",
    { type: "button", class: "rw-button", onclick: () => change([NUMBER_ID]) },
    "None",
  );

  const current = () => view.state.columns ?? columnsAtFirst(table, view.state.query);

  function change(columns: string[] | null): void {
    view.set({ columns });
    draw();
  }

  /** Two columns of one metric are one entry, whichever of its values they show. */
  const sameAs = (id: string) => {
    const key = keyOf(id);
    return (other: string) => {
      const known = keyOf(other);
      return (
        other === id || (key?.[0] === "metric" && known?.[0] === "metric" && known[1] === key[1])
      );
    };
  };

  function draw(): void {
    const wanted = search.value.toLowerCase();
    const columns = current();
    const entries = choices(table).flatMap(({ group, columns: offered }) =>
      offered
        .filter(({ label }) => label.toLowerCase().includes(wanted))
        .map((choice) => ({ ...choice, group })),
    );
    const listed = entries.slice(0, MOST_LISTED);
    const rest = entries.length - listed.length;
    write(note, rest > 0 ? `… and ${count(rest)} more: type to find them` : "");
    list(
      options,
      listed.flatMap((entry, i) =>
        entry.group === listed[i - 1]?.group
          ? [entry]
          : [{ ...entry, id: "", label: entry.group }, entry],
      ),
      ({ id, group }) => `${group}\n${id}`,
      ({ id, label }) => (id ? option(id, label) : h("h5", {}, label)),
      (el, { id, cells }) => {
        if (!id) return;
        const here = columns.find(sameAs(id));
        const box = el.querySelector("input") as HTMLInputElement;
        box.checked = here !== undefined;
        box.disabled = id === NUMBER_ID;
        write(el.querySelector("small") as Element, `${count(cells)}`);
        const field = el.querySelector("select");
        if (field) field.value = keyOf(here ?? id)?.[2] ?? "last";
      },
    );
  }

  function option(id: string, label: string): HTMLElement {
    const box = h("input", { type: "checkbox" });
    const key = keyOf(id);
    const repeated = key?.[0] === "metric" && table.column("metric", key[1], "count") !== undefined;
    const field =
      repeated && h("select", { class: "rw-select", "aria-label": `Which value of ${label}` });
    if (field) {
      const fields = FIELDS.filter((each) => each !== "best" || (key && key[1] in table.goals));
      field.append(...fields.map((each) => h("option", { value: each }, each)));
    }
    box.addEventListener("change", () => {
      const others = current().filter((other) => !sameAs(id)(other));
      change(box.checked ? [...others, withField(id, field)] : others);
    });
    if (field) {
      field.addEventListener("change", () => {
        const columns = current();
        const next = withField(id, field);
        change(
          columns.some(sameAs(id))
            ? columns.map((other) => (sameAs(id)(other) ? next : other))
            : [...columns, next],
        );
      });
    }
    const text = h("span", { title: label }, label);
    return h("div", { class: "rw-option" }, h("label", {}, box, text, h("small")), field);
  }

  search.addEventListener("input", draw);
  draw();
  set(options, "role", "group");
  return h(
    "div",
    { class: "rw-chooser" },
    search,
    options,
    note,
    h("div", { class: "rw-bar" }, reset, none),
  );
}

function withField(id: string, field: HTMLSelectElement | false): string {
  const key = keyOf(id);
  return key && field ? keyText([key[0], key[1], field.value]) : id;
}

/** The name of a column, for sentences. */
export function labelOf(table: RunTable, id: string): string {
  return shown(table, id)?.label ?? keyOf(id)?.[1] ?? "";
}
