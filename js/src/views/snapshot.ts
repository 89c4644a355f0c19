import { h, whenNear, write } from "../dom.ts";
import { bytes, count } from "../format.ts";
import type { Facts, Model, RunModel } from "../model.ts";
import { type RunServer, reasonOf, type Source, serverOf } from "../server.ts";
import { FileBrowser } from "./file_browser.ts";
import { preview } from "./preview.ts";

const TAKEN = "ContentSnapshotId";
const NOT_TAKEN = "run_widgets.no_snapshot";

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

  function draw(server: RunServer, { snapshot, notebook }: Source): void {
    const cells = notebook && server.sourceFile("notebook.ipynb");
    if (notebook && cells) {
      const look = h("details", {}, h("summary", {}, "Cells as they were executed"));
      look.addEventListener("toggle", () => look.append(preview(cells, notebook.bytes, life)), {
        once: true,
      });
      el.append(section("Notebook", bytes(notebook.bytes), "notebook.ipynb", look));
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
      el.append(section("Snapshot", about.filter(Boolean).join(" · "), "snapshot.zip", files.el));
    }
  }

  function say(text: string): void {
    problem.hidden = false;
    write(problem, text);
  }

  // It is asked for when somebody comes to look.
  whenNear(el, life, async () => {
    const facts = model.get("facts");
    const server = serverOf(facts);
    try {
      const known = await server?.source();
      if (life.aborted) return;
      if (server && known) draw(server, known);
      if (!known?.snapshot) say(whyNone(facts, server !== null));
    } catch (error) {
      if (!life.aborted) say(reasonOf(error));
    }
  });
  return el;
}

function whyNone({ properties }: Facts, hasServer: boolean): string {
  if (TAKEN in properties && !hasServer)
    return "It is shown by a Jupyter server with run-widgets, and there is none behind this page; run.restore_snapshot() in a cell unpacks it";
  if (TAKEN in properties) return "The snapshot is not here";
  return properties[NOT_TAKEN] || "No snapshot was taken";
}
