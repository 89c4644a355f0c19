/** The renderers of our outputs: a run, an experiment, a difference. */

import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";

import { DIFF_MIME, DiffOutput } from "./diff_output.ts";
import { EXPERIMENT_MIME, ExperimentOutput } from "./experiment/output.ts";

import type { Facts } from "./model.ts";
import { type Host, LastingOutput, type LiveModel, RETRY_MS } from "./output.ts";
import type { FollowedRun } from "./run/follow.ts";
import { type RunServer, ServerError, serverOf } from "./server.ts";

const MIME = "application/vnd.run-widgets.run+json";

/** Before the widget manager's own renderer, which is at -10. */
const RANK = -20;

/** How often the files are compared with what a kernel tells. */
const CHECK_MS = 5000;

/** How long a panel may be silent, while its run goes on, before its kernel counts as lost. */
const SILENCE_MS = 20_000;

/** What the kernel says of a run in the output. */
type Place = { run_id: string; portal_path: string; model_id: string };

/** A run in a notebook's output. */
class RunOutput extends LastingOutput<Place> {
  constructor(options: IRenderMime.IRendererOptions) {
    super(MIME, options);
  }

  protected override placeOf(data: Record<string, unknown>): Place | null {
    const { run_id, portal_path, model_id } = data;
    if (typeof run_id !== "string" || typeof portal_path !== "string") return null;
    return { run_id, portal_path, model_id: typeof model_id === "string" ? model_id : "" };
  }

  /** Compare what the kernel tells with the files: a dead kernel says nothing of its death. */
  protected override async watch(
    place: Place,
    host: Host,
    model: LiveModel,
    shown: AbortSignal,
  ): Promise<void> {
    const server = serverOfRun(place);
    // By the checks that were made: while the computer sleeps, nobody is silent.
    let silence = 0;
    const hear = () => {
      silence = 0;
    };
    model.on("change msg:custom", hear);
    shown.addEventListener("abort", () => model.off("change msg:custom", hear));
    const files = server && new Files(server);
    while (files && !files.unknown && !shown.aborted && model.get("following")) {
      await host.sleep(CHECK_MS, shown);
      if (shown.aborted || document.hidden) continue;
      silence += CHECK_MS;
      const written = await files.facts();
      if (!written) continue;
      const told: Facts = model.get("facts");
      const over = host.isFinal(written) && !host.isFinal(told);
      const ahead = over || written.points > told.points;
      if (!shown.aborted && ahead && silence > (over ? CHECK_MS : SILENCE_MS)) {
        model.comm_live = false; // so that nothing is sent to a kernel that is gone
        return;
      }
    }
  }

  protected override async showFiles(place: Place, host: Host, life: AbortSignal): Promise<void> {
    const manager = new host.LocalManager(host.labClassOf);
    life.addEventListener("abort", () => void manager.close());
    while (!life.aborted) {
      try {
        const run = await open(place, host, manager);
        const view = await host.viewOf(run.run.model);
        if (life.aborted) return view.dispose();
        const shown = this.put("files", view, life);
        shown.addEventListener("abort", () => void manager.close());
        return await run.follow(shown);
      } catch (error) {
        if (life.aborted) return;
        if (this.source !== "kernel") this.drawPicture();
        if (error instanceof ServerError && error.status === 404) return;
        await host.sleep(RETRY_MS, life);
      }
    }
  }
}

/** The run as the server has it: where the kernel said, or where the server looks by itself. */
async function open(
  place: Place,
  host: Host,
  manager: InstanceType<Host["LocalManager"]>,
): Promise<FollowedRun> {
  const server = serverOfRun(place);
  if (!server) throw new ServerError("There is no server behind this page", 404);
  try {
    return await host.openRun(manager, server);
  } catch (error) {
    const elsewhere = serverOfRun({ ...place, portal_path: place.portal_path.split("?")[0] ?? "" });
    const moved = error instanceof ServerError && error.status === 404;
    if (!moved || !elsewhere) throw error;
    return host.openRun(manager, elsewhere);
  }
}

function serverOfRun({ run_id, portal_path }: Place): RunServer | null {
  return serverOf({ run_id, portal_path } as Facts);
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
