import { expect, test, vi } from "vitest";

import { chartOf } from "../../src/charts/chart.ts";
import { makeChart, merged } from "../../src/charts/chart_list.ts";
import { floats } from "../../src/charts/series.ts";
import type { Grow, Metric } from "../../src/model.ts";
import { buffersIn, grow, lengthened } from "../../src/run/grow.ts";
import { buffer, fakeChart, fakeRun } from "../fake_model.ts";

const TABLE = { name: "t", columns: ["n"], rows: [[0], [1]], at: [10, 11], total: 2 };

test("each chart gets its part of the message, with the buffers of all", () => {
  const charts = [fakeChart({ a: [[0], [1]] }).model, fakeChart({ b: [[0], [1]] }).model];
  const heard = vi.fn();
  charts[1]?.on("msg:custom", heard);
  const append = { type: "append" as const, from: 1, series: [] };
  const buffers = [new DataView(new ArrayBuffer(8))];

  grow(
    fakeRun({ charts }),
    { type: "grow", metrics: {}, charts: { "1": append }, tables: [] },
    buffers,
  );

  expect(heard).toHaveBeenCalledExactlyOnceWith(append, buffers);
});

test("the buffers that came as one are taken apart", () => {
  const whole = new DataView(new Float64Array([9, 1, 2, 3]).buffer, 8);

  const buffers = buffersIn(whole, [16, 0, 8]);

  expect(buffers.map((part) => [...floats(part)])).toEqual([[1, 2], [], [3]]);
  expect(buffersIn(undefined, [])).toEqual([]);
});

test("metrics are told by their new texts, those that are new as wholes", () => {
  const [loss, rate] = ["loss", "rate"].map((name) => ({ name, kind: "scalar", text: "1", at: 5 }));
  const model = fakeRun({ metrics: [loss as Metric] });
  const lost = vi.fn();
  model.on("lost", lost);
  const tell = (metrics: Grow["metrics"]) =>
    grow(model, { type: "grow", metrics, charts: {}, tables: [] }, []);

  tell({ 0: "0.5", 1: rate as Metric });
  expect(model.get("metrics")).toEqual([{ ...loss, text: "0.5" }, rate]);
  expect(lost).not.toHaveBeenCalled();

  tell({ 3: "7" });
  expect(model.get("metrics")).toHaveLength(2);
  expect(lost).toHaveBeenCalledOnce();
});

const [x, y, at] = [buffer([0, 1]), buffer([5, 6]), buffer([8, 9])];
const NEW = {
  ...{ type: "whole" as const, name: "new", kind: "metric", x_label: "step", y_label: "new" },
  series: [{ name: "new", color: "#000", total: 2 }],
  data: [{ x: 0, y: 1, at: 2 }],
};

test("a chart that is new is made behind the others, and hears what comes then", () => {
  const model = fakeRun({ charts: [fakeChart({ a: [[0], [1]] }).model] });

  grow(model, { type: "grow", metrics: {}, charts: { "1": NEW }, tables: [] }, [x, y, at]);
  const more = { type: "append" as const, from: 2, series: [{ x: 0, y: 1, at: 2, total: 4 }] };
  grow(model, { type: "grow", metrics: {}, charts: { "1": more }, tables: [] }, [x, y, at]);

  const made = model.get("charts")[1];
  expect(made?.get("name")).toBe("new");
  expect([...(made ? chartOf(made).lines : [])].map((line) => [...line.y])).toEqual([[5, 6, 5, 6]]);
});

test("the whole renews a chart that is here, but not one that knows more", () => {
  const known = fakeChart({ new: [[0], [1]] }).model;
  const model = fakeRun({ charts: [known] });
  const changed = vi.fn();
  known.on("change:data", changed);

  grow(model, { type: "grow", metrics: {}, charts: { "0": NEW }, tables: [] }, [x, y, at]);
  expect(chartOf(known).total).toBe(2);
  grow(model, { type: "grow", metrics: {}, charts: { "0": NEW }, tables: [] }, [x, y, at]);

  expect(changed).toHaveBeenCalledOnce();
});

test("a chart without those before it was lost, and all is asked for", () => {
  const model = fakeRun();
  const lost = vi.fn();
  model.on("lost", lost);

  grow(model, { type: "grow", metrics: {}, charts: { "3": NEW }, tables: [] }, [x, y, at]);

  expect(lost).toHaveBeenCalledOnce();
  expect(model.get("charts")).toEqual([]);
});

test("a state that comes again goes into the charts that are here", () => {
  const state = { ...NEW, data: [{ x, y, at }] };
  const [here, again] = [makeChart(state, null), makeChart(state, null)];

  expect(merged([here], [again])).toEqual([here]);
  expect(merged([here], [again])[0]).toBe(here);
});

test("rows come behind those that they follow, once however often they are sent", () => {
  const news = [{ ...TABLE, from: 2, rows: [[2]], at: [12], total: 3 }];

  const once = lengthened([TABLE], news);
  const twice = lengthened(once.tables, news);

  expect(once).toEqual({
    tables: [{ ...TABLE, rows: [[0], [1], [2]], at: [10, 11, 12], total: 3 }],
    lost: false,
  });
  expect(twice).toEqual(once);
});

test("a new table begins, others stay as they are", () => {
  const { tables } = lengthened(
    [TABLE],
    [{ name: "u", columns: ["m"], from: 0, rows: [[9]], at: [10], total: 1 }],
  );

  expect(tables.map(({ name }) => name)).toEqual(["t", "u"]);
  expect(tables[0]).toBe(TABLE);
});

test("rows that were lost are noticed", () => {
  const model = fakeRun({ tables: [TABLE] });
  const lost = vi.fn();
  model.on("lost", lost);

  grow(
    model,
    {
      type: "grow",
      metrics: {},
      charts: {},
      tables: [{ ...TABLE, from: 5, rows: [[5]], at: [15], total: 6 }],
    },
    [],
  );

  expect(lost).toHaveBeenCalledOnce();
});
