/**
 * A run in a notebook's output: by its kernel's panel, else by its files, else as it was saved.
 *
 * Which of them can be had changes while the output is looked at: a page is reloaded while its
 * kernel is busy, a kernel is restarted or dies. None of that takes the run off the page.
 */

import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Panel, type Widget } from "@lumino/widgets";

import { DIFF_MIME, DiffOutput } from "./diff_output.ts";
import { EXPERIMENT_MIME, ExperimentOutput } from "./experiment/output.ts";
import type { Facts } from "./model.ts";
import type { FollowedRun } from "./run/follow.ts";
import { type RunServer, ServerError, serverOf } from "./server.ts";

const MIME = "application/vnd.run-widgets.run+json";

/** Before the widget manager's own renderer, which is at -10. */
const RANK = -20;

/** How long a kernel has to tell of its panel after a reload, before the files are asked. */
const PATIENCE_MS = 400;

/** How often the files are compared with what a kernel tells. */
const CHECK_MS = 5000;

/** How long a panel may be silent, while its run goes on, before its kernel counts as lost. */
const SILENCE_MS = 20_000;

/** Between two attempts to reach the server where only the saved picture can be shown. */
const RETRY_MS = 10_000;

/** What the kernel says of a run in the output. */
type Output = { run_id: string; portal_path: string; model_id: string };

type Source = "kernel" | "files" | "picture";
type Host = typeof import("./run/host.ts");
type Model = NonNullable<ReturnType<Host["liveModel"]>>;

/** Shows one run for as long as its output is on the page. */
class RunOutput extends Panel implements IRenderMime.IRenderer {
  readonly #sanitizer: IRenderMime.ISanitizer;
  #output: Output | null = null;
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
    const output = outputOf(model.data[MIME]);
    this.#picture = textOf(model.data["text/html"]) || escaped(textOf(model.data["text/plain"]));
    if (this.node.dataset.source === "picture") this.#drawPicture();
    // The same run as before: the output was only saved anew.
    if (output && JSON.stringify(output) === JSON.stringify(this.#output)) return;
    this.#life.abort();
    this.#life = new AbortController();
    this.#output = output;
    if (!output) {
      this.#drawPicture();
      return;
    }
    await this.#begin(output, model.trusted, this.#life.signal);
  }

  override dispose(): void {
    this.#life.abort();
    this.#shown.abort();
    super.dispose();
  }

  async #begin(output: Output, trusted: boolean, life: AbortSignal): Promise<void> {
    const host = await import("./run/host.ts");
    if (life.aborted) return;
    // A stranger's notebook names no widget of ours: its runs are shown by their files alone.
    const live = trusted ? await host.soonLive(output.model_id, PATIENCE_MS, life) : null;
    if (life.aborted) return;
    if (trusted) {
      host.whenLive(output.model_id, life, (model) => {
        if (this.node.dataset.source !== "kernel") void this.#showKernel(host, model, life);
      });
    }
    if (live) await this.#showKernel(host, live, life);
    else await this.#showFiles(host, life);
  }

  /** Show the kernel's panel until the kernel is lost. */
  async #showKernel(host: Host, model: Model, life: AbortSignal): Promise<void> {
    const view = await host.viewOf(model);
    if (life.aborted) return view.dispose();
    const shown = this.#show("kernel", view, life);
    let lost = false;
    const lose = () => {
      if (lost || shown.aborted || model.comm_live) return;
      lost = true;
      void this.#showFiles(host, life);
    };
    const closed = () => {
      if (shown.aborted) return;
      this.#shown.abort();
      this.hide(); // somebody has closed the panel
    };
    model.on("comm_live_update", lose);
    model.on("destroy", closed);
    shown.addEventListener("abort", () => {
      model.off("comm_live_update", lose);
      model.off("destroy", closed);
    });
    await this.#watch(host, model, shown);
  }

  /** Compare what the kernel tells with the files: a dead kernel says nothing of its death. */
  async #watch(host: Host, model: Model, shown: AbortSignal): Promise<void> {
    const server = this.#server();
    let heardAt = Date.now();
    const hear = () => {
      heardAt = Date.now();
    };
    model.on("change msg:custom", hear);
    shown.addEventListener("abort", () => model.off("change msg:custom", hear));
    const files = server && new Files(server);
    while (files && !files.unknown && !shown.aborted && model.get("following")) {
      await host.sleep(CHECK_MS, shown);
      if (shown.aborted || document.hidden) continue;
      const written = await files.facts();
      if (!written) continue;
      const told: Facts = model.get("facts");
      const over = host.isFinal(written) && !host.isFinal(told);
      const ahead = over || written.points > told.points;
      const silence = Date.now() - heardAt;
      if (!shown.aborted && ahead && silence > (over ? CHECK_MS : SILENCE_MS)) {
        model.comm_live = false; // so that nothing is sent to a kernel that is gone
        return;
      }
    }
  }

  /** Show the run by its files, as long as no kernel tells of it. */
  async #showFiles(host: Host, life: AbortSignal): Promise<void> {
    const manager = new host.LocalManager(host.labClassOf);
    life.addEventListener("abort", () => void manager.close());
    while (!life.aborted) {
      try {
        const run = await this.#open(host, manager);
        const view = await host.viewOf(run.run.model);
        if (life.aborted) return view.dispose();
        const shown = this.#show("files", view, life);
        shown.addEventListener("abort", () => void manager.close());
        return await run.follow(shown);
      } catch (error) {
        if (life.aborted) return;
        if (this.node.dataset.source !== "kernel") this.#drawPicture();
        if (error instanceof ServerError && error.status === 404) return;
        await host.sleep(RETRY_MS, life);
      }
    }
  }

  /** The run as the server has it: where the kernel said, or where the server looks by itself. */
  async #open(host: Host, manager: InstanceType<Host["LocalManager"]>): Promise<FollowedRun> {
    const server = this.#server();
    if (!server) throw new ServerError("There is no server behind this page", 404);
    try {
      return await host.openRun(manager, server);
    } catch (error) {
      const elsewhere = this.#server({ workspace: false });
      const moved = error instanceof ServerError && error.status === 404;
      if (!moved || !elsewhere) throw error;
      return host.openRun(manager, elsewhere);
    }
  }

  #server({ workspace = true } = {}): RunServer | null {
    if (!this.#output) return null;
    const { run_id, portal_path } = this.#output;
    const path = workspace ? portal_path : (portal_path.split("?")[0] ?? "");
    return serverOf({ run_id, portal_path: path } as Facts);
  }

  /** Put `view` in the place of what was shown; returns what ends when it is replaced in turn. */
  #show(source: Source, view: Widget, life: AbortSignal): AbortSignal {
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

/** What a run's files say of it, asked for again and again. */
class Files {
  #facts: Facts | null = null;
  #tag: string | null = null;
  /** Whether it is no use to ask: this server has no pages of runs, or not of this one. */
  unknown = false;

  constructor(readonly server: RunServer) {}

  /** As it is now, or was the last time that the server answered. */
  async facts(): Promise<Facts | null> {
    try {
      const news = await this.server.state<{ facts: Facts }>(this.#tag);
      if (news) [this.#facts, this.#tag] = [news.state.facts, news.tag];
    } catch (error) {
      this.unknown = error instanceof ServerError && [403, 404].includes(error.status);
    }
    return this.#facts;
  }
}

function outputOf(data: unknown): Output | null {
  const { run_id, portal_path, model_id } = Object(data) as Record<string, unknown>;
  if (typeof run_id !== "string" || typeof portal_path !== "string") return null;
  return { run_id, portal_path, model_id: typeof model_id === "string" ? model_id : "" };
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

const run: IRenderMime.IExtension = {
  id: "run-widgets:run",
  description: "Shows a run in its output whether or not its kernel is there.",
  rank: RANK,
  dataType: "json",
  rendererFactory: {
    safe: true,
    mimeTypes: [MIME],
    defaultRank: RANK,
    createRenderer: (options) => new RunOutput(options),
  },
};

const experiment: IRenderMime.IExtension = {
  id: "run-widgets:experiment",
  description: "Shows an experiment's runs in their output whether or not their kernel is there.",
  rank: RANK,
  dataType: "json",
  rendererFactory: {
    safe: true,
    mimeTypes: [EXPERIMENT_MIME],
    defaultRank: RANK,
    createRenderer: (options) => new ExperimentOutput(options),
  },
};

const diff: IRenderMime.IExtension = {
  id: "run-widgets:diff",
  description: "Shows what differs between two runs.",
  rank: RANK,
  dataType: "json",
  rendererFactory: {
    safe: true,
    mimeTypes: [DIFF_MIME],
    defaultRank: RANK,
    createRenderer: () => new DiffOutput(),
  },
};

export default [run, experiment, diff];
