/**
 * An output that is shown by its kernel, else by its files, else as it was saved.
 *
 * Which of them can be had changes while the output is looked at: a page is reloaded while its
 * kernel is busy, a kernel is restarted or dies. None of that takes it off the page.
 */

import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Panel, type Widget } from "@lumino/widgets";

/** How long a kernel has to tell of its model after a reload, before the files are asked. */
const PATIENCE_MS = 400;

/** Between two attempts to reach the server where only the saved picture can be shown. */
export const RETRY_MS = 10_000;

export type Source = "kernel" | "files" | "picture";
export type Host = typeof import("./run/host.ts");
export type LiveModel = NonNullable<ReturnType<Host["liveModel"]>>;

/** Shows one thing for as long as its output is on the page; `Place` is what the kernel says of it. */
export abstract class LastingOutput<Place extends { model_id: string }>
  extends Panel
  implements IRenderMime.IRenderer
{
  readonly #mime: string;
  readonly #sanitizer: IRenderMime.ISanitizer;
  #place = "null";
  #picture = "";
  #life = new AbortController();
  /** Ends with what is shown now. */
  #shown = new AbortController();

  constructor(mime: string, options: IRenderMime.IRendererOptions) {
    super();
    this.#mime = mime;
    this.#sanitizer = options.sanitizer;
    this.addClass("rw-output");
  }

  /** What the kernel says, checked: a stranger's notebook may say anything. */
  protected abstract placeOf(data: Record<string, unknown>): Place | null;

  /** Show it by its files, as long as no kernel tells of it. */
  protected abstract showFiles(place: Place, host: Host, life: AbortSignal): Promise<void>;

  /** Called while a kernel's model is shown: it may find out that its kernel is lost. */
  protected async watch(
    _place: Place,
    _host: Host,
    _model: LiveModel,
    _shown: AbortSignal,
  ): Promise<void> {}

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const { data } = model;
    this.#picture = textOf(data["text/html"]) || escaped(textOf(data["text/plain"]));
    if (this.source === "picture") this.drawPicture();
    const place = this.placeOf(Object(data[this.#mime]));
    // The same as before: the output was only saved anew.
    if (place && JSON.stringify(place) === this.#place) return;
    this.#place = JSON.stringify(place);
    this.#life.abort();
    this.#life = new AbortController();
    if (place) await this.#begin(place, model.trusted, this.#life.signal);
    else this.drawPicture();
  }

  override dispose(): void {
    this.#life.abort();
    this.#shown.abort();
    super.dispose();
  }

  /** By what it is shown now. */
  get source(): Source | undefined {
    return this.node.dataset.source as Source | undefined;
  }

  async #begin(place: Place, trusted: boolean, life: AbortSignal): Promise<void> {
    const host = await import("./run/host.ts");
    if (life.aborted) return;
    // A stranger's notebook names no widget of ours: what it shows is shown by its files alone.
    const live = trusted ? await host.soonLive(place.model_id, PATIENCE_MS, life) : null;
    if (life.aborted) return;
    if (trusted) {
      host.whenLive(place.model_id, life, (model) => {
        if (this.source !== "kernel") void this.#showKernel(place, host, model, life);
      });
    }
    if (live) await this.#showKernel(place, host, live, life);
    else await this.showFiles(place, host, life);
  }

  /** Show the kernel's model until the kernel is lost. */
  async #showKernel(place: Place, host: Host, model: LiveModel, life: AbortSignal): Promise<void> {
    const view = await host.viewOf(model);
    if (life.aborted) return view.dispose();
    const shown = this.put("kernel", view, life);
    let lost = false;
    const lose = () => {
      if (lost || shown.aborted || model.comm_live) return;
      lost = true;
      void this.showFiles(place, host, life);
    };
    const closed = () => {
      if (shown.aborted) return;
      this.#shown.abort();
      this.hide(); // somebody has closed it
    };
    model.on("comm_live_update", lose);
    model.on("destroy", closed);
    shown.addEventListener("abort", () => {
      model.off("comm_live_update", lose);
      model.off("destroy", closed);
    });
    await this.watch(place, host, model, shown);
  }

  /** Put `view` in the place of what was shown; returns what ends when it is replaced in turn. */
  protected put(source: "kernel" | "files", view: Widget, life: AbortSignal): AbortSignal {
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

  /** Show it as the notebook has it saved. */
  protected drawPicture(): void {
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

/** A text as notebooks have it: whole, or as a list of lines. */
function textOf(data: unknown): string {
  if (Array.isArray(data)) return data.join("");
  return typeof data === "string" ? data : "";
}

function escaped(text: string): string {
  const el = document.createElement("pre");
  el.textContent = text;
  return el.outerHTML;
}
