import { type Block, counts, fold, type Line, parse } from "../diff.ts";
import { h, list, set } from "../dom.ts";
import { count } from "../format.ts";
import type { CodeChanges } from "../server.ts";

/** One file that differs, as Python tells of it. */
export type FileDiff = CodeChanges["files"][number];

/** Lines of all open files, beyond which the others begin closed. */
const OPEN_LINES = 400;

/** The files that differ, each with its lines; what has not changed is folded away. */
export function codeDiff(): { el: HTMLElement; draw(files: FileDiff[]): void } {
  const el = h("div", { class: "rw-code-diff" });
  let room = OPEN_LINES;
  return {
    el,
    draw(files) {
      room = OPEN_LINES;
      list(
        el,
        files,
        ({ path }) => path,
        () => {
          // A long file's lines are made when somebody opens it.
          const details = h("details", { class: "rw-file-diff" });
          details.addEventListener("toggle", () => details.open && makers.get(details)?.());
          return details;
        },
        (details, file) => {
          const lines = drawFile(details, file, room > 0);
          room -= lines;
        },
      );
    },
  };
}

const drawn = new WeakMap<HTMLElement, string>();
const makers = new WeakMap<HTMLElement, () => void>();

/** Draw a file anew where it has changed, and return how many lines of it are shown. */
function drawFile(details: HTMLDetailsElement, file: FileDiff, open: boolean): number {
  const before = drawn.get(details);
  const now = JSON.stringify(file);
  if (before === now) return 0;
  drawn.set(details, now);
  const lines = parse(file.diff);
  const { removed, added } = counts(lines);
  const summary = h(
    "summary",
    {},
    h("span", { class: "rw-diff-kind", "data-kind": file.kind }, file.kind),
    h("code", {}, file.path),
    file.note && h("span", { class: "rw-note" }, file.note),
    added > 0 && h("span", { class: "rw-diff-added" }, `+${count(added)}`),
    removed > 0 && h("span", { class: "rw-diff-removed" }, `−${count(removed)}`),
  );
  const blocks = fold(lines);
  const shown = blocks.reduce((sum, { folded, lines }) => sum + (folded ? 1 : lines.length), 0);
  const body = h("div", { class: "rw-diff-lines", tabindex: 0, role: "region" });
  set(body, "aria-label", `What differs in ${file.path}`);
  body.style.setProperty("--rw-digits", String(String(lines.length).length));
  const make = () => {
    if (body.childElementCount === 0) body.append(...blocks.map(block));
  };
  details.replaceChildren(summary, ...(blocks.length > 0 ? [body] : []));
  makers.set(details, make);
  if (before === undefined) details.open = open && blocks.length > 0;
  if (details.open) make();
  return shown;
}

function block({ folded, lines }: Block): HTMLElement {
  const rows = () => lines.map(row);
  if (!folded) return h("div", {}, ...rows());
  const el = h("div");
  const words = `${count(lines.length)} unchanged lines`;
  const unfold = () => {
    el.replaceChildren(...rows());
    (el.closest("[tabindex]") as HTMLElement | null)?.focus({ preventScroll: true });
  };
  el.append(h("button", { type: "button", class: "rw-unfold", onclick: unfold }, words));
  return el;
}

const SIGNS = { same: "", removed: "−", added: "+", gap: "⋯" };

function row({ kind, text, before, after, part }: Line): HTMLElement {
  const [start, end] = part ?? [0, 0];
  const code = part
    ? [text.slice(0, start), h("mark", {}, text.slice(start, end)), text.slice(end)]
    : [text];
  const number = (n: number | null) => h("i", { "data-n": n === null ? "" : String(n) });
  return h(
    "div",
    { "data-kind": kind },
    number(before),
    number(after),
    h("b", { "data-n": SIGNS[kind] }),
    h("code", {}, ...code),
  );
}
