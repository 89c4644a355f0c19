/** A model that no widget manager knows of: fields and their events, and nothing to open or close. */

import type { Model } from "./model.ts";

type Heard = (...args: unknown[]) => void;

export class PlainModel<T extends object> implements Model<T> {
  readonly #fields: T;
  readonly #heard = new Map<string, Set<Heard>>();

  /** @param widget_manager what makes bqplot's models, where this one asks for some */
  constructor(
    fields: T,
    readonly widget_manager: unknown = null,
  ) {
    this.#fields = { ...fields };
  }

  get<K extends keyof T & string>(name: K): T[K] {
    return this.#fields[name];
  }

  set_state(state: Partial<T>): void {
    Object.assign(this.#fields, state);
    for (const name of Object.keys(state)) this.trigger(`change:${name}`);
  }

  on(events: string, callback: (...args: never[]) => void): void {
    for (const event of events.split(" ")) {
      const heard = this.#heard.get(event) ?? new Set();
      this.#heard.set(event, heard.add(callback as Heard));
    }
  }

  off(events: string, callback: (...args: never[]) => void): void {
    for (const event of events.split(" ")) this.#heard.get(event)?.delete(callback as Heard);
  }

  trigger(event: string, ...args: unknown[]): void {
    for (const callback of [...(this.#heard.get(event) ?? [])]) callback(...args);
  }
}
