import type { Model } from "../model.ts";

/** Fields and events as a widget's model has them, with no kernel behind. */
export class PlainModel<T extends object> implements Model<T> {
  readonly #fields: T;
  // biome-ignore lint/suspicious/noExplicitAny: an event brings what its sender likes
  readonly #heard = new Map<string, Set<(...args: any[]) => void>>();

  constructor(fields: T) {
    this.#fields = fields;
  }

  get<K extends keyof T & string>(name: K): T[K] {
    return this.#fields[name];
  }

  set_state(state: Partial<T>): void {
    for (const [name, value] of Object.entries(state) as [keyof T & string, T[keyof T]][]) {
      if (JSON.stringify(this.#fields[name]) === JSON.stringify(value)) continue;
      this.#fields[name] = value as T[keyof T & string];
      this.trigger(`change:${name}`);
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above
  on(events: string, callback: (...args: any[]) => void): void {
    for (const event of events.split(" ")) {
      const known = this.#heard.get(event) ?? new Set();
      this.#heard.set(event, known.add(callback));
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above
  off(events: string, callback: (...args: any[]) => void): void {
    for (const event of events.split(" ")) this.#heard.get(event)?.delete(callback);
  }

  trigger(event: string, ...args: unknown[]): void {
    for (const callback of [...(this.#heard.get(event) ?? [])]) callback(...args);
  }
}
