/** The panels of this page that a kernel feeds, by the ids that saved outputs name them with. */

import type { WidgetModel } from "@jupyter-widgets/base";

const models = new Map<string, WidgetModel>();
const heard = new Set<(model: WidgetModel) => void>();

/** Note a panel that a kernel has just made, or told of after a reload. */
export function appear(model: WidgetModel): void {
  if (!model.comm) return; // made without a kernel
  models.set(model.model_id, model);
  model.once("destroy", () => {
    if (models.get(model.model_id) === model) models.delete(model.model_id);
  });
  for (const hear of [...heard]) hear(model);
}

/** The panel of that id, if its kernel still can be heard. */
export function liveModel(id: string): WidgetModel | null {
  const model = models.get(id);
  return model?.comm_live ? model : null;
}

/** Call `hear` with each panel of that id which appears until `life` ends. */
export function whenLive(id: string, life: AbortSignal, hear: (model: WidgetModel) => void): void {
  const mine = (model: WidgetModel) => void (model.model_id === id && hear(model));
  heard.add(mine);
  life.addEventListener("abort", () => heard.delete(mine), { once: true });
}
