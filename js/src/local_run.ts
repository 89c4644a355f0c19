/** A run's panel made in the browser, from what `run_state` tells of its files. */

import type { WidgetModel } from "@jupyter-widgets/base";

import { grow } from "./grow.ts";
import type { LocalManager } from "./local_manager.ts";
import type {
  Append,
  Columns,
  Model,
  RunChartModel,
  RunImageModel,
  RunModel,
  SeriesEntry,
  Table,
} from "./model.ts";
import { MODULE_NAME } from "./version.ts";

/** Float64 numbers as base64; null where nothing came. */
type Encoded = { x: string; y: string; at: string } | null;

type ChartState = Pick<RunChartModel, "name" | "kind" | "x_label" | "y_label" | "series"> & {
  /** The sum of the totals before `data`; 0 where it is the whole. */
  from: number;
  data: Encoded[];
};

/** `data` is base64, or null where the picture is not to be had; absent where it can be asked for. */
type ImageState = Omit<RunImageModel, "data"> & { data?: string | null };

/** As `run_widgets/run_state.py` makes it: the whole, or what came since `seen` was said. */
export type RunState = Omit<RunModel, "look" | "charts" | "tables" | "images"> & {
  charts: ChartState[];
  tables: (Table & { from: number })[];
  images: ImageState[];
  seen: string;
};

/** Brings a picture's bytes; null where they cannot be had. */
export type ImageOf = (path: string) => Promise<DataView | null>;

/** Of all pictures that one panel holds. */
const MAX_IMAGE_BYTES = 32_000_000;

export class LocalRun {
  readonly model: WidgetModel;
  readonly #manager: LocalManager;
  readonly #imageOf: ImageOf;
  readonly #charts: WidgetModel[] = [];
  readonly #images = new Map<string, WidgetModel>();
  #imageBytes = 0;

  private constructor(manager: LocalManager, imageOf: ImageOf, model: WidgetModel) {
    this.#manager = manager;
    this.#imageOf = imageOf;
    this.model = model;
  }

  /** Make the model of a whole run. */
  static async make(manager: LocalManager, state: RunState, imageOf: ImageOf): Promise<LocalRun> {
    const layout = await manager.make("@jupyter-widgets/base", "LayoutModel", {});
    const fields = { ...simple(state), layout };
    const model = await manager.make(MODULE_NAME, "RunDetailsModel", fields);
    const run = new LocalRun(manager, imageOf, model);
    await run.apply(state);
    return run;
  }

  /** Take in what came since the last time. */
  async apply(state: RunState): Promise<void> {
    const charts: Record<string, Append> = {};
    const buffers: DataView[] = [];
    for (const [place, chart] of state.charts.entries()) {
      const known = this.#charts[place];
      if (!known) this.#charts.push(await this.#chart(chart));
      else if (isNew(known, chart)) renew(known, chart);
      else if (chart.data.some(Boolean)) charts[String(place)] = appended(chart, buffers);
    }
    const images = await Promise.all(state.images.map((image) => this.#image(image)));
    const model = this.model as unknown as Model<RunModel>;
    const now = { ...simple(state), charts: [...this.#charts], images } as Partial<RunModel>;
    set(model, now);
    const tables = state.tables.filter((table) => isLonger(model.get("tables"), table));
    grow(model, { type: "grow", charts, tables }, buffers);
  }

  async #chart(state: ChartState): Promise<WidgetModel> {
    const { name, kind, x_label, y_label, series } = state;
    return this.#manager.make(MODULE_NAME, "RunChartModel", {
      ...{ name, kind, x_label, y_label, series },
      data: state.data.map(columns),
      figure: null, // each chart makes its own when somebody sees it
    });
  }

  async #image({ data, ...about }: ImageState): Promise<WidgetModel> {
    const key = JSON.stringify([about.name, about.path, about.step]);
    const known = this.#images.get(key);
    if (known) return known;
    const content = data ? viewOf(data) : null;
    const model = await this.#manager.make(MODULE_NAME, "RunImageModel", {
      ...about,
      data: content,
    });
    this.#images.set(key, model);
    if (data === undefined) void this.#fetch(about.path, model);
    return model;
  }

  async #fetch(path: string, model: WidgetModel): Promise<void> {
    if (this.#imageBytes >= MAX_IMAGE_BYTES) return;
    const data = await this.#imageOf(path).catch(() => null);
    if (!data) return;
    this.#imageBytes += data.byteLength;
    model.set_state({ data });
  }
}

/** What is told whole each time, and as the panel has it. */
function simple({ charts, tables, images, seen, ...fields }: RunState): Partial<RunModel> {
  return fields;
}

/** Set what differs, so that nothing is drawn anew for nothing. */
function set(model: Model<RunModel>, state: Partial<RunModel>): void {
  for (const [name, value] of Object.entries(state)) {
    const key = name as keyof RunModel;
    const now = model.get(key);
    const same =
      key === "charts" || key === "images"
        ? sameItems(now as unknown[], value as unknown[])
        : JSON.stringify(now) === JSON.stringify(value);
    if (!same) model.set_state({ [key]: value } as Partial<RunModel>);
  }
}

function sameItems(one: unknown[], other: unknown[]): boolean {
  return one.length === other.length && one.every((item, i) => item === other[i]);
}

/** Give a chart that has a new line the whole of all. */
function renew(chart: WidgetModel, state: ChartState): void {
  const { series, y_label } = state;
  chart.set_state({ series, y_label, data: state.data.map(columns) });
}

function isNew(chart: WidgetModel, state: ChartState): boolean {
  return (chart.get("series") as SeriesEntry[]).length !== state.series.length;
}

function isLonger(tables: Table[], table: Table): boolean {
  const known = tables.find(({ name }) => name === table.name);
  return (
    known === undefined ||
    known.total !== table.total ||
    known.columns.length !== table.columns.length
  );
}

function appended(state: ChartState, buffers: DataView[]): Append {
  return {
    type: "append",
    from: state.from,
    series: state.data.map((news, k) => {
      if (!news) return null;
      const { x, y, at } = columns(news);
      const first = buffers.push(x, y, at) - 3;
      return { x: first, y: first + 1, at: first + 2, total: state.series[k]?.total ?? 0 };
    }),
  };
}

function columns(encoded: Encoded): Columns {
  const { x, y, at } = encoded ?? { x: "", y: "", at: "" };
  return { x: viewOf(x), y: viewOf(y), at: viewOf(at) };
}

function viewOf(base64: string): DataView {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new DataView(bytes.buffer);
}
