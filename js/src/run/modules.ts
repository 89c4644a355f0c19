/** Just enough of a module loader for the widget packages of other people: `define`, by tag. */

type Factory = (...parts: unknown[]) => unknown;

const known = new Map<string, unknown>();
const waiting = new Map<string, ((module: unknown) => void)[]>();

declare global {
  interface Window {
    define?: ((parts: string[], factory: Factory) => void) & { amd?: object };
  }
}

/** Give a module that others may ask for. */
export function provide(name: string, module: unknown): void {
  known.set(name, module);
  for (const tell of waiting.get(name) ?? []) tell(module);
  waiting.delete(name);
}

/** The module of that name, once its script has run. */
export function moduleOf(name: string): Promise<unknown> {
  if (known.has(name)) return Promise.resolve(known.get(name));
  return new Promise((resolve) => {
    waiting.set(name, [...(waiting.get(name) ?? []), resolve]);
  });
}

/** Let the scripts that follow define modules, each named by its tag's `data-module`. */
export function acceptModules(): void {
  const define = (parts: string[], factory: Factory) => {
    const name = document.currentScript?.dataset.module;
    if (!name) throw new Error("a script that defines a module needs a data-module");
    const missing = parts.find((part) => !known.has(part));
    if (missing) throw new Error(`${name} needs ${missing}, which is not on this page`);
    provide(name, factory(...parts.map((part) => known.get(part))));
  };
  window.define = Object.assign(define, { amd: {} });
}
