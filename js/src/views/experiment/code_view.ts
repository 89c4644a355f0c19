import { h, write } from "../../dom.ts";
import type { CodeShelf } from "../../experiment/code.ts";
import { numberOfRun } from "../../experiment/columns.ts";
import type { RunTable } from "../../experiment/table.ts";
import type { CodeChanges } from "../../server.ts";
import { codeDiff } from "../code_diff.ts";
import { choiceField } from "./fields.ts";

/** The property that names a run's code. */
const SNAPSHOT = "ContentSnapshotId";

/** How the code of one of the compared runs differs from that of another: two to choose, and the lines. */
export function codeView(
  table: RunTable,
  shelf: CodeShelf,
): { el: HTMLElement; draw(rows: Uint32Array): void } {
  let chosen: { before: string; after: string } = { before: "", after: "" };
  let rows: Uint32Array = new Uint32Array();
  const before = choiceField("Code of", (id) => choose({ before: id }));
  const after = choiceField("to", (id) => choose({ after: id }));
  const note = h("span", { class: "rw-note", role: "status" });
  const files = codeDiff();
  const el = h(
    "section",
    { class: "rw-code", "aria-label": "Differences of code" },
    h("div", { class: "rw-bar" }, before.el, after.el, note),
    files.el,
  );

  function choose(change: Partial<typeof chosen>): void {
    chosen = { ...chosen, ...change };
    draw(rows);
  }

  function draw(next: Uint32Array): void {
    rows = next;
    el.hidden = rows.length < 2;
    if (el.hidden) return;
    const ids = Array.from(rows, (row) => table.ids[row] ?? "");
    const [first, second] = telling(table, rows);
    const known = (id: string, otherwise: number) =>
      ids.includes(id) ? id : (table.ids[otherwise] ?? "");
    const pair: [string, string] = [known(chosen.before, first), known(chosen.after, second)];
    const options = Array.from(rows, (row) => ({
      value: table.ids[row] ?? "",
      label: titleOf(table, row),
    }));
    before.show(options, pair[0]);
    after.show(options, pair[1]);
    const same = { files: [], total: 0, note: "that is the same run" };
    const changes = pair[0] === pair[1] ? same : shelf.get(pair);
    // Where no run has kept its code, there is nothing to choose from.
    const kept = table.column("property", SNAPSHOT);
    el.hidden = changes?.total === 0 && !rows.some((row) => kept?.text(row));
    drawChanges(changes);
  }

  function drawChanges(changes: CodeChanges | null): void {
    write(note, changes === null ? "comparing …" : told(changes));
    files.draw(changes?.files ?? []);
  }

  return { el, draw };
}

function told({ files, total, note }: CodeChanges): string {
  const parts = [
    note,
    total === 0 && !note && "no difference in the code",
    total > 0 && `${total} ${total === 1 ? "file differs" : "files differ"}`,
    total > files.length && `${files.length} of them are shown`,
  ];
  return parts.filter(Boolean).join(" · ");
}

function titleOf(table: RunTable, row: number): string {
  const name = table.column("run", "name")?.text(row);
  return `run ${numberOfRun(table, row)}${name ? ` · ${name}` : ""}`;
}

/** The first two runs whose snapshots differ; where none do, the first and the last. */
function telling(table: RunTable, rows: Uint32Array): [number, number] {
  const snapshots = table.column("property", SNAPSHOT);
  const with_ = [...rows].filter((row) => snapshots?.text(row));
  const first = with_[0] ?? (rows[0] as number);
  const other = with_.find((row) => snapshots?.text(row) !== snapshots?.text(first));
  return [first, other ?? with_.at(-1) ?? (rows.at(-1) as number)];
}
