import { padded, tight } from "../../charts/axis.ts";
import { nearest, type Range } from "../../charts/series.ts";
import { h, list, set, write } from "../../dom.ts";
import type { Spread } from "../../experiment/align.ts";
import { numberOfRun } from "../../experiment/columns.ts";
import type { CurveShelf } from "../../experiment/curves.ts";
import { alike } from "../../experiment/digits.ts";
import { furtherGroupings, groupings, groupNames } from "../../experiment/groups.ts";
import { bands, type Line, lines } from "../../experiment/overlay.ts";
import { areaPath, linePath, Plot, rangeOf, travel } from "../../experiment/plot.ts";
import { logRange, type Axis as PlotAxis } from "../../experiment/scale.ts";
import { svg } from "../../experiment/svg.ts";
import { MISSING, type RunTable } from "../../experiment/table.ts";
import { AXES, type Axis, type View } from "../../experiment/view_state.ts";
import { count, duration, number, time } from "../../format.ts";
import { smoothField } from "../smooth_field.ts";
import { choiceField, tickField } from "./fields.ts";

const AXIS_NAMES: Record<Axis, string> = {
  step: "step",
  relative: "time since start",
  time: "time of day",
};

const SPREADS: Record<Spread, string> = {
  std: "mean ± std",
  ci95: "mean, 95 % CI",
  minmax: "mean, min to max",
};

/**
 * From here on, in widths of the plot, what goes up and down fills an area: dashes are not to be
 * seen in it, and a browser takes most of its time to paint them and their corners.
 */
const FILLING = 8;

/** Lines whose values the readout tells at once, and whose values as logged stay behind them. */
const MOST_TOLD = 12;

/** One metric of the compared runs, overlaid: each run's curve, or bands of groups of them. */
export function curvesView(
  table: RunTable,
  view: View,
  shelf: CurveShelf,
  life: AbortSignal,
): { el: HTMLElement; draw(rows: Uint32Array): void } {
  const set_ = (change: Partial<View["state"]["curves"]>) =>
    view.set({ curves: { ...view.state.curves, ...change } });
  const metric = choiceField("Metric", (value) => set_({ metric: value }));
  const axis = choiceField("Over", (value) => {
    zoom = null;
    set_({ axis: AXES.find((each) => each === value) ?? "step" });
  });
  const group = choiceField("Group by", (value) => set_({ groupBy: value || null, andBy: null }));
  const further = choiceField("and", (value) => set_({ andBy: value || null }));
  const spread = choiceField("Band", (value) => set_({ spread: value as Spread }));
  const smoothing = smoothField((factor) => set_({ smoothing: factor }));
  const logX = tickField("log x", (checked) => set_({ logX: checked }));
  const logY = tickField("log y", (checked) => set_({ logY: checked }));
  const unzoom = h(
    "button",
    {
      type: "button",
      class: "rw-button",
      hidden: true,
      onclick: () => {
        zoom = null;
        redraw();
      },
    },
    "Whole range",
  );
  const waiting = h("span", { class: "rw-note", role: "status" });
  const legend = h("ul", { class: "rw-legend", "aria-label": "Lines" });
  const empty = h("p", { class: "rw-empty", hidden: true });
  const note = h("div", { class: "rw-readout", role: "status", hidden: true });
  const cross = svg("line", { class: "rw-cross-line", visibility: "hidden" });
  const areas = svg("g", { class: "rw-bands" });
  const behind = svg("g", { class: "rw-lines rw-behind" });
  const strokes = svg("g", { class: "rw-lines" });
  const brush = svg("rect", { class: "rw-brush", visibility: "hidden" });
  const plot = new Plot(life, "", redraw);
  plot.marks.append(areas, behind, strokes, cross, brush);
  plot.el.append(note);
  plot.el.classList.add("rw-curves");
  plot.el.tabIndex = 0;
  const el = h(
    "div",
    { class: "rw-comparison", "data-lm-suppress-shortcuts": "true" },
    h(
      "div",
      { class: "rw-bar" },
      metric.el,
      axis.el,
      group.el,
      further.el,
      spread.el,
      smoothing.el,
      logX.el,
      logY.el,
      unzoom,
      waiting,
    ),
    legend,
    empty,
    plot.el,
  );
  let rows: Uint32Array = new Uint32Array();
  let drawn: Line[] = [];
  let zoom: Range | null = null;
  let lit: Line | null = null;

  shelf.on(life, () => {
    if (el.isConnected) redraw();
  });

  function redraw(): void {
    const { curves } = view.state;
    const names = repeated(table, rows);
    const name = names.includes(curves.metric ?? "") ? (curves.metric as string) : names[0];
    metric.show(
      names.map((value) => ({ value, label: value })),
      name ?? "",
    );
    axis.show(
      AXES.map((value) => ({ value, label: AXIS_NAMES[value] })),
      curves.axis,
    );
    const groups = groupings(table, rows);
    const groupBy = groups.some(({ value }) => value === curves.groupBy) ? curves.groupBy : null;
    group.show([{ value: "", label: "each run alone" }, ...groups], groupBy ?? "");
    const seconds = groupBy === null ? [] : furtherGroupings(table, rows, groupBy);
    const andBy = seconds.some(({ value }) => value === curves.andBy) ? curves.andBy : null;
    further.el.hidden = seconds.length === 0;
    further.show([{ value: "", label: "nothing else" }, ...seconds], andBy ?? "");
    spread.el.hidden = groupBy === null;
    spread.show(
      Object.entries(SPREADS).map(([value, label]) => ({ value, label })),
      curves.spread,
    );
    smoothing.show(curves.smoothing);
    [logX.box.checked, logY.box.checked] = [curves.logX, curves.logY];
    unzoom.hidden = zoom === null;
    empty.hidden = name !== undefined;
    plot.el.hidden = legend.hidden = name === undefined;
    write(empty, "None of these runs has logged a metric more than once.");
    if (name === undefined) return;
    const asked = wanted(table, name, rows);
    const found = shelf.get(name, asked);
    view.color(asked.map(([id]) => id));
    const missing = asked.length - found.length;
    write(
      waiting,
      missing > 0 ? `reading ${count(missing)} of ${count(asked.length)} curves …` : "",
    );
    const nameOf = groupBy === null ? null : groupNames(table, rows, groupBy, andBy);
    drawn = nameOf
      ? bands(table, found, curves.axis, nameOf, curves.spread, curves.smoothing)
      : lines(table, view.colors, found, curves.axis, curves.smoothing);
    drawLegend();
    if (plot.isSized) drawLines(name);
  }

  function drawLegend(): void {
    list(
      legend,
      drawn,
      ({ name }, i) => `${i} ${name}`,
      () => h("li", { tabindex: 0 }, svgSwatch(), h("span"), h("small")),
      (item, line) => {
        const swatch = item.querySelector("line") as SVGLineElement;
        swatch.style.color = line.look.color;
        swatch.setAttribute("stroke-dasharray", line.look.dash);
        write(item.querySelector("span") as Element, line.name);
        write(item.querySelector("small") as Element, line.band ? `n = ${line.rows.length}` : "");
        item.onpointerenter = item.onfocus = () => light(line);
        item.onpointerleave = item.onblur = () => light(null);
      },
    );
  }

  function drawLines(name: string): void {
    const { curves } = view.state;
    const x = xAxis();
    const y = yAxis(name, x.range);
    plot.axes(x, y);
    plot.label = `${name} of ${drawn.length} ${drawn.some((l) => l.band) ? "groups" : "runs"} over ${AXIS_NAMES[curves.axis]}`;
    areas.replaceChildren(
      ...drawn.flatMap(({ band, look }) =>
        band
          ? [
              svg("path", {
                d: areaPath(plot, band.x, band.low, band.high),
                style: `color:${look.color}`,
              }),
            ]
          : [],
      ),
    );
    const dense = drawn.map(({ points }) => travel(plot, points.y) > FILLING);
    const logged = drawn.length > MOST_TOLD ? [] : drawn;
    behind.replaceChildren(
      ...logged.flatMap(({ raw, look }) =>
        raw
          ? [
              svg("path", {
                d: linePath(plot, raw.x, raw.y),
                style: `color:${look.color}`,
                "data-dense": "",
              }),
            ]
          : [],
      ),
    );
    strokes.replaceChildren(
      ...drawn.map(({ points, look }, i) =>
        svg("path", {
          class: "line",
          d: linePath(plot, points.x, points.y),
          style: `color:${look.color}`,
          "data-dense": dense[i] ? "" : null,
          "stroke-dasharray": (!dense[i] && look.dash) || null,
        }),
      ),
    );
    dense.forEach((is, i) => {
      if (is) legend.children[i]?.querySelector("line")?.removeAttribute("stroke-dasharray");
    });
    light(lit && (drawn.find(({ name }) => name === lit?.name) ?? null));
  }

  function xAxis(): PlotAxis {
    const { axis: over, logX: log } = view.state.curves;
    const form = over === "time" ? "time" : over === "relative" ? "duration" : "number";
    const values = drawn.map(({ points }) => points.x);
    const label = AXIS_NAMES[over];
    if (zoom) return { range: zoom, form, label, log: log && zoom[0] > 0 };
    const whole = log ? logRange(chained(values)) : null;
    if (whole) return { range: whole, form: "number", label, log: true };
    const range = rangeOf(chained(values));
    return { range: tight(range ?? [0, 1]), form, label, whole: over === "step" };
  }

  function yAxis(label: string, [from, to]: Range): PlotAxis {
    const seen = function* () {
      for (const { points, band } of drawn) {
        for (let i = 0; i < points.x.length; i++) {
          const x = points.x[i] as number;
          if (x < from || x > to) continue;
          yield points.y[i] as number;
          if (band) yield* [band.low[i] as number, band.high[i] as number];
        }
      }
    };
    const positive = view.state.curves.logY ? logRange(seen()) : null;
    if (positive) return { range: positive, form: "number", label, log: true };
    return { range: padded(rangeOf(seen()) ?? [0, 1]), form: "number", label };
  }

  /** Let one line stand out. */
  function light(line: Line | null): void {
    lit = line;
    drawn.forEach((each, i) => {
      const dim = line !== null && each !== line;
      set(strokes.children[i] as Element, "data-dim", dim);
      set(legend.children[i] as Element, "data-lit", each === line);
    });
  }

  // -- pointing --

  let from: number | null = null;

  function pointAt(px: number): void {
    const at = plot.xAt(px);
    const { curves } = view.state;
    const told = drawn
      .map((line) => ({ line, i: nearest(line.points.x, at, isSorted(line)) }))
      .filter(({ line, i }) => i >= 0 && Number.isFinite(line.points.y[i]));
    note.hidden = told.length === 0;
    cross.setAttribute("visibility", told.length > 0 ? "visible" : "hidden");
    if (told.length === 0) return;
    const closest = told.reduce((a, b) => (away(a, at) <= away(b, at) ? a : b));
    const x = closest.line.points.x[closest.i] as number;
    const left = plot.px(x);
    for (const end of ["x1", "x2"]) cross.setAttribute(end, String(left));
    cross.setAttribute("y1", String(plot.box.top));
    cross.setAttribute("y2", String(plot.box.top + plot.box.height));
    const where =
      curves.axis === "time"
        ? time(x)
        : curves.axis === "relative"
          ? duration(x)
          : `step ${number(x)}`;
    const best = [...told].sort((a, b) => valueIn(b) - valueIn(a));
    const write = alike(best.map(valueIn));
    const rest = best.length - MOST_TOLD;
    note.replaceChildren(
      h("div", { class: "rw-where" }, where),
      h("ul", {}, ...best.slice(0, MOST_TOLD).map((each) => toldLine(each, write, curves.spread))),
      ...(rest > 0 ? [h("div", { class: "rw-where" }, `and ${rest} more`)] : []),
    );
    const right = left > plot.box.left + plot.box.width / 2;
    note.style.left = right ? "" : `${left + 10}px`;
    note.style.right = right ? `${plot.el.clientWidth - left + 10}px` : "";
  }

  function leave(): void {
    note.hidden = true;
    cross.setAttribute("visibility", "hidden");
  }

  function lift(): void {
    from = null;
    brush.setAttribute("visibility", "hidden");
  }

  const within = (event: PointerEvent) => {
    const px = event.clientX - plot.el.getBoundingClientRect().left;
    return Math.max(plot.box.left, Math.min(plot.box.left + plot.box.width, px));
  };
  const options = { signal: life };
  plot.el.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      if (event.pointerType === "touch") {
        pointAt(within(event)); // a finger reads
        return;
      }
      from = within(event);
      plot.el.setPointerCapture(event.pointerId);
    },
    options,
  );
  plot.el.addEventListener(
    "pointermove",
    (event) => {
      const px = within(event);
      pointAt(px);
      if (from === null) return;
      const [left, right] = [Math.min(from, px), Math.max(from, px)];
      brush.setAttribute("visibility", right - left > 4 ? "visible" : "hidden");
      brush.setAttribute("x", String(left));
      brush.setAttribute("width", String(right - left));
      brush.setAttribute("y", String(plot.box.top));
      brush.setAttribute("height", String(plot.box.height));
    },
    options,
  );
  plot.el.addEventListener(
    "pointerup",
    (event) => {
      const px = within(event);
      if (from !== null && Math.abs(px - from) > 4) {
        zoom = [plot.xAt(Math.min(from, px)), plot.xAt(Math.max(from, px))];
        redraw();
      }
      lift();
    },
    options,
  );
  plot.el.addEventListener(
    "pointercancel", // it scrolls the page
    () => {
      lift();
      leave();
    },
    options,
  );
  plot.el.addEventListener(
    "dblclick",
    () => {
      zoom = null;
      redraw();
    },
    options,
  );
  plot.el.addEventListener(
    "pointerleave",
    ({ pointerType }) => {
      if (pointerType !== "touch") leave();
    },
    options,
  );
  plot.el.addEventListener("blur", leave, options);

  let cursor = 0.5;
  plot.el.addEventListener(
    "keydown",
    (event) => {
      const stride = event.shiftKey ? 0.1 : 0.01;
      const places: Record<string, number> = {
        ArrowLeft: cursor - stride,
        ArrowRight: cursor + stride,
        Home: 0,
        End: 1,
      };
      const next = places[event.key];
      if (event.key === "Escape") leave();
      if (next === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      cursor = Math.max(0, Math.min(1, next));
      pointAt(plot.box.left + cursor * plot.box.width);
    },
    options,
  );

  return {
    el,
    draw(next) {
      rows = next;
      redraw();
    },
  };
}

type Told = { line: Line; i: number };

function away({ line, i }: Told, x: number): number {
  return Math.abs((line.points.x[i] as number) - x);
}

function valueIn({ line, i }: Told): number {
  return line.points.y[i] as number;
}

function toldLine({ line, i }: Told, write: (value: number) => string, spread: Spread) {
  const swatch = h("i");
  swatch.style.color = line.look.color;
  const y = line.points.y[i] as number;
  const { band, raw } = line;
  const around = band && told(band.low[i] as number, band.high[i] as number, y, spread);
  const logged = raw?.y[nearest(raw.x, line.points.x[i] as number, false)];
  const rest = band
    ? h("small", {}, `${around}, n = ${band.count[i]}`)
    : logged !== undefined && h("small", {}, write(logged));
  return h("li", {}, swatch, h("span", {}, line.name), h("b", {}, write(y)), rest || null);
}

function told(low: number, high: number, mean: number, spread: Spread): string {
  return spread === "minmax"
    ? `${number(low)} to ${number(high)}`
    : `± ${(high - mean).toPrecision(2)}`;
}

const sortedness = new WeakMap<Float64Array, boolean>();

function isSorted({ points: { x } }: Line): boolean {
  const known =
    sortedness.get(x) ?? x.every((value, i) => i === 0 || value >= (x[i - 1] as number));
  sortedness.set(x, known);
  return known;
}

function* chained(arrays: Float64Array[]): Generator<number> {
  for (const array of arrays) yield* array;
}

function svgSwatch(): SVGSVGElement {
  const line = svg("line", { x1: 0, x2: 18, y1: 5, y2: 5 });
  return svg(
    "svg",
    { width: 18, height: 10, class: "rw-swatch-line", "aria-hidden": "true" },
    line,
  );
}

/** Metrics that some of `rows` have logged repeatedly; those with a goal first, then by runs. */
function repeated(table: RunTable, rows: Uint32Array): string[] {
  const here = new Set(rows);
  const found: { name: string; runs: number }[] = [];
  for (const column of table.columns.values()) {
    if (column.key[0] !== "metric" || column.key[2] !== "count") continue;
    let runs = 0;
    for (const row of column.rows) if (here.has(row) && column.number(row) > 1) runs += 1;
    if (runs > 0) found.push({ name: column.key[1], runs });
  }
  const weight = ({ name, runs }: { name: string; runs: number }) =>
    (name in table.goals ? 1e9 : 0) + runs;
  return found.sort((a, b) => weight(b) - weight(a)).map(({ name }) => name);
}

/** The runs that have a metric, by id, with how many values each has. */
function wanted(table: RunTable, name: string, rows: Uint32Array): [string, number][] {
  const last = table.column("metric", name, "last");
  const counts = table.column("metric", name, "count");
  return [...rows].flatMap((row): [string, number][] => {
    const id = table.ids[row];
    if (id === undefined || !last || Number.isNaN(numberOfRun(table, row))) return [];
    const values = counts?.number(row) || (last.code(row) === MISSING ? 0 : 1);
    return values > 0 ? [[id, values]] : [];
  });
}
