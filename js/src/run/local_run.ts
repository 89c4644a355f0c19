/** A run's panel made in the browser, from what `run_state` tells of its files. */

import type { WidgetModel } from "@jupyter-widgets/base";

import { chartOf } from "../charts/chart.ts";
import type {
  Append,
  Behind,
  ChartState,
  Grow,
  Model,
  RunImageModel,
  RunModel,
  Table,
  Whole,
} from "../model.ts";
import { MODULE_NAME } from "../version.ts";
import { grow } from "./grow.ts";
import type { LocalManager } from "./local_manager.ts";

/** Float64 numbers as base64; null where nothing came. */
type Encoded = { x: string; y: string; at: string } | null;

type ChartNews = Omit<ChartState, "data"> & {
  /** The sum of the totals before `data`; 0 where it is the whole. */
  from: number;
  data: Encoded[];
};

/** `data` is base64, or null where the picture is not to be had; absent where it can be asked for. */
type ImageState = Omit<RunImageModel, "data"> & { data?: string | null };

/** As `run_widgets/reading/state.py` makes it: the whole, or what came since `seen` was said. */
export type RunState = Omit<
  RunModel,
  "look" | "charts" | "figures" | "behind" | "tables" | "images"
> & {
  /** Null where what was told before still holds. */
  behind: ({ chart: string; line: string } & NonNullable<Encoded>)[] | null;
  charts: ChartNews[];
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
    const images = await Promise.all(state.images.map((image) => this.#image(image)));
    const model = this.model as unknown as Model<RunModel>;
    set(model, { ...simple(state), images } as Partial<RunModel>);
    if (state.behind) model.set_state({ behind: state.behind.map(decoded) });
    const charts: Grow["charts"] = {};
    const buffers: DataView[] = [];
    for (const [place, chart] of state.charts.entries()) {
      const known = model.get("charts")[place];
      const isNew = !known || chartOf(known).lines.length < chart.series.length;
      if (isNew) charts[String(place)] = whole(chart, buffers);
      else if (chart.data.some(Boolean)) charts[String(place)] = appended(chart, buffers);
    }
    const tables = state.tables.filter((table) => isLonger(model.get("tables"), table));
    grow(model, { type: "grow", metrics: {}, charts, tables }, buffers);
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
function simple({ charts, behind, tables, images, seen, ...fields }: RunState): Partial<RunModel> {
  return fields;
}

/** Set what differs, so that nothing is drawn anew for nothing. */
function set(model: Model<RunModel>, state: Partial<RunModel>): void {
  for (const [name, value] of Object.entries(state)) {
    const key = name as keyof RunModel;
    const now = model.get(key);
    const same =
      key === "images"
        ? sameItems(now as unknown[], value as unknown[])
        : JSON.stringify(now) === JSON.stringify(value);
    if (!same) model.set_state({ [key]: value } as Partial<RunModel>);
  }
}

function sameItems(one: unknown[], other: unknown[]): boolean {
  return one.length === other.length && one.every((item, i) => item === other[i]);
}

function isLonger(tables: Table[], table: Table): boolean {
  const known = tables.find(({ name }) => name === table.name);
  return (
    known === undefined ||
    known.total !== table.total ||
    known.columns.length !== table.columns.length
  );
}

function whole({ from, data, ...state }: ChartNews, buffers: DataView[]): Whole {
  return { ...state, type: "whole", data: data.map((news) => placed(news, buffers)) };
}

function appended({ from, data, series }: ChartNews, buffers: DataView[]): Append {
  const news = data.map((each, k) =>
    each ? { ...placed(each, buffers), total: series[k]?.total ?? 0 } : null,
  );
  return { type: "append", from, series: news };
}

/** Put a line's columns among the buffers, and say where they are. */
function placed(encoded: Encoded, buffers: DataView[]): { x: number; y: number; at: number } {
  const { x, y, at } = encoded ?? { x: "", y: "", at: "" };
  const first = buffers.push(viewOf(x), viewOf(y), viewOf(at)) - 3;
  return { x: first, y: first + 1, at: first + 2 };
}

function decoded({ chart, line, x, y, at }: NonNullable<RunState["behind"]>[number]): Behind {
  return { chart, line, x: viewOf(x), y: viewOf(y), at: viewOf(at) };
}

function viewOf(base64: string): DataView {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new DataView(bytes.buffer);
}
