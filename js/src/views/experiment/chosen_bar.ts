import { h, set, write } from "../../dom.ts";
import { NAME_ID, shown } from "../../experiment/columns.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { count } from "../../format.ts";
import { type Changes, type RunServer, reasonOf } from "../../server.ts";
import { copyButton } from "../buttons.ts";
import { isSure, twice } from "../twice.ts";
import { popover } from "./popover.ts";

/** What can be done with the chosen runs: unseen as long as there are none. */
export function chosenBar(
  { table, view, serverOf }: Pick<Experiment, "table" | "view" | "serverOf">,
  life: AbortSignal,
): { el: HTMLElement; draw(): void } {
  const number = h("b");
  const button = (text: string, onclick: () => void = () => {}) =>
    h("button", { type: "button", class: "rw-button", onclick }, text);
  const compare = button("Compare", () => view.set({ page: "Compare" }));
  const tag = popover("Tag", life, () => tagEditor(change));
  const rename = popover("Rename", life, () => nameEditor(nameOf(chosen()[0] ?? ""), change));
  const remove = button("Delete");
  const none = button("Choose none", () => view.choose([...view.chosen], false));
  const ids = copyButton("run ids", () => chosen().join("\n"));
  const note = h("span", { class: "rw-note", role: "status" });
  const el = h(
    "div",
    { class: "rw-bar rw-of-chosen", role: "group", "aria-label": "Chosen runs", hidden: true },
    h("span", {}, number, ids),
    compare,
    tag.el,
    rename.el,
    remove,
    none,
    note,
  );

  const chosen = () => [...view.chosen].filter((id) => table.rowOf(id) !== undefined);

  function nameOf(id: string): string {
    const row = table.rowOf(id);
    return row === undefined ? "" : (shown(table, NAME_ID)?.text(row) ?? "");
  }

  /** Do something to each of the chosen runs, and tell of those where it failed. */
  async function each(doing: string, act: (server: RunServer) => Promise<void>): Promise<void> {
    const runs = chosen();
    const problems: string[] = [];
    for (const [i, id] of runs.entries()) {
      write(note, runs.length > 1 ? `${doing} ${i + 1} of ${runs.length} …` : `${doing} …`);
      try {
        const server = serverOf(id);
        if (server) await act(server);
      } catch (error) {
        problems.push(reasonOf(error));
      }
    }
    const [first, ...others] = problems;
    write(note, first ? `${first}${others.length > 0 ? `, and ${others.length} more` : ""}` : "");
    set(note, "data-problem", problems.length > 0 ? "true" : null);
  }

  function change(changes: Changes): void {
    tag.close();
    rename.close();
    void each("Writing", (server) => server.edit(changes));
  }

  twice(remove, draw, () => void each("Deleting", (server) => server.delete()));

  function draw(): void {
    const runs = chosen();
    const canChange = runs.length > 0 && serverOf(runs[0] ?? "") !== null;
    el.hidden = runs.length === 0;
    write(number, `${count(runs.length)} ${runs.length === 1 ? "run" : "runs"} chosen`);
    for (const each of [tag.el, rename.el, remove]) each.hidden = !canChange;
    if (runs.length !== 1) rename.el.hidden = true;
    const what = runs.length === 1 ? "this run" : `${count(runs.length)} runs`;
    write(remove, isSure(remove) ? `Really delete ${what}?` : "Delete");
    set(remove, "title", "Move to the workspace's trash folder");
  }

  return { el, draw };
}

function field(label: string, value = ""): HTMLInputElement {
  return h("input", { class: "rw-input", "aria-label": label, placeholder: label, value });
}

/** A form whose Enter key does what its button does. */
function form(fields: Node[], submit: HTMLElement, others: Node[], act: () => void): HTMLElement {
  const el = h(
    "form",
    { class: "rw-chooser" },
    ...fields,
    h("div", { class: "rw-bar" }, submit, ...others),
  );
  el.addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
  return el;
}

function tagEditor(change: (changes: Changes) => void): HTMLElement {
  const [name, value] = [field("Name"), field("Value")];
  const act = (tag: string | null) => {
    if (name.value) change({ tags: { [name.value]: tag } });
    else name.focus();
  };
  const put = h("button", { class: "rw-button" }, "Set tag");
  const away = h(
    "button",
    { type: "button", class: "rw-button", onclick: () => act(null) },
    "Remove tag",
  );
  return form([name, value], put, [away], () => act(value.value));
}

function nameEditor(before: string, change: (changes: Changes) => void): HTMLElement {
  const name = field("Name", before);
  const put = h("button", { class: "rw-button" }, "Rename");
  return form([name], put, [], () => change({ display_name: name.value }));
}
