import { h, list, runLink, set, write } from "../dom.ts";
import { count, words } from "../format.ts";
import { baseUrl, type CodeChanges } from "../server.ts";
import { codeDiff, type FileDiff } from "./code_diff.ts";

/** What differs between two runs, as `run_widgets/comparing/diff.py` tells it. */
export type RunDiff = {
  runs: { run_id: string; title: string; status: string; portal_path: string }[];
  facts: { section: string; name: string; before: string; after: string }[];
} & CodeChanges;

/** Two runs and all in which they differ: arguments, environment, tags, metrics, code. */
export function runDiff(): { el: HTMLElement; draw(diff: RunDiff): void } {
  const head = h("header", { class: "rw-diff-head" });
  const facts = h("tbody");
  const [first, second] = [h("th", { scope: "col" }), h("th", { scope: "col" })];
  const table = h(
    "div",
    { class: "rw-scroll rw-diff-facts", tabindex: 0, role: "region", "aria-label": "Differences" },
    h("table", {}, h("thead", {}, h("tr", {}, h("th", {}), first, second)), facts),
  );
  const note = h("p", { class: "rw-note" });
  const code = codeDiff();
  const heading = h("h4", {}, "Code");
  const none = h("p", { class: "rw-empty" }, "These runs differ in nothing that was recorded");
  const el = h("div", { class: "rw rw-diff" }, head, none, table, heading, note, code.el);
  let shown = "";
  return {
    el,
    draw(diff) {
      const names = diff.runs.map(({ title, run_id }) => title || run_id);
      if (shown !== JSON.stringify(diff.runs)) {
        shown = JSON.stringify(diff.runs);
        head.replaceChildren(
          ...(diff.runs.flatMap((run, i) => [i > 0 && "→", side(run)]).filter(Boolean) as Node[]),
        );
      }
      write(first, names[0] ?? "");
      write(second, names[1] ?? "");
      const rows = diff.facts.flatMap((fact, i) =>
        fact.section === diff.facts[i - 1]?.section ? [fact] : [fact.section, fact],
      );
      list(
        facts,
        rows,
        (row) => (typeof row === "string" ? row : `${row.section}\n${row.name}`),
        (row) =>
          typeof row === "string"
            ? h(
                "tr",
                { class: "rw-section" },
                h("th", { scope: "rowgroup", colspan: 3 }, capital(row)),
              )
            : h("tr", {}, h("th", { scope: "row", title: row.name }, row.name), h("td"), h("td")),
        (tr, row) => {
          if (typeof row === "string") return;
          for (const [i, text] of [row.before, row.after].entries()) {
            const cell = tr.children[i + 1] as Element;
            write(cell, text);
            set(cell, "title", text);
            set(cell, "data-missing", text === "–");
          }
        },
      );
      code.draw(diff.files);
      const more = diff.total > diff.files.length && `${count(diff.total)} files differ in all`;
      const about = [diff.note && `Not compared: ${diff.note}`, more].filter(Boolean);
      write(note, about.join(" · "));
      note.hidden = about.length === 0;
      table.hidden = diff.facts.length === 0;
      heading.hidden = diff.files.length === 0 && !diff.note;
      none.hidden = diff.facts.length > 0 || diff.files.length > 0 || diff.note !== "";
    },
  };
}

function side({ run_id, title, status, portal_path }: RunDiff["runs"][number]): HTMLElement {
  const [base, name] = [baseUrl(), title || run_id];
  const path = /^run-widgets\/runs\/[\w.+-]+(\?[\w=%.+-]*)?$/.test(portal_path) ? portal_path : "";
  const label =
    base && path
      ? h("a", { ...runLink(), href: `${base}${path}`, title: run_id }, name)
      : h("b", { title: run_id }, name);
  const state =
    status && h("span", { class: "rw-status", "data-status": status.toLowerCase() }, words(status));
  return h("span", {}, label, state);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What an output says, every field of the kind that it must be: a notebook may be a stranger's. */
export function diffOf(data: unknown): RunDiff {
  const { runs, facts, files, total, note } = fields(data);
  return {
    runs: items(runs).map((run) => texts(run, ["run_id", "title", "status", "portal_path"])),
    facts: items(facts).map((fact) => texts(fact, ["section", "name", "before", "after"])),
    files: items(files).map((file): FileDiff => texts(file, ["path", "kind", "note", "diff"])),
    total: typeof total === "number" ? total : 0,
    note: typeof note === "string" ? note : "",
  };
}

function fields(data: unknown): Record<string, unknown> {
  return Object(data) as Record<string, unknown>;
}

function items(data: unknown): unknown[] {
  return Array.isArray(data) ? data : [];
}

function texts<K extends string>(data: unknown, names: K[]): Record<K, string> {
  const known = fields(data);
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  return Object.fromEntries(names.map((name) => [name, text(known[name])])) as Record<K, string>;
}
