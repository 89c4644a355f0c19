/** What every model of ours tells the widget protocol about itself. */

import type { WidgetModel } from "@jupyter-widgets/base";

import { MODULE_NAME, MODULE_VERSION } from "./version.ts";

export function identity(model: string, view: string | null) {
  return {
    _model_name: model,
    _model_module: MODULE_NAME,
    _model_module_version: MODULE_VERSION,
    _view_name: view,
    _view_module: view && MODULE_NAME,
    _view_module_version: MODULE_VERSION,
  };
}

/** The kernel answers with the whole, once it is free. */
export function askForState(model: WidgetModel): void {
  model.comm?.send({ method: "request_state" }, {});
}
