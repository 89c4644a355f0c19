import fc from "fast-check";
import { expect, test } from "vitest";

import { rowsOfCsv, separatorOf } from "../../src/files/csv.ts";

test("fields may contain separators, quotes and line ends", () => {
  expect(rowsOfCsv('a,b\r\n"x,y","say ""hi"""\n"two\nlines",2\n', ",")).toEqual([
    ["a", "b"],
    ["x,y", 'say "hi"'],
    ["two\nlines", "2"],
  ]);
});

test("empty fields are fields, empty lines are nothing", () => {
  expect(rowsOfCsv("a,,\n\n,b\n", ",")).toEqual([
    ["a", "", ""],
    ["", "b"],
  ]);
  expect(rowsOfCsv("a,", ",")).toEqual([["a", ""]]);
  expect(rowsOfCsv("", ",")).toEqual([]);
});

test("a quote that never ends takes the rest", () => {
  expect(rowsOfCsv('a,"b\nc', ",")).toEqual([["a", "b\nc"]]);
  expect(rowsOfCsv('"a"b,c', ",")).toEqual([["ab", "c"]]);
});

test("the separator is the one that splits the first line", () => {
  expect(separatorOf('a;b;"c,d,e"\n1,2')).toBe(";");
  expect(separatorOf("a\tb\n")).toBe("\t");
  expect(separatorOf("one column\n1\n")).toBe(",");
  expect(separatorOf("a|b")).toBe("|");
});

test("what was written is read again", () => {
  const field = fc.string({ unit: "grapheme", maxLength: 8 });
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }));
  fc.assert(
    fc.property(rows, fc.constantFrom(",", ";", "\t"), (rows, separator) => {
      const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
      const text = rows.map((row) => row.map(quoted).join(separator)).join("\r\n");
      expect(rowsOfCsv(text, separator)).toEqual(rows);
    }),
  );
});

test("any text ends", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(",", '"', "\n", "\r", "a")), (signs) => {
      rowsOfCsv(signs.join(""), ",");
    }),
  );
});
