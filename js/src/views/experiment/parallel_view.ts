import "../../../style/parallel.css";

import { h, set, whenSized, write } from "../../dom.ts";
import { defaultColumns, keyOf, numberOfRun, type Shown, shown } from "../../experiment/columns.ts";
import { isOverDecades, type Positions, positions } from "../../experiment/position.ts";
import { share, ticksOf } from "../../experiment/scale.ts";
import { svg } from "../../experiment/svg.ts";
import type { RunTable } from "../../experiment/table.ts";
import type { View } from "../../experiment/view_state.ts";
import { count } from "../../format.ts";
import { KEYS, type OpenRun } from "./points.ts";
import { popover } from "./popover.ts";
import { coloring, drawable } from "./scatter_view.ts";

const TOP = 34;
const BOTTOM = 14;
const LEFT = 70;
const RIGHT = 56;
const NEAR = 10;

/** Of a tick left of the first axis, or right of the last. */
const LEFT_LETTERS = 9;

/** Parameters and results that have an axis before anybody has chosen. */
const MOST_PARAMETERS = 5;
const MOST_RESULTS = 3;

const PARAMETERS = ["argument", "tag"];

type AxisOf = { column: Shown; place: Positions; x: number };
type Span = [low: number, high: number];

/**
 * Each run as a line across axes, one for each chosen value; drag along an axis to keep a part.
 *
 * A click on a line chooses its run for comparing, a second one opens it.
 *
 * @param canChoose where runs cannot be chosen, the first click opens one
 */
export function parallelView(
  table: RunTable,
  view: View,
  open: OpenRun,
  life: AbortSignal,
  { canChoose = true }: { canChoose?: boolean } = {},
): { el: HTMLElement; draw(rows: Uint32Array): void } {
  const canvas = h("canvas");
  const layer = svg("svg", { role: "img" });
  const note = h("div", { class: "rw-readout", role: "status", hidden: true });
  const stage = h("div", { class: "rw-parallel" }, canvas);
  stage.append(layer, note);
  stage.tabIndex = 0;
  set(stage, "aria-description", KEYS);
  const kept = h("span", { class: "rw-note", role: "status" });
  const choose = h("button", { type: "button", class: "rw-button" }, "Choose these runs");
  const clear = h("button", { type: "button", class: "rw-button", hidden: true }, "Clear ranges");
  const empty = h("p", { class: "rw-empty" }, "These runs have no two values to compare.");
  const axesButton = popover("Axes", life, () => axesEditor());
  const el = h(
    "div",
    { class: "rw-comparison", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "rw-bar" }, axesButton.el, clear, choose, kept),
    empty,
    stage,
  );
  const spans = new Map<string, Span>();
  let rows: Uint32Array = new Uint32Array();
  let axes: AxisOf[] = [];
  let size: [width: number, height: number] = [0, 0];
  let here = -1;

  whenSized(stage, life, (width, height) => {
    size = [width, height];
    redraw();
  });
  clear.addEventListener("click", () => {
    spans.clear();
    redraw();
  });
  choose.addEventListener("click", () => {
    view.choose([...view.chosen], false);
    view.choose(
      [...rows].filter(isKept).flatMap((row) => table.ids[row] ?? []),
      true,
    );
  });

  function ids(): string[] {
    const offered = drawable(table, rows).map(({ value }) => value);
    const wanted = view.state.parallel?.filter((id) => shown(table, id));
    return wanted ?? defaults(table, rows, offered);
  }

  function axesEditor(): HTMLElement {
    const options = h("div", { class: "rw-options" });
    let heading = "";
    for (const { value, label, group = "" } of drawable(table, rows)) {
      if (group !== heading) options.append(h("h5", {}, group));
      heading = group;
      const box = h("input", { type: "checkbox" });
      box.checked = ids().includes(value);
      box.addEventListener("change", () => {
        const others = ids().filter((id) => id !== value);
        view.set({ parallel: box.checked ? [...others, value] : others });
      });
      options.append(h("div", { class: "rw-option" }, h("label", {}, box, h("span", {}, label))));
    }
    return h("div", { class: "rw-chooser" }, options);
  }

  function redraw(): void {
    const columns = ids().flatMap((id) => shown(table, id) ?? []);
    empty.hidden = columns.length > 1;
    stage.hidden = !empty.hidden;
    if (columns.length < 2 || size[0] === 0) return;
    const [width, height] = size;
    const room = Math.max(1, (width - LEFT - RIGHT) / (columns.length - 1));
    axes = columns.map((column, i) => ({
      column,
      place: positions(column, rows, { log: isOverDecades(column, rows) }),
      x: LEFT + i * room,
    }));
    for (const id of spans.keys()) if (!columns.some((c) => c.id === id)) spans.delete(id);
    layer.setAttribute("viewBox", `0 0 ${width} ${height}`);
    layer.setAttribute("aria-label", `${count(rows.length)} runs across ${columns.length} axes`);
    layer.replaceChildren(...axes.map((axis) => drawAxis(axis, room)));
    drawLines();
    const left = [...rows].filter(isKept).length;
    clear.hidden = spans.size === 0;
    choose.hidden = spans.size === 0 || !canChoose;
    write(
      kept,
      spans.size > 0
        ? `${count(left)} of ${count(rows.length)} runs`
        : "Drag along an axis to keep a part",
    );
  }

  const y = (axis: AxisOf, row: number) =>
    TOP + (1 - share(axis.place.axis, axis.place.at(row))) * inner();
  const inner = () => Math.max(1, size[1] - TOP - BOTTOM);

  function isKept(row: number): boolean {
    return axes.every(({ column, place }) => {
      const span = spans.get(column.id);
      if (!span) return true;
      const at = share(place.axis, place.at(row));
      return at >= span[0] && at <= span[1];
    });
  }

  function drawLines(): void {
    const [width, height] = size;
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext("2d");
    if (!context) return;
    context.scale(scale, scale);
    const style = getComputedStyle(stage);
    const resolve = (color: string) => {
      const name = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
      return name ? style.getPropertyValue(name).trim() || "#888" : color;
    };
    const colors = coloring(axes.at(-1)?.column ?? null, rows);
    const many = Math.max(0.12, Math.min(0.8, 60 / Math.sqrt(rows.length * 40)));
    const faint = resolve("var(--rw-text)");
    const stroke = (row: number, color: string, alpha: number, thick: number) => {
      context.globalAlpha = alpha;
      context.strokeStyle = color;
      context.lineWidth = thick;
      context.beginPath();
      let open = false;
      for (const axis of axes) {
        const at = y(axis, row);
        if (!Number.isFinite(at)) {
          open = false;
          continue;
        }
        if (open) context.lineTo(axis.x, at);
        else context.moveTo(axis.x, at);
        open = true;
      }
      context.stroke();
    };
    const [out, kept]: [number[], number[]] = [[], []];
    for (const row of rows) (isKept(row) ? kept : out).push(row);
    for (const row of out) stroke(row, faint, 0.04, 1);
    for (const row of kept) stroke(row, resolve(colors.of(row).color), many, 1);
    for (const row of kept) {
      if (view.chosen.has(table.ids[row] ?? "")) stroke(row, resolve(colors.of(row).color), 1, 2.2);
    }
    if (here >= 0) stroke(here, faint, 1, 2);
  }

  function drawAxis(axis: AxisOf, room: number): SVGGElement {
    const { column, place, x } = axis;
    const isLast = axis === axes.at(-1);
    const height = inner();
    const letters = Math.max(4, Math.floor(room / 6.4));
    const short = (text: string, most: number) =>
      text.length > most ? `${text.slice(0, most - 1)}…` : text;
    const ticks = ticksOf(place.axis, Math.max(2, Math.floor(height / 30)));
    const group = svg(
      "g",
      { class: "rw-axis" },
      svg(
        "text",
        { x, y: 14, "text-anchor": "middle", class: "rw-axis-name" },
        short(column.label, letters),
      ),
      svg("title", {}, column.label),
      svg("line", { x1: x, x2: x, y1: TOP, y2: TOP + height }),
      ...ticks.map(({ value, text }) => {
        const at = TOP + (1 - share(place.axis, value)) * height;
        // The last axis has no line on its right.
        const beside = isLast
          ? { x: x + 6, "text-anchor": "start" }
          : { x: x - 6, "text-anchor": "end" };
        const most = isLast || x === LEFT ? LEFT_LETTERS : letters - 2;
        return svg("text", { ...beside, y: at + 3.5 }, short(text, most));
      }),
    );
    const span = spans.get(column.id);
    if (span) {
      const top = TOP + (1 - span[1]) * height;
      group.append(
        svg("rect", {
          class: "rw-span",
          x: x - 8,
          width: 16,
          y: top,
          height: (span[1] - span[0]) * height,
        }),
      );
    }
    return group;
  }

  // -- pointing and dragging --

  let dragged: { axis: AxisOf; from: number } | null = null;

  const placeOf = (event: MouseEvent): [number, number] => {
    const { left, top } = stage.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const shareAt = (py: number) => Math.max(0, Math.min(1, 1 - (py - TOP) / inner()));
  const axisAt = (px: number) => axes.find(({ x }) => Math.abs(x - px) < 14);

  function nearest(px: number, py: number): number {
    let [found, distance] = [-1, NEAR];
    const i = axes.findIndex(({ x }, place) => px >= x && px <= (axes[place + 1]?.x ?? -1));
    const [left, right] = [axes[i], axes[i + 1]];
    if (!left || !right) return found;
    const t = (px - left.x) / (right.x - left.x);
    for (const row of rows) {
      if (!isKept(row)) continue;
      const at = y(left, row) * (1 - t) + y(right, row) * t;
      const away = Math.abs(at - py);
      if (away < distance) [found, distance] = [row, away];
    }
    return found;
  }

  /** The arrow keys walk from run to run, in the order of the last axis. */
  function walk(event: KeyboardEvent): void {
    const last = axes.at(-1);
    if (!last) return;
    const order = [...rows]
      .filter((row) => isKept(row) && Number.isFinite(y(last, row)))
      .sort((a, b) => y(last, a) - y(last, b));
    const now = order.indexOf(here);
    const places: Record<string, number> = {
      ArrowUp: Math.max(0, now - 1),
      ArrowDown: Math.min(order.length - 1, now + 1),
      Home: 0,
      End: order.length - 1,
    };
    const next = order[places[event.key] ?? -1];
    const id = table.ids[here];
    if (event.key === "Escape") point(-1, 0, 0);
    else if (event.key === "Enter" && id !== undefined) open(id, stage);
    else if (event.key === " ") act(here);
    else if (next !== undefined) point(next, size[0], y(last, next));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function act(row: number): void {
    const id = table.ids[row];
    if (id === undefined) return;
    if (canChoose) view.choose([id], !view.chosen.has(id));
    else open(id, stage);
  }

  function point(row: number, px: number, py: number): void {
    if (row === here) return;
    here = row;
    drawLines();
    note.hidden = row < 0;
    if (row < 0) return;
    const name = table.column("run", "name")?.text(row);
    note.replaceChildren(
      h("div", { class: "rw-where" }, `Run ${numberOfRun(table, row)}${name ? ` · ${name}` : ""}`),
      h(
        "ul",
        {},
        ...axes.map(({ column }) =>
          h("li", {}, h("span", {}, column.label), h("b", {}, column.text(row))),
        ),
      ),
    );
    const right = px > size[0] / 2;
    note.style.left = right ? "" : `${px + 14}px`;
    note.style.right = right ? `${size[0] - px + 14}px` : "";
    note.style.top = `${Math.min(py, Math.max(0, size[1] - 30 - 20 * axes.length))}px`;
  }

  const options = { signal: life };
  stage.addEventListener(
    "pointerdown",
    (event) => {
      const [px, py] = placeOf(event);
      const axis = axisAt(px);
      if (!axis || event.button !== 0) return;
      dragged = { axis, from: shareAt(py) };
      stage.setPointerCapture(event.pointerId);
      event.preventDefault();
    },
    options,
  );
  stage.addEventListener(
    "pointermove",
    (event) => {
      const [px, py] = placeOf(event);
      set(stage, "data-over", axisAt(px) !== undefined);
      if (!dragged) {
        point(nearest(px, py), px, py);
        return;
      }
      const to = shareAt(py);
      const { axis, from } = dragged;
      if (Math.abs(to - from) > 0.01)
        spans.set(axis.column.id, [Math.min(from, to), Math.max(from, to)]);
      redraw();
    },
    options,
  );
  stage.addEventListener(
    "pointerup",
    (event) => {
      const [px, py] = placeOf(event);
      // A click on an axis lifts its range.
      if (dragged && Math.abs(shareAt(py) - dragged.from) <= 0.01)
        spans.delete(dragged.axis.column.id);
      else if (!dragged) act(nearest(px, py));
      dragged = null;
      redraw();
    },
    options,
  );
  stage.addEventListener(
    "pointercancel", // a finger scrolls the page
    () => {
      dragged = null;
    },
    options,
  );
  stage.addEventListener("pointerleave", () => point(-1, 0, 0), options);
  stage.addEventListener(
    "dblclick",
    (event) => {
      const id = table.ids[nearest(...placeOf(event))];
      if (canChoose && id !== undefined) open(id, stage);
    },
    options,
  );
  stage.addEventListener("keydown", walk, options);
  stage.addEventListener("blur", () => point(-1, 0, 0), options);
  // The theme's colours are read when the lines are drawn.
  const themes = new MutationObserver(() => drawLines());
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  life.addEventListener("abort", () => themes.disconnect(), { once: true });

  return {
    el,
    draw(next) {
      rows = next;
      redraw();
    },
  };
}

/** Parameters that differ between the runs, then results. */
function defaults(table: RunTable, rows: Uint32Array, offered: string[]): string[] {
  const varies = (id: string) => {
    const column = shown(table, id);
    if (column === null) return false;
    const texts = new Set<string>();
    for (const row of rows) if (column.has(row)) texts.add(column.text(row));
    return texts.size > 1;
  };
  const parameters = offered.filter((id) => PARAMETERS.includes(keyOf(id)?.[0] ?? ""));
  const metrics = defaultColumns(table).filter(
    (id) => keyOf(id)?.[0] === "metric" && offered.includes(id),
  );
  const goals = metrics.filter((id) => (keyOf(id)?.[1] ?? "") in table.goals);
  return [
    ...parameters.filter(varies).slice(0, MOST_PARAMETERS),
    ...(goals.length > 0 ? goals : metrics).slice(0, MOST_RESULTS),
  ];
}
