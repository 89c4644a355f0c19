import fc from "fast-check";
import { expect, test } from "vitest";

import {
  ALL,
  columnsAtFirst,
  filtered,
  type Query,
  select,
  sorted,
} from "../../src/experiment/query.ts";
import { numberOf } from "../../src/experiment/table.ts";
import { type Cells, idOf, tableOf } from "./told.ts";

const RUNS: Cells[] = [
  { id: "aa", name: "first", "tag:lr": "0.1", "tag:model": "svm", "metric:acc": 0.9 },
  { id: "bb", name: "second", "tag:lr": "0.01", "tag:model": "mlp", "metric:acc": Number.NaN },
  { id: "cc", name: "third", "tag:lr": "10", status: "Failed" },
  { id: "dd", name: "child", parent: "aa", "tag:model": "svm", "metric:acc": 0.7 },
];

function found(query: Partial<Query>): string[] {
  const table = tableOf(RUNS);
  return Array.from(select(table, { ...ALL, ...query }), (row) => table.ids[row] ?? "");
}

test("the newest runs come first, without children", () => {
  expect(found({})).toEqual(["cc", "bb", "aa"]);
  expect(found({ children: true })).toEqual(["dd", "cc", "bb", "aa"]);
});

test("what only child runs have is no column until they are listed", () => {
  const table = tableOf([
    { id: "sweep", "tag:by": "me" },
    { id: "a", parent: "sweep", "tag:lr": "0.1", "metric:acc": 0.9 },
    { id: "b", parent: "sweep", "tag:lr": "0.2", "metric:acc": 0.8 },
  ]);
  const columns = (children: boolean) => columnsAtFirst(table, { ...ALL, children });

  expect(columns(false)).not.toContain(idOf("tag:lr"));
  expect(columns(false)).toContain(idOf("tag:by"));
  expect(columns(true)).toContain(idOf("tag:lr"));
});

test("a child whose parent is not here stands alone", () => {
  const table = tableOf([{ id: "x", parent: "gone" }]);

  expect([...filtered(table, ALL)]).toEqual([0]);
});

test.each([
  ["svm", ["aa"]],
  ["SVM", ["aa"]],
  ["first", ["aa"]],
  ["lr=0.1", ["aa"]],
  ["lr=0", ["bb", "aa"]],
  ["model=mlp", ["bb"]],
  ["2", ["bb"]],
  ["#3", ["cc"]],
  ["bb", ["bb"]],
  ["svm first", ["aa"]],
  ["svm second", []],
  ['"sec"', ["bb"]],
  ["nothing", []],
  ["", ["cc", "bb", "aa"]],
])("searching for %j finds %j", (text, ids) => {
  expect(found({ text })).toEqual(ids);
});

test("a status, a range and words narrow down", () => {
  expect(found({ statuses: ["Failed"] })).toEqual(["cc"]);
  expect(found({ rules: [{ column: idOf("metric:acc"), min: 0.8, max: null }] })).toEqual(["aa"]);
  expect(found({ rules: [{ column: idOf("tag:lr"), min: 0.05, max: 20 }] })).toEqual(["cc", "aa"]);
  expect(found({ rules: [{ column: idOf("tag:model"), words: ["mlp", ""] }] })).toEqual([
    "cc",
    "bb",
  ]);
});

test("a rule on a column that no run has yet asks nothing", () => {
  expect(found({ rules: [{ column: idOf("tag:later"), words: ["x"] }] })).toHaveLength(3);
});

test("numbers sort by value, texts after them, then NaN, then what is missing", () => {
  const table = tableOf([
    { "metric:m": Number.NaN },
    {},
    { "metric:m": "b" },
    { "metric:m": 10 },
    { "metric:m": 9 },
    { "metric:m": "a" },
    { "metric:m": Number.NEGATIVE_INFINITY },
  ]);
  const by = (descending: boolean) => [
    ...sorted(table, table.rows(), [{ column: idOf("metric:m"), descending }]),
  ];

  expect(by(false)).toEqual([6, 4, 3, 5, 2, 0, 1]);
  expect(by(true)).toEqual([3, 4, 6, 2, 5, 0, 1]);
});

test("what is alike is sorted by the next column, then the newest first", () => {
  const table = tableOf([
    { "tag:a": "x", "tag:b": "2" },
    { "tag:a": "x", "tag:b": "1" },
    { "tag:a": "w", "tag:b": "9" },
    { "tag:a": "x", "tag:b": "1" },
  ]);

  const order = sorted(table, table.rows(), [
    { column: idOf("tag:a"), descending: true },
    { column: idOf("tag:b"), descending: false },
  ]);

  expect([...order]).toEqual([3, 1, 0, 2]);
});

test("labels that are numbers sort as numbers", () => {
  const table = tableOf([{ "tag:lr": "10" }, { "tag:lr": "9" }, { "tag:lr": "1e-3" }]);

  expect([...sorted(table, table.rows(), [{ column: idOf("tag:lr"), descending: false }])]).toEqual(
    [2, 1, 0],
  );
});

test("sorting keeps every row, whatever is in it", () => {
  const word = fc.string().filter((text) => Number.isNaN(numberOf(text)));
  const cell = fc.oneof(fc.double(), word, fc.constant(undefined));
  fc.assert(
    fc.property(fc.array(cell), fc.boolean(), (cells, descending) => {
      const table = tableOf(cells.map((value) => ({ "metric:m": value })));

      const order = sorted(table, table.rows(), [{ column: idOf("metric:m"), descending }]);

      expect([...order].sort((a, b) => a - b)).toEqual([...table.rows()]);
      const numbers = cells.filter((value) => typeof value === "number" && !Number.isNaN(value));
      const first = [...order].slice(0, numbers.length).map((row) => cells[row] as number);
      expect(first).toEqual(
        [...numbers].sort((a, b) => (descending ? -1 : 1) * ((a as number) - (b as number))),
      );
    }),
  );
});
