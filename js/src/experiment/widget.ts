/** The model and view of an experiment's list, as the widget protocol wants them. */

import { DOMWidgetModel, DOMWidgetView } from "@jupyter-widgets/base";
import type { Model } from "../model.ts";
import { answerQuestions, askForState, identity } from "../protocol.ts";
import { appear } from "../run/live.ts";
import { LiveExperiment } from "./live.ts";
import type { ExperimentModel as Fields } from "./model.ts";
import { preload, showExperiment } from "./show.ts";

export class ExperimentDetailsModel extends DOMWidgetModel {
  declare live: LiveExperiment;

  override defaults() {
    const nothing: Fields = {
      facts: { experiment: "", id: "", workspace: "", portal_path: "", runs_path: "", query: "" },
      table: {},
      loading: true,
      include_children: false,
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
    answerQuestions(this);
    appear(this);
    void preload();
  }
}

export class ExperimentDetailsView extends DOMWidgetView {
  declare private life: AbortController;

  override render(): void {
    super.render();
    this.life = new AbortController();
    const { live } = this.model as ExperimentDetailsModel;
    const model = this.model as unknown as Model<Fields>;
    void showExperiment(this.el, model, live, this.life.signal);
  }

  override remove(): void {
    this.life?.abort();
    super.remove();
  }
}
