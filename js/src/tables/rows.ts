/** Which rows of a table are shown, and in which order. Pure. */

import type { Cell } from "../model.ts";

/** A table as its cells; rows may be added while somebody looks. */
export type Rows = { readonly length: number; cell(row: number, column: number): Cell };

export type Order = { column: number; descending: boolean };

/** The places of the rows that have `wanted` in some cell, in the order of a column's values. */
export function arranged(
  rows: Rows,
  columns: number,
  wanted: string,
  order: Order | null,
): Uint32Array {
  const text = wanted.trim().toLowerCase();
  const kept: number[] = [];
  for (let row = 0; row < rows.length; row++) {
    if (!text || has(rows, row, columns, text)) kept.push(row);
  }
  const places = Uint32Array.from(kept);
  return order ? sorted(rows, places, order) : places;
}

function has(rows: Rows, row: number, columns: number, text: string): boolean {
  for (let column = 0; column < columns; column++) {
    if (
      String(rows.cell(row, column) ?? "")
        .toLowerCase()
        .includes(text)
    )
      return true;
  }
  return false;
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** Numbers before texts, nothing last in either direction; equal ones stay as they were. */
function sorted(rows: Rows, places: Uint32Array, { column, descending }: Order): Uint32Array {
  const keys = Array.from(places, (row) => keyOf(rows.cell(row, column)));
  const sign = descending ? -1 : 1;
  const order = Array.from(places.keys()).sort((a, b) => {
    const [left, right] = [keys[a] as Key, keys[b] as Key];
    if (left.rank !== right.rank) {
      // What is missing, or no number, has no place in either direction.
      return left.rank > 1 || right.rank > 1
        ? left.rank - right.rank
        : sign * (left.rank - right.rank);
    }
    if (left.rank === 0) return sign * (left.number - right.number) || a - b;
    return sign * collator.compare(left.text, right.text) || a - b;
  });
  return Uint32Array.from(order, (place) => places[place] as number);
}

type Key = { rank: number; number: number; text: string };

const NUMBERS: Record<string, number> = {
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

function keyOf(cell: Cell): Key {
  if (cell === null || cell === "") return { rank: 3, number: 0, text: "" };
  if (cell === "NaN") return { rank: 2, number: 0, text: "" };
  const number = typeof cell === "string" ? (NUMBERS[cell] ?? numberOf(cell)) : Number(cell);
  if (Number.isNaN(number)) return { rank: 1, number: 0, text: String(cell) };
  return { rank: 0, number, text: "" };
}

/** The number that a text is, as CSV files have them. */
function numberOf(text: string): number {
  return /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/.test(text)
    ? Number.parseFloat(text)
    : Number.NaN;
}

/** Whether what a column has are numbers, as far as its first rows tell. */
export function isNumeric(rows: Rows, column: number): boolean {
  let any = false;
  for (let row = 0; row < Math.min(rows.length, 200); row++) {
    const { rank } = keyOf(rows.cell(row, column));
    if (rank === 1) return false;
    any ||= rank === 0;
  }
  return any;
}
