/** What every model of ours tells the widget protocol about itself. */

import type { WidgetModel } from "@jupyter-widgets/base";

import { tellHeard } from "./server.ts";
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

/** Tell a kernel that asks so that it is heard: else it sends little, as nobody may be there. */
export function answerQuestions(model: WidgetModel): void {
  let answered = "";
  model.on("msg:custom", ({ type, question }: { type: string; question: string }) => {
    if (type !== "ask" || question === answered) return;
    answered = question;
    // A busy kernel reads no messages, and not every page has such a server.
    model.send({ type: "heard" }, {});
    tellHeard(question).catch(() => {});
  });
}
