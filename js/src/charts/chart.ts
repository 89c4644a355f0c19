/** The lines of one chart as the browser knows them, and what of them is looked at. */

import type { Append, Behind, Columns, FigureModel, Model, RunChartModel } from "../model.ts";
import type { Stretch } from "../server.ts";
import { DASHES, feed, makeFigure, prepare } from "./figure.ts";
import { never, soon } from "./frames.ts";
import type { Key } from "./join.ts";
import { type Board, boardOfChart, metricOf } from "./look.ts";
import { along, type Picture, picture, steady, type Trace } from "./picture.ts";
import { floats, type Range, Series } from "./series.ts";
import type { Part } from "./zoom.ts";

/** Columns of pixels drawn where no view has said how many it has. */
const COLUMNS = 400;

/** How long the figure of a chart that no view shows may lag behind. */
const UNSEEN_MS = 5000;

/** How long somebody must stay at one part before the run's files are asked for it. */
const LINGER_MS = 250;

/** Points asked for of a line, of which somebody sees about half. */
const DETAIL_POINTS = 4000;

/** How fine the part is that is zoomed into, or who has yet to say: the server or a busy kernel. */
export type Resolution = "whole" | "asking" | "waiting" | "files" | "kept";

/** Keeps a `RunChart`'s points and draws them on its bqplot figure, for as many views as there are. */
export class Chart {
  lines: Series[] = [];
  /** What was drawn last. */
  picture: Picture | null = null;
  /** Names of the lines that somebody has put away. */
  readonly hidden = new Set<string>();
  /** Charts whose lines are drawn on this one too. */
  companions: Chart[] = [];
  resolution: Resolution = "whole";
  readonly model: Model<RunChartModel>;
  #zoom: { x: Part; y: Part } = { x: null, y: null };
  #figure: Model<FigureModel> | null = null;
  readonly #views = new Map<() => void, number>();
  readonly #details = new Map<Series, Detail>();
  readonly #ghosts = new Ghosts();
  readonly #then = new WeakMap<Series, { moment: number; length: number; line: Series }>();
  #hosts = new Set<Chart>();
  /** What the axes showed last, and what was asked for then. */
  #axes: { asked: string; x: Range; y: Range } | null = null;
  #asked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lingering: ReturnType<typeof setTimeout> | undefined;

  constructor(model: Model<RunChartModel>) {
    this.model = model;
    if (this.figure) this.#adopt(this.figure);
    this.#reset();
    if (this.figure) this.#draw(); // else when somebody looks
    model.on("change:data", () => {
      this.#reset();
      this.#drawSoon();
    });
    model.on("change:figure", () => {
      if (this.figure) this.#adopt(this.figure);
      this.#drawSoon();
    });
    model.on("msg:custom", (message: Append, buffers: DataView[]) => {
      if (message.type === "append" && this.#append(message, buffers)) this.#drawSoon();
    });
  }

  /** The kernel's figure where somebody has taken it in Python, else the browser's own. */
  get figure(): Model<FigureModel> | null {
    return this.model.get("figure") ?? this.#figure;
  }

  get board(): Board {
    return boardOfChart(this.model);
  }

  get total(): number {
    return this.lines.reduce((sum, line) => sum + line.total, 0);
  }

  get zoom(): Readonly<{ x: Part; y: Part }> {
    return this.#zoom;
  }

  /** The metric that its lines are drawn over, where that is chosen: its name and its chart. */
  get across(): { name: string; chart: Chart | null } | null {
    const name = metricOf(this.board.settings.x);
    // What a table's rows have is their own.
    if (name === null || this.model.get("kind") !== "metric") return null;
    const found = this.board.metricCharts.find((chart) => chart.get("name") === name);
    return { name, chart: found ? chartOf(found) : null };
  }

  /** All lines on this chart: those that share it, its own first, and those behind them. */
  get traces(): Trace[] {
    const lines = this.shared;
    return [...lines, ...this.#behind(lines)];
  }

  /** The lines that share this chart, its own first, as they were at the moment that is seen. */
  get shared(): Trace[] {
    const all = [this, ...this.companions].flatMap((chart) =>
      chart.model.get("series").map(({ name, color }, k) => ({ chart, name, color, k })),
    );
    const used = new Map<string, number>();
    const across = this.across?.chart ?? null;
    return all.flatMap(({ chart, name, color: given, k }) => {
      const line = chart.lines[k];
      if (!line) return [];
      // Somebody may have given the line another one in Python.
      const color = chart.figure?.get("marks")[k]?.get("colors")[0] ?? given;
      const times = used.get(color) ?? 0;
      used.set(color, times + 1);
      const mark = chart === this ? k : -1;
      const own = mark < 0 ? undefined : this.figure?.get("marks")[k]?.get("line_style");
      const dash = own && own !== "solid" ? own : (DASHES[times % DASHES.length] as string);
      const whole = { line, detail: this.#details.get(line)?.line ?? null };
      const then = { line: this.#until(line), detail: whole.detail && this.#until(whole.detail) };
      const other = across?.lines[0];
      const over = across && other ? { line: other, key: keyOf(chart, across) } : null;
      const hidden = this.hidden.has(name);
      const column = chart.model.get("kind") !== "metric";
      const about = { name, color, dash, mark, hidden, behind: false, column };
      return [{ ...about, ...then, whole, across: over }];
    });
  }

  /** The lines of the run that this one does again, each behind the one of its name. */
  #behind(lines: Trace[]): Trace[] {
    const charts = [this, ...this.companions];
    const alone = lines.length === 1;
    const across = this.across?.chart ?? null;
    // Over a metric that the other run has too, or not at all.
    const [other] = across ? across.#ghosts.of(across) : [];
    return charts.flatMap((chart) =>
      chart.#ghosts.of(chart).flatMap(([own, line]) => {
        const trace = lines.find((each) => each.whole.line === own);
        if (!trace || (across && !other)) return [];
        const name = alone ? this.board.original : `${trace.name}, ${this.board.original}`;
        const { color, column } = trace;
        const hidden = this.hidden.has(name);
        const about = { name, color, dash: "dashed", mark: -1, hidden, behind: true, column };
        const over = across && other ? { line: other[1], key: keyOf(chart, across) } : null;
        // All of it, at every moment: that run is over.
        const whole = { line, detail: null };
        return [{ ...about, ...whole, whole, across: over }];
      }),
    );
  }

  /** A line as it was at the moment that is seen. */
  #until(line: Series): Series {
    const { moment } = this.board;
    if (moment === null) return line;
    const known = this.#then.get(line);
    if (known?.moment === moment && known.length === line.length) return known.line;
    const then = line.until(moment);
    this.#then.set(line, { moment, length: line.length, line: then });
    return then;
  }

  /** Draw with points for `columns` of pixels from now on, and call `shown` after each drawing. */
  show(columns: number, shown: () => void): void {
    this.#views.set(shown, columns);
    this.#drawSoon();
  }

  /** Forget a view, which ended or is out of sight. */
  hide(shown: () => void): void {
    this.#views.delete(shown);
  }

  /** Whether the kernel has no figure, and the browser's is not made or has too few marks. */
  get needsFigure(): boolean {
    const marks = this.#figure?.get("marks").length ?? -1;
    return !this.model.get("figure") && marks < this.model.get("series").length;
  }

  /** Make the figure that the kernel has not made, with its lines, which so are drawn once. */
  async makeFigure(): Promise<void> {
    this.#figure = await makeFigure(this.model);
    prepare(this.#figure);
    this.#draw();
  }

  /** Forget the browser's own figure, which is made again when somebody comes back. */
  dropFigure(): void {
    if (this.#views.size === 0) this.#figure = null;
  }

  /** Draw anew, as something of how it is looked at has changed. */
  redraw(): void {
    if (this.#views.size > 0) this.#drawSoon();
  }

  /** Draw these charts' lines on this one too. */
  join(companions: Chart[]): void {
    const same = companions.length === this.companions.length;
    if (same && companions.every((chart, i) => chart === this.companions[i])) return;
    for (const chart of this.companions) chart.#hosts.delete(this);
    for (const chart of companions) chart.#hosts.add(this);
    this.companions = companions;
    this.redraw();
  }

  /** Look at a part from now on; null follows whatever comes. */
  look(part: Partial<{ x: Part; y: Part }>): void {
    this.#zoom = { ...this.#zoom, ...part };
    this.#lookCloser();
    this.redraw();
  }

  /** Put a line away, or bring it back. */
  toggle(name: string): void {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    this.redraw();
  }

  /** Show one line alone, or all where it is alone already. */
  isolate(name: string): void {
    const others = this.traces.map((trace) => trace.name).filter((each) => each !== name);
    const alone = !this.hidden.has(name) && others.every((each) => this.hidden.has(each));
    this.hidden.clear();
    if (!alone) for (const other of others) this.hidden.add(other);
    this.redraw();
  }

  /** How many values the lines have in the part that is zoomed into; null where that is not known. */
  get inside(): number | null {
    const [from, to] = this.#zoom.x ?? [0, 0];
    const counts = this.shared.map(({ whole: { line }, hidden }) => {
      if (hidden) return 0;
      return this.#details.get(line)?.inside(from, to) ?? Number.NaN;
    });
    const sum = counts.reduce((sum, count) => sum + count, 0);
    return Number.isNaN(sum) ? null : sum;
  }

  /** When the axis that counts from the start begins, seconds since the epoch. */
  get startedAt(): number {
    const first = this.lines.flatMap((line) => (line.at.length > 0 ? [line.at[0] as number] : []));
    return this.board.startedAt ?? (first.length > 0 ? Math.min(...first) : 0);
  }

  /** Take a figure that Python has made, and what is done to it there. */
  #adopt(figure: Model<FigureModel>): void {
    prepare(figure);
    for (const mark of figure.get("marks")) {
      mark.on("change:colors change:line_style", () => this.redraw());
    }
  }

  /** Begin anew with the whole that the kernel sent. */
  #reset(): void {
    this.#asked = false;
    this.#details.clear();
    const series = this.model.get("series");
    this.lines = this.model.get("data").map((columns: Columns, k) => {
      const [x, y, at] = [floats(columns.x), floats(columns.y), floats(columns.at)];
      const line = new Series();
      line.append(x, y, at, series[k]?.total);
      return line;
    });
  }

  /** Add what a message brings; false where the whole had it already. */
  #append(message: Append, buffers: DataView[]): boolean {
    const known = this.total;
    const newer = message.series.some(
      (news, k) => news && news.total > (this.lines[k]?.total ?? 0),
    );
    // Not what follows what is here: some message was lost, or the whole ends within this one.
    if (message.from !== known && newer) this.#ask();
    if (message.from < known) return false;
    message.series.forEach((places, k) => {
      while (this.lines.length <= k) this.lines.push(new Series());
      if (!places) return;
      const [x, y, at] = [buffers[places.x], buffers[places.y], buffers[places.at]];
      this.lines[k]?.append(floats(x), floats(y), floats(at), places.total);
    });
    return true;
  }

  /** Ask for the whole, once; what comes meanwhile is drawn. */
  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.model.trigger("lost");
  }

  /** Draw once for all that arrives before the next frame; no hurry where nobody looks. */
  #drawSoon(): void {
    for (const host of this.#hosts) host.redraw();
    if (this.#views.size > 0) soon(this.#draw);
    else if (this.model.get("figure"))
      this.#timer ??= setTimeout(() => soon(this.#draw), UNSEEN_MS);
  }

  readonly #draw = (): void => {
    never(this.#draw);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const columns = Math.max(...this.#views.values(), this.#views.size > 0 ? 1 : COLUMNS);
    const { settings } = this.board;
    const { startedAt, traces } = this;
    this.picture = picture(
      ...([traces, settings, this.#zoom, columns, startedAt, this.board.moment] as const),
    );
    this.#steady(this.picture);
    if (this.figure) feed(this.figure, this.picture.curves);
    for (const shown of this.#views.keys()) shown();
  };

  /** Keep the axes of a run that goes on where they are, for as long as that does. */
  #steady({ x, y }: Picture): void {
    const asked = JSON.stringify([this.board.settings, ...this.hidden, this.companions.length]);
    const last = this.#axes?.asked === asked ? this.#axes : null;
    if (!this.board.isLive) this.#axes = null;
    else {
      x.range = steady(x, last?.x ?? null, this.across === null);
      if (!x.zoomed) x.whole = x.range;
      y.range = steady(y, last?.y ?? null, false);
      this.#axes = { asked, x: x.range, y: y.range };
    }
  }

  // -- the part that is zoomed into, as fine as it was logged ------------------------------

  /** Ask the run's files for the part that is looked at, where they have more than is here. */
  #lookCloser(): void {
    clearTimeout(this.#lingering);
    const reduced = this.shared.filter(
      ({ whole: { line }, hidden }) => !hidden && line.total > line.length && line.length > 0,
    );
    if (!this.#zoom.x || reduced.length === 0) {
      this.#details.clear();
      this.resolution = "whole";
      return;
    }
    const { server, kernel } = this.board;
    const files = server ?? kernel;
    const all = [this, ...this.companions];
    const names = new Map(all.flatMap(({ lines, model }) => lines.map((line) => [line, model])));
    const nameOf = ({ whole }: Trace) => names.get(whole.line);
    const askable = reduced.filter((trace) => nameOf(trace)?.get("kind") === "metric");
    // The files are asked by step or time; over another metric a part is neither.
    if (!files || askable.length === 0 || this.across !== null) {
      this.resolution = "kept";
      return;
    }
    const { x } = this.board.settings;
    const [from, to] = this.#zoom.x;
    const stale = askable.filter(
      ({ whole: { line } }) => !this.#details.get(line)?.holds(x, from, to),
    );
    if (stale.length === 0) return;
    this.resolution = server ? "asking" : "waiting";
    for (const { whole } of stale) this.#details.delete(whole.line);
    this.#lingering = setTimeout(async () => {
      const wanted = this.#zoom.x;
      const pad = (to - from) / 2;
      const answers = await Promise.all(
        stale.map(async (trace) => {
          const { offset } = along(trace, trace.whole.line, x, this.startedAt);
          const over = x === "time" || x === "elapsed" ? "at" : "x";
          const name = nameOf(trace)?.get("name") ?? "";
          const part = { over, from: from - pad + offset, to: to + pad + offset } as const;
          const stretch = await files.series(name, { ...part, points: DETAIL_POINTS });
          return [trace.whole.line, new Detail(stretch, x, from - pad, to + pad)] as const;
        }),
      ).catch(() => null);
      if (this.#zoom.x !== wanted) return; // gone on meanwhile, and asked anew
      for (const [line, detail] of answers ?? []) this.#details.set(line, detail);
      this.resolution = answers ? "files" : "kept";
      this.redraw();
    }, LINGER_MS);
  }
}

/** The lines behind a chart's own, moved so that their run and this one began at once. */
class Ghosts {
  #made: { from: Behind[]; start: number; lines: { name: string; line: Series }[] } | null = null;

  of(chart: Chart): [own: Series, behind: Series][] {
    const from = chart.board.behind;
    if (from.length === 0) return [];
    const start = chart.startedAt;
    if (this.#made?.from !== from || this.#made.start !== start) {
      const name = chart.model.get("name");
      const lines = from
        .filter((each) => each.chart === name)
        .map(({ line: name, x, y, at }) => {
          const line = new Series();
          const moved = floats(at).map((after) => start + after);
          line.append(floats(x), floats(y), moved);
          return { name, line };
        });
      this.#made = { from, start, lines };
    }
    const series = chart.model.get("series");
    return this.#made.lines.flatMap(({ name, line }) => {
      const own = chart.lines[series.findIndex((each) => each.name === name)];
      return own ? [[own, line] as [Series, Series]] : [];
    });
  }
}

/** A part of a line, as the run's files have it. */
class Detail {
  readonly line = new Series();

  constructor(
    stretch: Stretch,
    readonly x: string,
    readonly from: number,
    readonly to: number,
  ) {
    const columns = [stretch.x, stretch.y, stretch.at].map((c) => Float64Array.from(c, Number));
    const [xs, ys, ats] = columns as [Float64Array, Float64Array, Float64Array];
    this.line.append(xs, ys, ats, Math.max(stretch.inside, xs.length));
  }

  /** About how many values there are in a part. */
  inside(from: number, to: number): number {
    return Math.round((this.line.total * (to - from)) / (this.to - this.from));
  }

  /** Whether every value is here. */
  get isComplete(): boolean {
    return this.line.total <= this.line.length;
  }

  /** Whether all of a part is here, and fine enough that there is nothing to ask for. */
  holds(x: string, from: number, to: number): boolean {
    const close = to - from > (this.to - this.from) / 4;
    return this.x === x && this.from <= from && this.to >= to && (this.isComplete || close);
  }
}

/** How a chart's points find those of the one that it is drawn over. */
function keyOf(chart: Chart, across: Chart): Key {
  const [one, other] = [chart, across].map(({ model }) => model.get("x_label"));
  return one === other ? "x" : "at";
}

const charts = new WeakMap<Model<RunChartModel>, Chart>();

/** The one `Chart` of a model. */
export function chartOf(model: Model<RunChartModel>): Chart {
  const chart = charts.get(model) ?? new Chart(model);
  charts.set(model, chart);
  return chart;
}
