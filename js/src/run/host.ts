/** What a run's output needs once there is one: loaded then, not with the page. */

import type { DOMWidgetModel, DOMWidgetView, WidgetModel } from "@jupyter-widgets/base";
import type { Widget } from "@lumino/widgets";

import { sleep } from "./follow.ts";
import { liveModel, whenLive } from "./live.ts";

export { isFinal } from "../model.ts";
export { labClassOf } from "./federated.ts";
export { openRun, sleep } from "./follow.ts";
export { liveModel, whenLive } from "./live.ts";
export { LocalManager } from "./local_manager.ts";

/** The panel of that id that a kernel feeds; null where none appears within `ms`. */
export async function soonLive(
  id: string,
  ms: number,
  life: AbortSignal,
): Promise<WidgetModel | null> {
  const waiting = new AbortController();
  life.addEventListener("abort", () => waiting.abort(), { once: true });
  if (!liveModel(id)) {
    whenLive(id, waiting.signal, () => waiting.abort());
    await sleep(ms, waiting.signal);
    waiting.abort();
  }
  return liveModel(id);
}

/** A view of a panel, to be put on the page and disposed of. */
export async function viewOf(model: WidgetModel): Promise<Widget> {
  const manager = model.widget_manager;
  const view = await manager.create_view<DOMWidgetView>(model as DOMWidgetModel);
  return view.luminoWidget;
}
