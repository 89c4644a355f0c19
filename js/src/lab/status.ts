/** How many runs go on, in the status bar; nothing there while none does. */

import type { ISignal } from "@lumino/signaling";
import { Signal } from "@lumino/signaling";
import { Widget } from "@lumino/widgets";

import { h, write } from "../dom.ts";
import { count } from "../format.ts";
import type { LiveRuns } from "./live.ts";

export class RunningItem extends Widget {
  readonly #changed = new Signal<this, void>(this);
  readonly #life = new AbortController();
  #going = 0;

  constructor(live: LiveRuns, show: () => void) {
    super();
    this.addClass("rw-lab-status");
    const text = h("span");
    const button = h(
      "button",
      { type: "button", class: "jp-mod-highlighted", title: "Show the runs", onclick: show },
      h("span", { class: "rw-lab-dot", "aria-hidden": "true" }),
      text,
    );
    this.node.append(button);
    live.on(this.#life.signal, () => {
      if (live.going === this.#going) return;
      this.#going = live.going;
      write(text, `${count(this.#going)} running`);
      button.setAttribute(
        "aria-label",
        `${this.#going === 1 ? "1 run is" : `${this.#going} runs are`} running: show them`,
      );
      this.#changed.emit();
    });
  }

  get isActive(): boolean {
    return this.#going > 0;
  }

  get activeStateChanged(): ISignal<this, void> {
    return this.#changed;
  }

  override dispose(): void {
    this.#life.abort();
    super.dispose();
  }
}
