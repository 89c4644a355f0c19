// Only types from @jupyterlab/*: a value import of a package that a host such as Voilà
// does not share would keep the whole extension from loading.
import { IJupyterWidgetRegistry } from "@jupyter-widgets/base";
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";

import { MODULE_NAME, MODULE_VERSION } from "./version.ts";

/** Tells JupyterLab where our widgets are; they load when the first one is shown. */
const plugin: JupyterFrontEndPlugin<void> = {
  id: `${MODULE_NAME}:plugin`,
  description: "Shows training runs live.",
  autoStart: true,
  requires: [IJupyterWidgetRegistry],
  activate: (_app: JupyterFrontEnd, registry: IJupyterWidgetRegistry) => {
    registry.registerWidget({
      name: MODULE_NAME,
      version: MODULE_VERSION,
      exports: () => import("./widget.ts"),
    });
  },
};

/** What only JupyterLab has. Notebook 7 and Voilà have other shells, and never load it. */
const lab: JupyterFrontEndPlugin<void> = {
  id: `${MODULE_NAME}:lab`,
  description: "Shows all runs at JupyterLab's side, and tells when one has ended.",
  autoStart: true,
  activate: async (app: JupyterFrontEnd) => {
    if (!app.hasPlugin("@jupyterlab/application-extension:shell")) return;
    const { activate } = await import("./lab.ts");
    await activate(app);
  },
};

export default [plugin, lab];
