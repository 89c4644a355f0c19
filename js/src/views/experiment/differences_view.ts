import { h, list, set, write } from "../../dom.ts";
import type { CodeShelf } from "../../experiment/code.ts";
import { numberOfRun } from "../../experiment/columns.ts";
import { type Difference, type Packages, sections } from "../../experiment/differences.ts";
import type { RunTable } from "../../experiment/table.ts";
import type { View } from "../../experiment/view_state.ts";
import { count, number } from "../../format.ts";
import { codeView } from "./code_view.ts";
import { tickField } from "./fields.ts";

/** Runs side by side, at the most. */
export const MOST_COMPARED = 50;

/** Of a section, at the most. */
const MOST_LISTED = 200;

/**
 * A column for each run, a row for each name under which they are not all the same.
 *
 * The first is the one that the others are measured against; a click on another's head makes it that.
 */
export function differencesView(
  table: RunTable,
  view: View,
  packages: Packages,
  askPackages: (runs: string[]) => void,
  shelf: CodeShelf,
): { el: HTMLElement; draw(rows: Uint32Array): void } {
  const all = tickField("Show what is the same", (checked) => view.set({ allFacts: checked }));
  const head = h("tr");
  const body = h("tbody");
  const note = h("p", { class: "rw-note" });
  let baseline = "";
  let compared: Uint32Array = new Uint32Array();
  const code = codeView(table, shelf);
  const el = h(
    "div",
    { class: "rw-comparison" },
    h("div", { class: "rw-bar" }, all.el, note),
    h(
      "div",
      {
        class: "rw-scroll rw-differences",
        tabindex: 0,
        role: "region",
        "aria-label": "Differences",
      },
      h("table", {}, h("thead", {}, head), body),
    ),
    code.el,
  );

  /** The runs on top, kept as they are while one is pressed or has the focus. */
  function heads(rows: Uint32Array): void {
    list(
      head,
      ["Run", ...Array.from(rows, (row) => table.ids[row] ?? "")],
      (id) => id,
      (id) =>
        id === "Run"
          ? h("th", { scope: "col" }, id)
          : h(
              "th",
              { scope: "col" },
              baselineButton(() => measureAgainst(id)),
            ),
      (cell, id, i) => {
        const row = table.rowOf(id);
        if (i > 0 && row !== undefined) drawHead(cell, row, i === 1);
      },
    );
  }

  function drawHead(cell: HTMLElement, row: number, isFirst: boolean): void {
    const [swatch, number, name] = cell.firstElementChild?.children ?? [];
    const text = table.column("run", "name")?.text(row) ?? "";
    (swatch as HTMLElement).style.color = view.colors.look(table.ids[row] ?? "").color;
    write(number as Element, `${numberOfRun(table, row)}`);
    write(name as Element, text);
    set(
      cell,
      "title",
      `${text}\n${isFirst ? "The others are measured against it" : AGAINST}`.trim(),
    );
    set(cell.firstElementChild as Element, "aria-pressed", String(isFirst));
  }

  function measureAgainst(id: string): void {
    baseline = id;
    draw(compared);
  }

  function draw(wanted: Uint32Array): void {
    compared = wanted;
    const isBaseline = (row: number) => table.ids[row] === baseline;
    const rows = wanted
      .slice(0, MOST_COMPARED)
      .sort(
        (a, b) =>
          Number(isBaseline(b)) - Number(isBaseline(a)) ||
          numberOfRun(table, a) - numberOfRun(table, b),
      );
    const missing = [...rows]
      .flatMap((row) => table.ids[row] ?? [])
      .filter((id) => !packages.has(id));
    if (missing.length > 0) askPackages(missing);
    code.draw(rows);
    all.box.checked = view.state.allFacts;
    view.color(Array.from(rows, (row) => table.ids[row] ?? ""));
    heads(rows);
    const found = sections(table, rows, packages);
    const entries = found.flatMap(({ title, differences }) => {
      const some = view.state.allFacts ? differences : differences.filter(({ differs }) => differs);
      const listed = some.slice(0, MOST_LISTED);
      const rest = some.length - listed.length;
      const heading =
        rest > 0 ? `${title}, the first ${listed.length} of ${count(some.length)}` : title;
      return some.length > 0 ? [heading, ...listed.map((each) => ({ title, ...each }))] : [];
    });
    const same = found
      .flatMap(({ differences }) => differences)
      .filter(({ differs }) => !differs).length;
    write(note, told(rows.length, wanted.length, entries.length, same, view.state.allFacts));
    list(
      body,
      entries,
      (entry) => (typeof entry === "string" ? entry : `${entry.title}\n${entry.name}`),
      (entry) =>
        typeof entry === "string"
          ? h(
              "tr",
              { class: "rw-section" },
              h("th", { scope: "rowgroup", colspan: rows.length + 1 }, entry),
            )
          : h("tr", {}, h("th", { scope: "row", title: entry.name }, entry.name)),
      (tr, entry) => {
        if (typeof entry === "string") set(tr.children[0] as Element, "colspan", rows.length + 1);
        else drawValues(tr, entry);
      },
    );
  }

  return { el, draw };
}

function told(runs: number, of: number, entries: number, same: number, all: boolean): string {
  if (runs < 2) return "Choose at least two runs in the table to see what differs between them.";
  if (entries === 0) return "These runs differ in nothing that was recorded.";
  return [
    runs < of && `${count(runs)} of ${count(of)} runs`,
    !all && same > 0 && `${count(same)} more ${same === 1 ? "is" : "are"} the same for all`,
  ]
    .filter(Boolean)
    .join(", ");
}

const AGAINST = "Measure the others against it";

function baselineButton(onclick: () => void): HTMLElement {
  const parts = [h("i", { class: "rw-swatch" }), h("span"), h("small")];
  return h("button", { type: "button", class: "rw-baseline", onclick }, ...parts);
}

function drawValues(tr: HTMLElement, { values, apart, best }: Difference): void {
  while (tr.children.length > values.length + 1) tr.lastElementChild?.remove();
  values.forEach((value, i) => {
    const td = tr.children[i + 1] ?? tr.appendChild(h("td", {}, h("span"), h("small")));
    const [text, difference] = td.children as unknown as [Element, Element];
    write(text, value ?? "–");
    write(difference, i > 0 ? signed(apart[i]) : "");
    set(td, "title", value);
    set(td, "data-missing", value === null);
    // What is as in the first run steps back, so that what is not stands out.
    set(td, "data-same", i > 0 && value === values[0]);
    set(td, "data-best", best.includes(i) && best.length < values.length);
  });
}

/** A difference with its sign, two digits of it where it is no whole number; nothing for none. */
function signed(value = Number.NaN): string {
  if (!Number.isFinite(value) || value === 0) return "";
  const size = Math.abs(value);
  return `${value > 0 ? "+" : "−"}${number(Number.isInteger(size) ? size : Number(size.toPrecision(2)))}`;
}
