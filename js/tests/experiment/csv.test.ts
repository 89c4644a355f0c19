import { expect, test } from "vitest";

import { NUMBER_ID } from "../../src/experiment/columns.ts";
import { csvOf } from "../../src/experiment/csv.ts";
import { idOf, tableOf } from "./told.ts";

test("runs are saved in their order and columns, with all digits, and with their ids", () => {
  const table = tableOf([
    { id: "a", "metric:loss": 1 / 3, created: 0, "tag:model": 'a "big", one' },
    { id: "b", "metric:loss": Number.NaN, started: 10, ended: 12.5 },
  ]);
  const columns = [NUMBER_ID, "created", "duration", "tag:model", "metric:loss"].map((name) =>
    name === NUMBER_ID ? name : idOf(name),
  );

  const lines = csvOf(table, Uint32Array.from([1, 0]), columns).split("\r\n");

  expect(lines).toEqual([
    "Run,Created,Duration (s),model,loss,Run id",
    "2,,2.5,,NaN,b",
    '1,1970-01-01T00:00:00.000Z,,"a ""big"", one",0.3333333333333333,a',
    "",
  ]);
});

test("a text of a stranger's is no formula", () => {
  const table = tableOf([{ id: "a", "tag:x": "=1+1" }]);

  expect(csvOf(table, table.rows(), [idOf("tag:x")])).toContain("'=1+1");
});
