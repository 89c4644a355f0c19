/** The model and view of an experiment's list, as the widget protocol wants them. */

import { DOMWidgetModel, DOMWidgetView } from "@jupyter-widgets/base";

import { h } from "../dom.ts";
import type { Model } from "../model.ts";
import { askForState, identity } from "../protocol.ts";
import { baseUrl } from "../server.ts";
import { LiveExperiment } from "./live.ts";
import type { ExperimentModel as Fields } from "./model.ts";

export class ExperimentDetailsModel extends DOMWidgetModel {
  declare live: LiveExperiment;

  override defaults() {
    const nothing: Fields = {
      facts: { experiment: "", id: "", workspace: "", portal_path: "", runs_path: "", query: "" },
      table: {},
      loading: true,
      problem: "",
    };
    const names = identity("ExperimentDetailsModel", "ExperimentDetailsView");
    return { ...super.defaults(), ...names, ...nothing };
  }

  override initialize(...args: Parameters<DOMWidgetModel["initialize"]>) {
    super.initialize(...args);
    this.live = new LiveExperiment(
      this as unknown as Model<Fields>,
      (question) => this.comm_live && this.send(question, {}),
      () => askForState(this),
    );
  }
}

export class ExperimentDetailsView extends DOMWidgetView {
  declare private life: AbortController;

  override render(): void {
    super.render();
    this.life = new AbortController();
    this.el.classList.add("rw");
    void this.fill(this.life.signal);
  }

  /** The list and its table are a chunk of their own: who watches one run does not load them. */
  private async fill(life: AbortSignal): Promise<void> {
    const { live } = this.model as ExperimentDetailsModel;
    try {
      const { experimentPanel } = await import("../views/experiment/panel.ts");
      if (life.aborted) return;
      const { table, curves, packages } = live;
      const experiment = {
        table,
        curves,
        packages,
        view: live.view,
        askPackages: (runs: string[]) => live.askPackages(runs),
        on: (life: AbortSignal, draw: () => void) => live.on(life, draw),
        root: baseUrl(),
      };
      const model = this.model as unknown as Model<Fields>;
      this.el.append(experimentPanel(model, experiment, life));
    } catch (error) {
      this.el.append(h("p", { class: "rw-problem" }, `The list of runs cannot be shown: ${error}`));
    }
  }

  override remove(): void {
    this.life?.abort();
    super.remove();
  }
}
