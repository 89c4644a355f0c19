import { expect, test } from "vitest";
import type {
  Append,
  Columns,
  Model,
  RunChartModel,
  RunImageModel,
  Table,
} from "../../src/model.ts";
import { LocalManager } from "../../src/run/local_manager.ts";
import { LocalRun, type RunState } from "../../src/run/local_run.ts";
import { FACTS, FakeModel } from "../fake_model.ts";

/** A widget's class as a manager gets it: attributes first, then who made it. */
class FakeWidget extends FakeModel<Record<string, unknown>> {
  constructor(attributes: Record<string, unknown>) {
    super({ charts: [], images: [], tables: [], ...attributes });
  }

  once(): void {}
}

function manager(): LocalManager {
  return new LocalManager(async () => FakeWidget);
}

function encoded(values: number[]): string {
  return btoa(String.fromCharCode(...new Uint8Array(Float64Array.from(values).buffer)));
}

function chart(values: number[], total: number, lines = 1): RunState["charts"][number] {
  const column = encoded(values);
  const series = Array.from({ length: lines }, (_, k) => ({ name: `${k}`, color: "#000", total }));
  return {
    ...{ name: "loss", kind: "metric", x_label: "step", y_label: "loss", series },
    from: total - values.length,
    data: series.map(() => ({ x: column, y: column, at: column })),
  };
}

function state(fields: Partial<RunState> = {}): RunState {
  return {
    facts: FACTS,
    ...{ metrics: [], documents: [], files: [], children: [], problem: "", following: true },
    ...{ charts: [], tables: [], images: [], original: null, behind: null, seen: ";" },
    ...fields,
  };
}

function numbers(view: DataView): number[] {
  return Array.from({ length: view.byteLength / 8 }, (_, i) => view.getFloat64(8 * i, true));
}

function onlyChart(run: LocalRun): Model<RunChartModel> {
  const [model] = run.model.get("charts") as [Model<RunChartModel>];
  return model;
}

test("a chart is made of the whole, and told what came since as a kernel would tell it", async () => {
  const run = await LocalRun.make(
    manager(),
    state({ charts: [chart([1, 2], 2)] }),
    async () => null,
  );
  const model = onlyChart(run);
  const told: [Append, DataView[]][] = [];
  model.on("msg:custom", (...message) => told.push(message as [Append, DataView[]]));

  await run.apply(state({ charts: [chart([3], 3)] }));

  const [data] = model.get("data");
  expect(numbers((data as Columns).y)).toEqual([1, 2]);
  expect(run.model.get("charts")).toEqual([model]);
  expect(told).toHaveLength(1);
  const [message, buffers] = told[0] as [Append, DataView[]];
  expect(message).toEqual({
    ...{ type: "append", from: 2 },
    series: [{ x: 0, y: 1, at: 2, total: 3 }],
  });
  expect(buffers.map(numbers)).toEqual([[3], [3], [3]]);
});

test("a chart that gets a line is given the whole of all", async () => {
  const run = await LocalRun.make(manager(), state({ charts: [chart([1], 1)] }), async () => null);
  const model = onlyChart(run);

  await run.apply(state({ charts: [chart([1, 2], 2, 2)] }));

  expect(model.get("series").map(({ total }) => total)).toEqual([2, 2]);
  expect(model.get("data").map(({ y }) => numbers(y))).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

test("what is as it was is not set anew", async () => {
  const run = await LocalRun.make(manager(), state({ charts: [chart([1], 1)] }), async () => null);
  const changed: string[] = [];
  for (const name of ["facts", "metrics", "charts", "images", "files", "tables"]) {
    run.model.on(`change:${name}`, () => changed.push(name));
  }

  await run.apply(state({ charts: [{ ...chart([], 1), data: [null] }] }));

  expect(changed).toEqual([]);
});

test("a table gets its new rows behind those it has", async () => {
  const table = { name: "t", columns: ["a"] };
  const first = state({ tables: [{ ...table, from: 0, rows: [[1]], at: [10], total: 1 }] });
  const run = await LocalRun.make(manager(), first, async () => null);

  await run.apply(state({ tables: [{ ...table, from: 1, rows: [[2]], at: [11], total: 2 }] }));

  const [shown] = run.model.get("tables") as Table[];
  expect(shown).toEqual({ ...table, rows: [[1], [2]], at: [10, 11], total: 2 });
});

test("a picture is asked for once, and one that comes with the run never", async () => {
  const asked: string[] = [];
  const about = { name: "p", step: null, at: null, mime: "image/png" };
  const images = [
    { ...about, path: "far.png" },
    { ...about, path: "here.png", data: btoa("here") },
    { ...about, path: "gone.png", data: null },
  ];
  const run = await LocalRun.make(manager(), state({ images }), async (path) => {
    asked.push(path);
    return new DataView(new ArrayBuffer(3));
  });

  await run.apply(state({ images }));

  expect(asked).toEqual(["far.png"]);
  const sizes = (run.model.get("images") as FakeModel<RunImageModel>[]).map(
    (image) => image.get("data")?.byteLength ?? null,
  );
  expect(sizes).toEqual([3, 4, null]);
});
