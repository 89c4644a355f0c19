/** The list of runs in the side panel: only what is in sight is on the page. */

import { h, list, set, whenSized, write } from "../dom.ts";
import { svg } from "../experiment/svg.ts";
import { count } from "../format.ts";
import type { LiveRuns } from "./live.ts";
import {
  type Choice,
  type Group,
  groupKey,
  type Item,
  listed,
  type More,
  type Row,
} from "./order.ts";
import { isOver, isStopping, type LiveRun, nameOf, progressOf, readingOf, stateOf } from "./run.ts";
import { sparkline } from "./spark.ts";

/** As style/lab.css has them, in pixels. */
const HEIGHTS = { group: 30, run: 44, more: 28 };

/** Rows that are drawn above and below those in sight. */
const SPARE_PX = 300;

/** Paths in a box of 16 by 16. */
const SIGNS = {
  insert: "M8 3.5v9M3.5 8h9",
  stop: "M4.5 4.5h7v7h-7z",
  open: "M6 3.5h6.5V10M12.5 3.5l-9 9",
};

/** What a person does with an entry. */
export type Acts = {
  openRun(run: LiveRun): void;
  openExperiment(group: Pick<Group, "workspace" | "experiment">): void;
  insert(run: LiveRun): void;
  stop(run: LiveRun): void;
};

type Entry = HTMLElement & { draw?(item: Item, now: number): void };

export class RunList {
  readonly el: HTMLElement;
  readonly #live: LiveRuns;
  readonly #acts: Acts;
  readonly #place = h("div", { class: "rw-lab-place" });
  readonly #choice = { query: "", folded: new Set<string>(), whole: new Set<string>() };
  #items: Item[] = [];
  /** Where each item begins, and where the last one ends. */
  #tops: number[] = [0];
  #active = "";

  constructor(live: LiveRuns, acts: Acts, life: AbortSignal) {
    this.#live = live;
    this.#acts = acts;
    this.el = h(
      "div",
      {
        class: "rw-lab-list",
        role: "tree",
        "aria-label": "Runs",
        onscroll: () => this.#draw(),
        onkeydown: (event: KeyboardEvent) => this.#key(event),
      },
      this.#place,
    );
    whenSized(this.el, life, () => this.#draw());
  }

  get choice(): Choice {
    return this.#choice;
  }

  /** How many runs are listed. */
  get size(): number {
    return this.#items.filter(({ kind }) => kind === "run").length;
  }

  /** Show the runs that have all words of `query`. */
  find(query: string): void {
    this.#choice.query = query;
    this.el.scrollTop = 0;
    this.update();
  }

  /** Draw what has changed. */
  update(): void {
    this.#items = listed(this.#live.runs, this.#choice);
    this.#tops = [0];
    for (const { kind } of this.#items) {
      this.#tops.push((this.#tops.at(-1) ?? 0) + HEIGHTS[kind]);
    }
    this.#place.style.height = `${this.#tops.at(-1)}px`;
    if (!this.#items.some(({ key }) => key === this.#active)) {
      this.#active = this.#items[0]?.key ?? "";
    }
    this.#draw();
  }

  #draw(): void {
    const from = this.el.scrollTop - SPARE_PX;
    const to = this.el.scrollTop + this.el.clientHeight + SPARE_PX;
    const first = this.#items.findIndex((_, place) => (this.#tops[place + 1] ?? 0) > from);
    const after = this.#items.findIndex((_, place) => (this.#tops[place] ?? 0) > to);
    const start = Math.max(0, first);
    const shown = this.#items.slice(start, after < 0 ? undefined : after);
    const now = this.#live.now();
    list(
      this.#place,
      shown,
      ({ kind, key }) => `${kind} ${key}`,
      (item) => this.#make(item),
      (el: Entry, item, place) => {
        el.style.transform = `translateY(${this.#tops[start + place]}px)`;
        set(el, "tabindex", item.key === this.#active ? 0 : -1);
        el.draw?.(item, now);
      },
    );
    void this.#live.askSparks();
  }

  #make(item: Item): Entry {
    if (item.kind === "group") return this.#group(item);
    return item.kind === "run" ? this.#run(item) : this.#more(item);
  }

  #group({ key, experiment, workspace }: Group): Entry {
    const folder = h("span", { class: "rw-lab-fold", "aria-hidden": "true" });
    const name = h("span", { class: "rw-lab-name" }, experiment);
    const going = h("span", { class: "rw-lab-going" });
    const total = h("span", { class: "rw-lab-total" });
    const open = h(
      "button",
      {
        type: "button",
        class: "rw-lab-act rw-lab-open",
        tabindex: -1,
        title: "Compare its runs",
        "aria-label": `Compare the runs of ${experiment}`,
        onclick: (event: MouseEvent) => {
          event.stopPropagation();
          this.#acts.openExperiment({ workspace, experiment });
        },
      },
      sign(SIGNS.open),
    );
    const el = h(
      "div",
      {
        class: "rw-lab-group",
        role: "treeitem",
        "aria-level": 1,
        "data-key": key,
        onclick: (event: MouseEvent) => {
          this.#active = key;
          if (event.target === name) this.#acts.openExperiment({ workspace, experiment });
          else this.#fold(key);
        },
      },
      folder,
      name,
      going,
      total,
      open,
    ) as Entry;
    el.draw = (item) => {
      const group = item as Group;
      set(el, "aria-expanded", String(group.isOpen));
      set(el, "title", `${experiment}\n${this.#live.workspaces[workspace] ?? ""}`);
      going.hidden = group.going === 0;
      write(going, count(group.going));
      set(going, "title", `${count(group.going)} unfinished`);
      write(total, count(group.total));
    };
    return el;
  }

  #run({ key, run }: Row): Entry {
    const name = h("span", { class: "rw-lab-name" });
    const number = h("small");
    const state = h("span", { class: "rw-lab-state" });
    const bar = h("span", { class: "rw-lab-bar", "aria-hidden": "true" });
    const spark = sparkline();
    const nan = h("span", { class: "rw-lab-nan" }, "NaN");
    const value = h("span", { class: "rw-lab-value" });
    const metric = h("span", { class: "rw-lab-metric" });
    const act = (label: string, shape: string, what: (run: LiveRun) => void) =>
      h(
        "button",
        {
          type: "button",
          class: "rw-lab-act",
          tabindex: -1,
          title: label,
          "aria-label": `${label}: run ${run.number}`,
          onclick: (event: MouseEvent) => {
            event.stopPropagation();
            what(this.#live.runs.get(key) ?? run);
          },
        },
        sign(shape),
      );
    const stop = act("Stop", SIGNS.stop, (run) => this.#acts.stop(run));
    const el = h(
      "div",
      {
        class: "rw-lab-run",
        role: "treeitem",
        "aria-level": 2,
        "data-key": key,
        onclick: () => {
          this.#active = key;
          this.#acts.openRun(this.#live.runs.get(key) ?? run);
          this.#draw();
        },
      },
      h("span", { class: "rw-lab-dot", "aria-hidden": "true" }),
      h("span", { class: "rw-lab-title" }, name, number),
      state,
      h("span", { class: "rw-lab-figure" }, spark.el),
      h("span", { class: "rw-lab-reading" }, nan, metric, value),
      h(
        "span",
        { class: "rw-lab-acts" },
        act("Insert a cell that shows it", SIGNS.insert, (run) => this.#acts.insert(run)),
        stop,
      ),
      bar,
    ) as Entry;
    el.draw = (item, now) => {
      const row = item as Row;
      const { run } = row;
      const told = this.#live.sparkOf(run);
      set(el, "data-status", run.status.toLowerCase());
      set(el, "data-child", row.isChild);
      set(el, "title", about(row, now));
      write(name, nameOf(run));
      number.hidden = nameOf(run) === `Run ${run.number}`;
      write(number, `#${run.number}`);
      write(state, stateOf(run, now) + below(row));
      const progress = progressOf(run);
      bar.hidden = progress === null;
      bar.style.setProperty("--rw-done", String(progress ?? 0));
      spark.el.toggleAttribute("hidden", !told.spark);
      spark.draw(told.spark ?? []);
      nan.hidden = !run.nan;
      write(metric, told.metric ?? "");
      write(value, readingOf(told));
      stop.hidden = isOver(run) || isStopping(run);
    };
    return el;
  }

  #more({ key }: More): Entry {
    const button = h("div", {
      class: "rw-lab-more",
      role: "treeitem",
      "aria-level": 2,
      "data-key": key,
      onclick: () => this.#unfold(key),
    }) as Entry;
    button.draw = (item) => write(button, `${count((item as More).left)} more`);
    return button;
  }

  #fold(key: string): void {
    const { folded } = this.#choice;
    if (!folded.delete(key)) folded.add(key);
    this.update();
  }

  /** As in any tree: arrows go and fold, Enter opens. */
  #key(event: KeyboardEvent): void {
    const place = this.#items.findIndex(({ key }) => key === this.#active);
    const item = this.#items[place];
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.#items.length - 1;
    const moves: Record<string, number> = {
      ArrowDown: Math.min(place + 1, last),
      ArrowUp: Math.max(place - 1, 0),
      Home: 0,
      End: last,
    };
    const move = moves[event.key];
    if (move !== undefined) this.#go(move);
    else if (event.key === "Enter") this.#open(item);
    else if (item.kind === "group" && isFoldKey(event.key, item.isOpen)) this.#fold(item.key);
    else if (item.kind === "run" && event.key === "ArrowLeft") {
      const group = groupKey(item.run);
      this.#go(this.#items.findIndex(({ key }) => key === group));
    } else return;
    event.preventDefault();
  }

  #open(item: Item): void {
    if (item.kind === "run") this.#acts.openRun(item.run);
    else if (item.kind === "group") this.#acts.openExperiment(item);
    else this.#unfold(item.key);
  }

  /** List all of an experiment, and go where the list had ended. */
  #unfold(key: string): void {
    const place = this.#items.findIndex((item) => item.key === key);
    this.#choice.whole.add(key.replace(/^more /, ""));
    this.update();
    this.#go(place);
  }

  #go(place: number): void {
    const [top = 0, bottom = 0] = [this.#tops[place], this.#tops[place + 1]];
    const { scrollTop, clientHeight } = this.el;
    if (top < scrollTop) this.el.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.el.scrollTop = bottom - clientHeight;
    this.#active = this.#items[place]?.key ?? "";
    this.#draw();
    this.#place.querySelector<HTMLElement>("[tabindex='0']")?.focus();
  }
}

function sign(path: string): SVGElement {
  const size = { viewBox: "0 0 16 16", width: 16, height: 16 };
  return svg(
    "svg",
    { class: "rw-lab-sign", "aria-hidden": "true", ...size },
    svg("path", { d: path }),
  );
}

function isFoldKey(key: string, isOpen: boolean): boolean {
  return key === " " || key === (isOpen ? "ArrowLeft" : "ArrowRight");
}

/** ` · 12 children, 3 unfinished`. */
function below({ children, going }: Row): string {
  if (children === 0) return "";
  return ` · ${count(children)} ${children === 1 ? "child" : "children"}${going ? `, ${count(going)} unfinished` : ""}`;
}

function about({ run }: Row, now: number): string {
  const lines = [
    `${nameOf(run)} (run ${run.number} of ${run.experiment})`,
    stateOf(run, now),
    run.nan ? `${run.nan[0]} became NaN${run.nan[1] === null ? "" : ` at step ${run.nan[1]}`}` : "",
    run.id,
  ];
  return lines.filter(Boolean).join("\n");
}
