import { h, write } from "../dom.ts";
import { bytes, count } from "../format.ts";
import type { Facts, Model, RunModel } from "../model.ts";
import { type RunServer, type Source, serverOf } from "../server.ts";
import { FileBrowser } from "./file_browser.ts";
import { preview } from "./preview.ts";
import { NOT_TAKEN, TAKEN, whenSourced } from "./source.ts";

/** What was run: the notebook's cells, and the files of the snapshot. */
export function snapshot(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const problem = h("p", { class: "rw-empty", role: "status", hidden: true });
  const el = h("div", { class: "rw-sources" }, problem);

  function section(
    heading: string,
    about: string,
    file: string,
    ...content: HTMLElement[]
  ): HTMLElement {
    const address = serverOf(model.get("facts"))?.sourceFile(file)?.address(true);
    return h(
      "section",
      { class: "rw-card", "aria-label": heading },
      h(
        "header",
        { class: "rw-bar" },
        h("h4", {}, heading),
        h("span", { class: "rw-note" }, about),
        address !== undefined &&
          h("a", { class: "rw-button", href: address, download: true }, "Download"),
      ),
      ...content,
    );
  }

  function cards(server: RunServer, { snapshot, notebook }: Source): HTMLElement[] {
    const made: HTMLElement[] = [];
    const cells = notebook && server.sourceFile("notebook.ipynb");
    if (notebook && cells) {
      const look = h("details", {}, h("summary", {}, "Cells as they were executed"));
      look.addEventListener("toggle", () => look.append(preview(cells, notebook.bytes, life)), {
        once: true,
      });
      made.push(section("Notebook", bytes(notebook.bytes), "notebook.ipynb", look));
    }
    if (snapshot) {
      const files = new FileBrowser(
        "Snapshot",
        { open: (path) => server.snapshotFile(path) },
        life,
      );
      const entries = snapshot.files.map((file) => ({ ...file, modified_at: 0 }));
      files.draw(entries, entries.length);
      const left = snapshot.total - entries.length;
      const about = [
        `${count(snapshot.total)} ${snapshot.total === 1 ? "file" : "files"}`,
        left > 0 && `the first ${count(entries.length)} listed`,
        `${bytes(snapshot.bytes)} as a zip`,
      ];
      made.push(section("Snapshot", about.filter(Boolean).join(" · "), "snapshot.zip", files.el));
    }
    return made;
  }

  function say(text: string): void {
    problem.hidden = text === "";
    write(problem, text);
  }

  let shown = "";
  const show = (known: Source | null) => {
    const facts = model.get("facts");
    const server = serverOf(facts);
    const text = JSON.stringify(known);
    // Else what somebody looks into would close.
    if (text !== shown)
      el.replaceChildren(problem, ...(server && known ? cards(server, known) : []));
    shown = text;
    say(known?.snapshot ? "" : whyNone(facts, server !== null));
  };
  whenSourced(el, model, life, show, say);
  return el;
}

function whyNone({ properties }: Facts, hasServer: boolean): string {
  if (TAKEN in properties && !hasServer)
    return "It is shown by a Jupyter server with run-widgets, and there is none behind this page; run.restore_snapshot() in a cell unpacks it";
  if (TAKEN in properties) return "The snapshot is not here";
  return properties[NOT_TAKEN] || "No snapshot was taken";
}
