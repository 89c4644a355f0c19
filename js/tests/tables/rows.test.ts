import fc from "fast-check";
import { expect, test } from "vitest";

import type { Cell } from "../../src/model.ts";
import { arranged, isNumeric, type Rows } from "../../src/tables/rows.ts";

function rowsOf(cells: Cell[][]): Rows {
  return { length: cells.length, cell: (row, column) => cells[row]?.[column] ?? null };
}

const column = (cells: Cell[]) => rowsOf(cells.map((cell) => [cell]));

test("numbers are sorted as numbers, also those that a file has as text", () => {
  const rows = column([10, 9, "1e2", " 2 ", -1, true]);

  expect([...arranged(rows, 1, "", { column: 0, descending: false })]).toEqual([4, 5, 3, 1, 0, 2]);
  expect([...arranged(rows, 1, "", { column: 0, descending: true })]).toEqual([2, 0, 1, 3, 5, 4]);
});

test("what is missing or no number comes last in either direction", () => {
  const rows = column([null, 2, "NaN", 1, "", "Infinity"]);

  expect([...arranged(rows, 1, "", { column: 0, descending: false })]).toEqual([3, 1, 5, 2, 0, 4]);
  expect([...arranged(rows, 1, "", { column: 0, descending: true })]).toEqual([5, 1, 3, 2, 0, 4]);
});

test("texts are sorted as people do, and equal rows stay as they were", () => {
  const rows = rowsOf([
    ["run 10", 1],
    ["run 9", 1],
    ["Run 9", 1],
  ]);

  expect([...arranged(rows, 2, "", { column: 0, descending: false })].at(-1)).toBe(0);
  expect([...arranged(rows, 2, "", { column: 1, descending: true })]).toEqual([0, 1, 2]);
});

test("a filter leaves the rows that have the text in some cell", () => {
  const rows = rowsOf([
    ["cat", 1],
    ["dog", 12],
    ["catalogue", null],
  ]);

  expect([...arranged(rows, 2, " CAT ", null)]).toEqual([0, 2]);
  expect([...arranged(rows, 2, "1", null)]).toEqual([0, 1]);
  expect([...arranged(rows, 2, "nothing", null)]).toEqual([]);
});

test("no row is lost or doubled by sorting", () => {
  const cell = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null));
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 2 })), (cells) => {
      const places = arranged(rowsOf(cells), 2, "", { column: 1, descending: true });
      expect([...places].sort((a, b) => a - b)).toEqual(cells.map((_, place) => place));
    }),
  );
});

test("a column is numeric when all that it has are numbers", () => {
  expect(isNumeric(column([null, 1, "2", "NaN"]), 0)).toBe(true);
  expect(isNumeric(column([1, "two"]), 0)).toBe(false);
  expect(isNumeric(column([null, ""]), 0)).toBe(false);
});
