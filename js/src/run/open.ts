/** Shows another run of the same workspace by its files, within a panel. */

import {
  type DOMWidgetModel,
  type DOMWidgetView,
  JupyterLuminoWidget,
  type WidgetModel,
} from "@jupyter-widgets/base";

import type { Facts } from "../model.ts";
import { ServerError, serverOf } from "../server.ts";

/** Brings a class of a widget package, as every manager of widgets can. */
type Loads = { loadClass(name: string, module: string, version: string): Promise<unknown> };

/**
 * Show the run `runId` in `into`, and follow it until `life` ends.
 *
 * @param host the panel's own model, whose page brings the classes
 * @throws ServerError where the server has no such run
 */
export async function openRun(
  host: WidgetModel,
  runId: string,
  into: HTMLElement,
  life: AbortSignal,
): Promise<void> {
  const server = serverOf(host.get("facts") as Facts)?.other(runId);
  if (!server) throw new ServerError("No Jupyter server that has this run is behind this page");
  const [{ LocalManager }, follow] = await Promise.all([
    import("./local_manager.ts"),
    import("./follow.ts"),
  ]);
  const loads = host.widget_manager as unknown as Loads;
  const manager = new LocalManager((module, name) => loads.loadClass(name, module, "*"));
  life.addEventListener("abort", () => void manager.close(), { once: true });
  const followed = await follow.openRun(manager, server);
  const model = followed.run.model as DOMWidgetModel;
  const view = await manager.create_view<DOMWidgetView>(model);
  if (life.aborted || !into.isConnected) return;
  JupyterLuminoWidget.attach(view.luminoWidget, into);
  void followed.follow(life);
}
