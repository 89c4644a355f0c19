import { expect, test, vi } from "vitest";

import { grow, lengthened } from "../src/grow.ts";
import { fakeChart, fakeRun } from "./fake_model.ts";

const TABLE = { name: "t", columns: ["n"], rows: [[0], [1]], total: 2 };

test("each chart gets its part of the message, with the buffers of all", () => {
  const charts = [fakeChart({ a: [[0], [1]] }).model, fakeChart({ b: [[0], [1]] }).model];
  const heard = vi.fn();
  charts[1]?.on("msg:custom", heard);
  const append = { type: "append" as const, from: 1, series: [] };
  const buffers = [new DataView(new ArrayBuffer(8))];

  grow(
    fakeRun({ charts }),
    { type: "grow", charts: { "1": append, "7": append }, tables: [] },
    buffers,
  );

  expect(heard).toHaveBeenCalledExactlyOnceWith(append, buffers);
});

test("rows come behind those that they follow, once however often they are sent", () => {
  const news = [{ ...TABLE, from: 2, rows: [[2]], total: 3 }];

  const once = lengthened([TABLE], news);
  const twice = lengthened(once.tables, news);

  expect(once).toEqual({ tables: [{ ...TABLE, rows: [[0], [1], [2]], total: 3 }], lost: false });
  expect(twice).toEqual(once);
});

test("a new table begins, others stay as they are", () => {
  const { tables } = lengthened(
    [TABLE],
    [{ name: "u", columns: ["m"], from: 0, rows: [[9]], total: 1 }],
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
    { type: "grow", charts: {}, tables: [{ ...TABLE, from: 5, rows: [[5]], total: 6 }] },
    [],
  );

  expect(lost).toHaveBeenCalledOnce();
});
