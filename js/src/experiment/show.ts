/** Puts an experiment's list on a page, whoever tells of it. */

import { h } from "../dom.ts";
import type { Model } from "../model.ts";
import { baseUrl, meetServer } from "../server.ts";
import type { Experiment } from "./experiment.ts";
import type { LiveExperiment } from "./live.ts";
import type { ExperimentModel } from "./model.ts";

/** Load what shows it, so that it is there when the first view is made. */
export function preload(): Promise<unknown> {
  return import("../views/experiment/panel.ts").catch(() => null); // the view will say why
}

/** Fill `el` with the list; it and its table are loaded now: who watches one run never needs them. */
export async function showExperiment(
  el: HTMLElement,
  model: Model<ExperimentModel>,
  live: LiveExperiment,
  life: AbortSignal,
): Promise<void> {
  el.classList.add("rw");
  try {
    const [{ experimentPanel }] = await Promise.all([
      import("../views/experiment/panel.ts"),
      model.get("facts").portal_path && meetServer(),
    ]);
    if (life.aborted) return;
    const { table, curves, packages, code, view } = live;
    const experiment: Experiment = {
      table,
      curves,
      packages,
      code,
      view,
      askPackages: (runs) => live.askPackages(runs),
      on: (life, draw) => live.on(life, draw),
      serverOf: (run) => live.serverOf(run),
      root: baseUrl(),
    };
    el.append(experimentPanel(model, experiment, life));
  } catch (error) {
    el.append(h("p", { class: "rw-problem" }, `The list of runs cannot be shown: ${error}`));
  }
}
