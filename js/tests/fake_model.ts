/** Models for tests: those that the browser makes itself, which count who listens. */

import { PLAIN } from "../src/charts/look.ts";
import type {
  AxisModel,
  Columns,
  Facts,
  FigureModel,
  LinesModel,
  Model,
  RunChartModel,
  RunImageModel,
  RunModel,
  ScaleModel,
} from "../src/model.ts";
import { PlainModel } from "../src/plain_model.ts";

export class FakeModel<T extends object> extends PlainModel<T> {
  #listeners = 0;

  override on(events: string, callback: (...args: never[]) => void): void {
    this.#listeners += events.split(" ").length;
    super.on(events, callback);
  }

  override off(events: string, callback: (...args: never[]) => void): void {
    this.#listeners -= events.split(" ").length;
    super.off(events, callback);
  }

  /** How many listen, so that a test can see that none was left behind. */
  get listeners(): number {
    return this.#listeners;
  }
}

export const FACTS: Facts = {
  run_id: "5a0f2c1e",
  experiment: "mnist",
  number: 7,
  title: "mnist · run 7",
  display_name: "",
  description: "",
  status: "Running",
  created_at: 1_700_000_000,
  started_at: 1_700_000_001,
  ended_at: null,
  elapsed_s: 64,
  arguments: ["--lr", "0.1"],
  script: "train.py",
  type: null,
  tags: { stage: "dev" },
  properties: { author: "Jo" },
  error: null,
  waiting_for: "",
  interrupted: "",
  stop_requested: false,
  done_steps: null,
  total_steps: null,
  target: "local",
  created_by: "",
  parent: null,
  points: 0,
  last_value_at: null,
  file_count: 0,
  child_count: 0,
  portal_path: "run-widgets/runs/5a0f2c1e",
};

export function fakeRun(fields: Partial<RunModel> = {}): FakeModel<RunModel> {
  return new FakeModel<RunModel>({
    look: PLAIN,
    facts: FACTS,
    metrics: [],
    charts: [],
    figures: [],
    tables: [],
    documents: [],
    images: [],
    files: [],
    children: [],
    original: null,
    behind: [],
    problem: "",
    following: true,
    ...fields,
  });
}

/** A run whose facts differ from `FACTS` in `facts`. */
export function fakeRunWith(facts: Partial<Facts>): FakeModel<RunModel> {
  return fakeRun({ facts: { ...FACTS, ...facts } });
}

/** Numbers as the kernel sends them: somewhere inside a longer message. */
export function buffer(values: number[]): DataView {
  const bytes = new Uint8Array(3 + 8 * values.length);
  bytes.set(new Uint8Array(Float64Array.from(values).buffer), 3);
  return new DataView(bytes.buffer, 3);
}

export function columns(x: number[], y: number[]): Columns {
  return { x: buffer(x), y: buffer(y), at: buffer(x.map((_, i) => 1_700_000_000 + i)) };
}

export type FakeFigure = {
  figure: FakeModel<FigureModel>;
  marks: FakeModel<LinesModel>[];
  x: FakeModel<ScaleModel>;
  y: FakeModel<ScaleModel>;
  axes: { x: FakeModel<AxisModel>; y: FakeModel<AxisModel> };
};

export function fakeFigure(lines: number): FakeFigure {
  const scale = () => new FakeModel<ScaleModel>({ min: null, max: null, allow_padding: true });
  const axis = (side: AxisModel["side"], scale: Model<ScaleModel>) =>
    new FakeModel<AxisModel>({
      side,
      scale,
      label: "",
      label_offset: null,
      tick_format: null,
      tick_values: [],
      tick_labels: null,
    });
  const [x, y] = [scale(), scale()];
  const marks = Array.from(
    { length: lines },
    () =>
      new FakeModel<LinesModel>({
        x: new Float64Array(),
        y: new Float64Array(),
        colors: ["#0072b2"],
        marker: null,
        marker_size: 64,
        stroke_width: 1.5,
        line_style: "solid",
        scales: { x, y },
      }),
  );
  const axes = { x: axis("bottom", x), y: axis("left", y) };
  const figure = new FakeModel<FigureModel>({
    marks,
    axes: [axes.x, axes.y],
    fig_margin: { top: 60, right: 60, bottom: 60, left: 60 },
    padding_x: 0,
    padding_y: 0.025,
    display_toolbar: true,
    legend_location: "top-right",
    title: "",
  });
  return { figure, marks, x, y, axes };
}

/** A chart of `lines` by name, each of x and y. */
export function fakeChart(
  lines: Record<string, [x: number[], y: number[]]>,
  fields: Partial<RunChartModel> = {},
): { model: FakeModel<RunChartModel> } & FakeFigure {
  const fake = fakeFigure(Object.keys(lines).length);
  const model = new FakeModel<RunChartModel>({
    name: "loss",
    kind: "metric",
    x_label: "step",
    y_label: "loss",
    series: Object.entries(lines).map(([name, [x]]) => ({
      name,
      color: "#0072b2",
      total: x.length,
    })),
    data: Object.values(lines).map(([x, y]) => columns(x, y)),
    figure: fake.figure,
    ...fields,
  });
  return { model, ...fake };
}

export function fakeImage(fields: Partial<RunImageModel> = {}): FakeModel<RunImageModel> {
  return new FakeModel<RunImageModel>({
    name: "confusion",
    path: "confusion_1.png",
    step: null,
    at: null,
    mime: "image/png",
    data: new DataView(new ArrayBuffer(4)),
    ...fields,
  });
}

const lives: AbortController[] = [];

/** End what the test that is over has left alive; called after each. */
export function endLives(): void {
  for (const controller of lives.splice(0)) controller.abort();
}

/** The life of a view that a test ends itself, or leaves to its own end. */
export function life(): { signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  lives.push(controller);
  return { signal: controller.signal, end: () => controller.abort() };
}
