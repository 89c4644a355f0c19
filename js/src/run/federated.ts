/** Classes of the widget packages that JupyterLab has installed beside ours, without a kernel. */

import * as base from "@jupyter-widgets/base";

type Exports = Record<string, unknown>;
type Container = { get(module: string): Promise<() => Exports> };
type Registration = { name: string; exports: Exports | (() => Promise<Exports>) };
type Plugin = { activate?(app: unknown, registry: unknown): void };

declare global {
  interface Window {
    _JUPYTERLAB?: Record<string, Container>;
  }
}

const loading = new Map<string, Promise<Exports>>();

/** Bring a class as the extension `module` registers it for kernels' widgets. */
export async function labClassOf(module: string, name: string): Promise<unknown> {
  if (!loading.has(module)) loading.set(module, exportsOf(module));
  const found = (await loading.get(module))?.[name];
  if (!found) throw new Error(`there is no ${name} in ${module}`);
  return found;
}

async function exportsOf(module: string): Promise<Exports> {
  if (module === "@jupyter-widgets/base") return base;
  if (module === "run-widgets") return import("../widget.ts");
  const container = window._JUPYTERLAB?.[module];
  if (!container) throw new Error(`the extension ${module} is not installed`);
  const { default: plugins } = (await container.get("./extension"))();
  let found: Registration["exports"] | null = null;
  const registry = {
    registerWidget(registration: Registration) {
      if (registration.name === module) found = registration.exports;
    },
  };
  // What such a plugin does when it is activated is to register its widgets.
  for (const plugin of [plugins].flat() as Plugin[]) plugin.activate?.(null, registry);
  const exports = found as Registration["exports"] | null;
  if (!exports) throw new Error(`the extension ${module} has no widgets`);
  return typeof exports === "function" ? (exports as () => Promise<Exports>)() : exports;
}
