/** The lines of one chart as the browser knows them: the whole once, then what is appended. */

import { feed, prepare } from "./figure.ts";
import { never, soon } from "./frames.ts";
import type { Append, Columns, FigureModel, Model, RunChartModel } from "./model.ts";
import { floats, Series } from "./series.ts";

/** Columns of pixels drawn where no view has said how many it has. */
const COLUMNS = 400;

/** How long the figure of a chart that no view shows may lag behind. */
const UNSEEN_MS = 5000;

/** Keeps a `RunChart`'s points and draws them on its bqplot figure, for as many views as there are. */
export class Chart {
  lines: Series[] = [];
  /** Points on the figure, of `total` logged. */
  drawn = 0;
  readonly #model: Model<RunChartModel>;
  readonly #views = new Map<() => void, number>();
  #asked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(model: Model<RunChartModel>) {
    this.#model = model;
    if (this.figure) prepare(this.figure);
    this.#reset();
    this.#draw();
    model.on("change:data", () => {
      this.#reset();
      this.#drawSoon();
    });
    model.on("msg:custom", (message: Append, buffers: DataView[]) => {
      if (message.type === "append" && this.#append(message, buffers)) this.#drawSoon();
    });
  }

  get figure(): Model<FigureModel> | null {
    return this.#model.get("figure") ?? null;
  }

  get total(): number {
    return this.lines.reduce((sum, line) => sum + line.total, 0);
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

  /** Begin anew with the whole that the kernel sent. */
  #reset(): void {
    this.#asked = false;
    const series = this.#model.get("series");
    this.lines = this.#model.get("data").map((columns: Columns, k) => {
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
    this.#model.trigger("lost");
  }

  /** Draw once for all that arrives before the next frame; no hurry where nobody looks. */
  #drawSoon(): void {
    if (this.#views.size > 0) soon(this.#draw);
    else this.#timer ??= setTimeout(() => soon(this.#draw), UNSEEN_MS);
  }

  readonly #draw = (): void => {
    never(this.#draw);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const columns = Math.max(...this.#views.values(), this.#views.size > 0 ? 1 : COLUMNS);
    if (this.figure) this.drawn = feed(this.figure, this.lines, columns);
    for (const shown of this.#views.keys()) shown();
  };
}

const charts = new WeakMap<Model<RunChartModel>, Chart>();

/** The one `Chart` of a model. */
export function chartOf(model: Model<RunChartModel>): Chart {
  const chart = charts.get(model) ?? new Chart(model);
  charts.set(model, chart);
  return chart;
}
