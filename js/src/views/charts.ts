import { type Chart, chartOf } from "../charts/chart.ts";
import { whenIdle } from "../charts/frames.ts";
import { type Grid, gridOf, type Section } from "../charts/grid.ts";
import { boardOf, hang } from "../charts/look.ts";
import { h, place, set, whileNear, write } from "../dom.ts";
import { count } from "../format.ts";
import { listen, type Model, type RunChartModel, type RunModel, watch } from "../model.ts";
import { chart, type Mount } from "./chart.ts";
import { toolbar } from "./toolbar.ts";

/** Charts that stay drawn though nobody sees them any more; those seen longest ago go first. */
const KEPT = 40;

/** Charts that have a place at once, more than fit a screen; the others when the page is idle. */
const FIRST_PLACES = 60;

/** A grid of the run's charts, each drawn when it first comes near the screen. */
export function charts(model: Model<RunModel>, mount: Mount, life: AbortSignal): HTMLElement {
  const board = boardOf(model);
  const bar = toolbar(board, life);
  const body = h("div", { class: "rw-sections" });
  const none = h("p", { class: "rw-empty" });
  const el = h("div", { class: "rw-board" }, bar.el, body, none);
  const slots = new Map<Model<RunChartModel>, Slot>();
  const sections = new Map<string, SectionView>();
  const shown = new Set<Slot>(); // drawn, those seen last at the end
  let most = FIRST_PLACES;

  function slotOf(entry: Model<RunChartModel>): Slot {
    const known = slots.get(entry);
    if (known) return known;
    hang(entry, board);
    const slot = new Slot(entry, mount, life);
    slots.set(entry, slot);
    whileNear(slot.el, life, (near) => {
      slot.near = near;
      if (!near) return;
      shown.delete(slot);
      shown.add(slot);
      slot.show();
      for (const old of shown) {
        if (shown.size <= KEPT) break;
        if (old.near) continue;
        shown.delete(old);
        old.forget();
      }
    });
    return slot;
  }

  function sectionOf(title: string): SectionView {
    const known = sections.get(title);
    if (known) return known;
    const section = new SectionView(() => board.fold(title));
    sections.set(title, section);
    return section;
  }

  function draw(): void {
    const entries = model.get("charts");
    const grid = gridOf(
      entries.map((entry) => ({ name: entry.get("name"), kind: entry.get("kind") })),
      board.settings,
      board.arranged,
    );
    el.hidden = entries.length === 0;
    bar.draw(grid);
    set(body, "data-size", board.settings.size);
    body.style.setProperty("--rw-columns", String(board.settings.columns || ""));
    set(body, "data-columns", board.settings.columns > 0);
    set(body, "data-few", grid.shown < 3);
    set(body, "data-titled", grid.sections.length > 1);
    const seen = new Set<Slot>();
    let room = most;
    const views = grid.sections.map((section) => {
      const view = sectionOf(section.title);
      const first = section.cells.slice(0, room);
      room -= first.length;
      const placed = first.map(({ chart, companions, wide }) => {
        const slot = slotOf(entries[chart] as Model<RunChartModel>);
        slot.chart.join(companions.map((i) => chartOf(entries[i] as Model<RunChartModel>)));
        set(slot.el, "data-wide", wide);
        seen.add(slot);
        return slot.el;
      });
      view.draw(section, placed, grid.sections.length > 1);
      return view.el;
    });
    // What is not to be seen stays where it is: a figure that leaves the page must be told so.
    for (const [entry, slot] of slots) {
      slot.el.hidden = !seen.has(slot);
      if (!seen.has(slot)) chartOf(entry).join([]);
    }
    for (const { el } of sections.values()) el.hidden = !views.includes(el);
    place(body, views);
    write(none, noneOf(grid));
    none.hidden = grid.shown > 0;
    if (grid.shown > most) {
      most = Number.POSITIVE_INFINITY;
      whenIdle(() => life.aborted || draw());
    }
  }

  listen(model, "change:look", life, () => board.change(model.get("look")));
  listen(model, "change:behind", life, () => {
    for (const slot of shown) slot.chart.redraw();
  });
  let live = board.isLive;
  listen(model, "change:facts", life, () => {
    if (live === board.isLive) return;
    live = board.isLive;
    for (const slot of shown) slot.chart.redraw();
  });
  watch(model, ["charts"], life, draw);
  board.on("settings", life, draw);
  return el;
}

function noneOf({ total }: Grid): string {
  if (total === 0) return "None of the metrics that were asked for is here yet";
  return `None of ${count(total)} charts has such a name`;
}

/** Where a chart is, or will be once somebody comes near. */
class Slot {
  readonly el = h("div", { class: "rw-slot" });
  near = false;
  #life: AbortController | null = null;

  constructor(
    readonly entry: Model<RunChartModel>,
    readonly mount: Mount,
    readonly whole: AbortSignal,
  ) {}

  get chart(): Chart {
    return chartOf(this.entry);
  }

  show(): void {
    if (this.#life) return;
    this.#life = new AbortController();
    this.el.style.minHeight = "";
    const life = AbortSignal.any([this.whole, this.#life.signal]);
    this.el.append(
      chart(this.entry, (child, into, until) => this.mount(child, into, until ?? life), life),
    );
  }

  /** Take the chart off the page, and keep its place. */
  forget(): void {
    const height = this.el.getBoundingClientRect().height;
    if (height > 0) this.el.style.minHeight = `${height}px`;
    this.#life?.abort();
    this.#life = null;
    this.el.replaceChildren();
    this.chart.dropFigure();
  }
}

/** Charts under a title that folds them away. */
class SectionView {
  readonly el: HTMLElement;
  readonly #head: HTMLElement;
  readonly #grid = h("div", { class: "rw-charts" });

  constructor(fold: () => void) {
    this.#head = h(
      "button",
      { type: "button", class: "rw-fold", onclick: fold },
      h("span"),
      h("small"),
    );
    this.el = h("section", { class: "rw-section" }, this.#head, this.#grid);
  }

  draw({ title, cells, folded }: Section, slots: HTMLElement[], titled: boolean): void {
    const [name, small] = this.#head.children as unknown as HTMLElement[];
    this.#head.hidden = !titled;
    if (name) write(name, title || "Others");
    if (small) write(small, String(cells.length));
    set(this.#head, "aria-expanded", String(!folded));
    this.#grid.hidden = folded;
    place(this.#grid, slots);
  }
}
