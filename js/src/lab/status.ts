/** How many runs are at work or queued, in the status bar; nothing there while none is. */

import type { ISignal } from "@lumino/signaling";
import { Signal } from "@lumino/signaling";
import { Widget } from "@lumino/widgets";

import { h, set, write } from "../dom.ts";
import type { LiveRuns } from "./live.ts";
import { goingText } from "./run.ts";

export class RunningItem extends Widget {
  readonly #changed = new Signal<this, void>(this);
  readonly #life = new AbortController();
  #told = "";

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
      const told = goingText(live.going, live.queued);
      if (told === this.#told) return;
      this.#told = told;
      write(text, told);
      set(button, "data-status", live.going > live.queued ? "running" : "queued");
      set(button, "aria-label", `Runs: ${told}. Show them`);
      this.#changed.emit();
    });
  }

  get isActive(): boolean {
    return this.#told !== "";
  }

  get activeStateChanged(): ISignal<this, void> {
    return this.#changed;
  }

  override dispose(): void {
    this.#life.abort();
    super.dispose();
  }
}
