/** An experiment in a notebook's output. */

import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Widget } from "@lumino/widgets";

import { type Host, LastingOutput, RETRY_MS } from "../output.ts";

export const EXPERIMENT_MIME = "application/vnd.run-widgets.experiment+json";

/** What the kernel says of an experiment in the output. */
type Place = { experiment: string; workspace: string; model_id: string };

export class ExperimentOutput extends LastingOutput<Place> {
  constructor(options: IRenderMime.IRendererOptions) {
    super(EXPERIMENT_MIME, options);
  }

  protected override placeOf(data: Record<string, unknown>): Place | null {
    const { experiment, workspace, model_id } = data;
    if (typeof experiment !== "string" || typeof workspace !== "string") return null;
    return { experiment, workspace, model_id: typeof model_id === "string" ? model_id : "" };
  }

  protected override async showFiles(place: Place, host: Host, life: AbortSignal): Promise<void> {
    const [{ ServedExperiment }, { showExperiment }, { baseUrl, ServerError }] = await Promise.all([
      import("./served.ts"),
      import("./show.ts"),
      import("../server.ts"),
    ]);
    const places = [place.workspace || null, null]; // where the kernel said, else where there is
    while (!life.aborted) {
      try {
        const root = baseUrl();
        if (root === null) throw new ServerError("There is no server behind this page", 404);
        const served = await ServedExperiment.open(root, place.experiment, places[0] ?? null);
        if (life.aborted || this.source === "kernel") return;
        const widget = new Widget();
        const shown = this.put("files", widget, life);
        await showExperiment(widget.node, served.model, served.live, shown);
        return await served.follow(shown);
      } catch (error) {
        if (life.aborted) return;
        const isMissing = error instanceof ServerError && error.status === 404;
        if (isMissing && places.length > 1) {
          places.shift();
          continue;
        }
        if (this.source !== "kernel") this.drawPicture();
        if (isMissing) return;
        await host.sleep(RETRY_MS, life);
      }
    }
  }
}
