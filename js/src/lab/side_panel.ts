/** The side panel: every run of every experiment, and a field to find one. */

import { Widget } from "@lumino/widgets";

import { every, h, write } from "../dom.ts";
import { count } from "../format.ts";
import { FIRST_RUN } from "./code.ts";
import { type Acts, RunList } from "./list.ts";
import type { LiveRuns } from "./live.ts";
import { goingText } from "./run.ts";

export class RunsPanel extends Widget {
  readonly #live: LiveRuns;
  readonly #life = new AbortController();
  readonly #list: RunList;
  readonly #search: HTMLInputElement;
  readonly #told = h("span", { class: "rw-lab-told", role: "status" });
  readonly #problem = h("p", { class: "rw-problem", role: "alert", hidden: true });
  readonly #empty = h("div", { class: "rw-lab-empty", hidden: true });

  constructor(live: LiveRuns, acts: Acts & { begin(): void }) {
    super();
    this.#live = live;
    this.addClass("rw");
    this.addClass("rw-lab");
    this.#list = new RunList(live, acts, this.#life.signal);
    this.#search = h("input", {
      type: "search",
      class: "rw-lab-search",
      placeholder: "Filter runs",
      "aria-label": "Filter runs",
      title: "Words of the experiment, name, number, status or id",
      spellcheck: "false",
      oninput: () => this.#find(),
    });
    const title = h("h2", { class: "rw-lab-heading" }, "Runs");
    this.node.append(
      h("div", { class: "rw-lab-head" }, title, this.#told),
      h("div", { class: "rw-lab-field" }, this.#search),
      this.#problem,
      this.#list.el,
      this.#empty,
    );
    this.#empty.append(
      h("p", {}, "No runs yet. Whatever is logged on this machine's workspaces appears here:"),
      h("ul", {}),
      h("pre", {}, FIRST_RUN),
      h(
        "button",
        { type: "button", class: "rw-lab-begin", onclick: acts.begin },
        "Try it in a notebook",
      ),
    );
    live.on(this.#life.signal, () => this.#draw());
    // Durations go on while nothing else does.
    every(1, this.#life.signal, () => live.going > 0 && this.#draw());
  }

  override dispose(): void {
    this.#life.abort();
    super.dispose();
  }

  /** Find an experiment's runs, or whatever else a person could have typed. */
  find(text: string): void {
    this.#search.value = text;
    this.#find();
  }

  protected override onAfterAttach(): void {
    this.onAfterShow(); // a restored layout may have it open from the start
  }

  protected override onAfterShow(): void {
    this.#live.watched = this.isVisible;
    this.#draw();
  }

  protected override onBeforeHide(): void {
    this.#live.watched = false;
  }

  protected override onActivateRequest(): void {
    this.#search.focus();
  }

  #find(): void {
    this.#list.find(this.#search.value);
    this.#tell();
  }

  #draw(): void {
    if (!this.isVisible) return;
    this.#list.update();
    this.#tell();
  }

  #tell(): void {
    const { loading, problem, total, going, queued, workspaces } = this.#live;
    const query = this.#list.choice.query.trim();
    const found = `${count(this.#list.size)} found`;
    const all = total === 1 ? "1 run" : `${count(total)} runs`;
    const known = [goingText(going, queued), all].filter(Boolean).join(" · ");
    write(this.#told, query ? found : loading && total === 0 ? "Looking…" : total ? known : "");
    write(this.#problem, problem);
    this.#problem.hidden = !problem;
    this.#empty.hidden = loading || total > 0 || problem !== "";
    this.#list.el.hidden = !this.#empty.hidden;
    if (this.#empty.hidden) return;
    const folders = workspaces.map((folder) => h("li", {}, h("code", {}, folder)));
    this.#empty.querySelector("ul")?.replaceChildren(...folders);
  }
}
