/**
 * An experiment in a notebook's output: by its kernel's list, else by its files, else as it was saved.
 *
 * As `mime.ts` does for a run.
 */

import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Panel, Widget } from "@lumino/widgets";

export const EXPERIMENT_MIME = "application/vnd.run-widgets.experiment+json";

/** How long a kernel has to tell of its list after a reload, before the files are asked. */
const PATIENCE_MS = 400;

/** Between two attempts to reach the server where only the saved picture can be shown. */
const RETRY_MS = 10_000;

/** What the kernel says of an experiment in the output. */
type Output = { experiment: string; workspace: string; model_id: string };

export class ExperimentOutput extends Panel implements IRenderMime.IRenderer {
  readonly #sanitizer: IRenderMime.ISanitizer;
  #output = "";
  #picture = "";
  #life = new AbortController();
  /** Ends with what is shown now. */
  #shown = new AbortController();

  constructor(options: IRenderMime.IRendererOptions) {
    super();
    this.#sanitizer = options.sanitizer;
    this.addClass("rw-output");
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.#picture = textOf(model.data["text/html"]);
    if (this.node.dataset.source === "picture") this.#drawPicture();
    const output = outputOf(model.data[EXPERIMENT_MIME]);
    // The same list as before: the output was only saved anew.
    if (output && JSON.stringify(output) === this.#output) return;
    this.#output = JSON.stringify(output);
    this.#life.abort();
    this.#life = new AbortController();
    if (output) await this.#begin(output, model.trusted, this.#life.signal);
    else this.#drawPicture();
  }

  override dispose(): void {
    this.#life.abort();
    this.#shown.abort();
    super.dispose();
  }

  async #begin(output: Output, trusted: boolean, life: AbortSignal): Promise<void> {
    const host = await import("../run/host.ts");
    if (life.aborted) return;
    type Live = NonNullable<ReturnType<typeof host.liveModel>>;
    const showKernel = async (model: Live) => {
      const view = await host.viewOf(model);
      if (life.aborted) return view.dispose();
      const shown = this.#show("kernel", view, life);
      const lose = () => {
        if (!shown.aborted && !model.comm_live) void this.#showFiles(output, life);
      };
      const closed = () => {
        if (shown.aborted) return;
        this.#shown.abort();
        this.hide(); // somebody has closed the list
      };
      model.on("comm_live_update", lose);
      model.on("destroy", closed);
      shown.addEventListener("abort", () => {
        model.off("comm_live_update", lose);
        model.off("destroy", closed);
      });
    };
    // A stranger's notebook names no widget of ours: its runs are shown by their files alone.
    const live = trusted ? await host.soonLive(output.model_id, PATIENCE_MS, life) : null;
    if (life.aborted) return;
    if (trusted) {
      host.whenLive(output.model_id, life, (model) => {
        if (this.node.dataset.source !== "kernel") void showKernel(model);
      });
    }
    if (live) await showKernel(live);
    else await this.#showFiles(output, life);
  }

  /** Show the runs by their files, as long as no kernel tells of them. */
  async #showFiles(output: Output, life: AbortSignal): Promise<void> {
    const [{ ServedExperiment }, { showExperiment }, { baseUrl, ServerError }, { sleep }] =
      await Promise.all([
        import("./served.ts"),
        import("./show.ts"),
        import("../server.ts"),
        import("../run/follow.ts"),
      ]);
    const places = [output.workspace || null, null]; // where the kernel said, else where there is
    while (!life.aborted) {
      try {
        const root = baseUrl();
        if (root === null) throw new ServerError("There is no server behind this page", 404);
        const served = await ServedExperiment.open(root, output.experiment, places[0] ?? null);
        if (life.aborted || this.node.dataset.source === "kernel") return;
        const widget = new Widget();
        const shown = this.#show("files", widget, life);
        await showExperiment(widget.node, served.model, served.live, shown);
        return await served.follow(shown);
      } catch (error) {
        if (life.aborted) return;
        const isMissing = error instanceof ServerError && error.status === 404;
        if (isMissing && places.length > 1) {
          places.shift();
          continue;
        }
        if (this.node.dataset.source !== "kernel") this.#drawPicture();
        if (isMissing) return;
        await sleep(RETRY_MS, life);
      }
    }
  }

  /** Put `view` in the place of what was shown; returns what ends when it is replaced in turn. */
  #show(source: "kernel" | "files", view: Widget, life: AbortSignal): AbortSignal {
    const before = [...this.widgets];
    this.#shown.abort();
    this.#shown = new AbortController();
    life.addEventListener("abort", () => this.#shown.abort(), { once: true });
    this.node.dataset.source = source;
    this.node.querySelector(":scope > .rw-picture")?.remove();
    this.show();
    this.addWidget(view);
    for (const widget of before) widget.dispose();
    return this.#shown.signal;
  }

  #drawPicture(): void {
    this.node.dataset.source = "picture";
    const picture =
      this.node.querySelector(":scope > .rw-picture") ??
      this.node.ownerDocument.createElement("div");
    picture.className = "rw-picture jp-RenderedHTMLCommon";
    // Made for sanitisers to leave alone; what a stranger's notebook has instead is made safe.
    picture.innerHTML = this.#sanitizer.sanitize(this.#picture);
    this.node.append(picture);
  }
}

function outputOf(data: unknown): Output | null {
  const { experiment, workspace, model_id } = Object(data) as Record<string, unknown>;
  if (typeof experiment !== "string" || typeof workspace !== "string") return null;
  return { experiment, workspace, model_id: typeof model_id === "string" ? model_id : "" };
}

/** A text as notebooks have it: whole, or as a list of lines. */
function textOf(data: unknown): string {
  if (Array.isArray(data)) return data.join("");
  return typeof data === "string" ? data : "";
}
