import fc from "fast-check";
import { expect, test } from "vitest";

import { MISSING, NUMBER, numberOf, RunTable } from "../../src/experiment/table.ts";
import { tableOf, told } from "./told.ts";

test("a cell is a number, a text or missing", () => {
  const table = tableOf([{ "tag:a": "x", "metric:m": 1.5 }, { "tag:a": "y" }]);

  expect(table.column("tag", "a")?.text(1)).toBe("y");
  expect(table.column("metric", "m", "last")?.number(0)).toBe(1.5);
  expect(table.column("metric", "m", "last")?.code(0)).toBe(NUMBER);
  expect(table.column("metric", "m", "last")?.code(1)).toBe(MISSING);
  expect(table.column("metric", "other", "last")).toBeUndefined();
});

test("a column may have numbers in some runs and texts in others", () => {
  const column = tableOf([{ "metric:m": 2 }, { "metric:m": "two" }]).column("metric", "m", "last");

  expect([column?.number(0), column?.text(0)]).toEqual([2, ""]);
  expect([column?.number(1), column?.text(1)]).toEqual([Number.NaN, "two"]);
  expect(column?.hasTexts).toBe(true);
});

test("what is new is added, and what has changed is changed", () => {
  const table = new RunTable();
  const first = told([{ status: "Running", "metric:loss": 0.9 }]);
  table.take(first.told, first.buffers);
  const next = told([{ status: "Running", "metric:loss": 0.5 }], { from: 0, version: 1 });

  expect(table.take(next.told, next.buffers)).toBe(true);
  const more = told([{ status: "Queued" }], { first: 1, from: 1, version: 2 });
  expect(table.take(more.told, more.buffers)).toBe(true);

  expect(table.size).toBe(2);
  expect(table.column("metric", "loss", "last")?.number(0)).toBe(0.5);
  expect(table.column("run", "status")?.text(1)).toBe("Running"); // the second list's first word
});

test("a lost message is noticed, and the whole mends it", () => {
  const table = tableOf([{ "metric:loss": 1 }]);
  const later = told([{ "metric:loss": 3 }], { first: 2, from: 2, version: 3 });

  expect(table.take(later.told, later.buffers)).toBe(false);
  const whole = told([{ "metric:loss": 1 }, { "metric:loss": 2 }, { "metric:loss": 3 }], {
    from: 3,
    version: 3,
  });
  expect(table.take(whole.told, whole.buffers)).toBe(true);

  expect(
    Array.from(table.rows(), (row) => table.column("metric", "loss", "last")?.number(row)),
  ).toEqual([1, 2, 3]);
});

test("a run that was deleted is gone, and the others keep their rows", () => {
  const table = tableOf([{}, {}, {}]);
  const news = told([], { first: 3, from: 0, version: 1, gone: [1] });
  table.take(news.told, news.buffers);

  expect([...table.rows()]).toEqual([0, 2]);
  expect(table.rowOf("id1")).toBeUndefined();
  expect(table.rowOf("id2")).toBe(2);
  expect(table.size).toBe(2);
});

test("metrics that one run each has are found, and in no other run", () => {
  const runs = Array.from({ length: 1000 }, (_, i) => ({ [`metric:m${i}`]: i }));
  const table = tableOf(runs);

  expect(table.column("metric", "m999", "last")?.number(999)).toBe(999);
  expect(table.column("metric", "m999", "last")?.code(0)).toBe(MISSING);
});

test("any cells come back as they were told", () => {
  const cell = fc.oneof(fc.double(), fc.string(), fc.constant(null), fc.constant(undefined));
  fc.assert(
    fc.property(fc.array(fc.record({ "tag:a": cell, "metric:b": cell })), (runs) => {
      const table = tableOf(runs);

      runs.forEach((run, row) => {
        for (const [column, value] of [
          [table.column("tag", "a"), run["tag:a"]],
          [table.column("metric", "b", "last"), run["metric:b"]],
        ] as const) {
          if (typeof value === "string") expect(column?.text(row)).toBe(value);
          else if (typeof value === "number") expect(column?.number(row)).toBe(value);
          else expect(column?.code(row) ?? MISSING).toBe(MISSING);
        }
      });
    }),
  );
});

test.each([
  ["0.1", 0.1],
  ["1e-3", 0.001],
  [" -2. ", -2],
  [".5", 0.5],
  ["", Number.NaN],
  ["0x10", Number.NaN],
  ["1_000", Number.NaN],
  ["nan", Number.NaN],
  ["Infinity", Number.NaN],
  ["3 cats", Number.NaN],
])("the label %j is the number %d", (text, number) => {
  expect(numberOf(text)).toBe(number);
});
