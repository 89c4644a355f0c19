/** Which runs are shown, and in which order. Pure. */

import { defaultColumns, NUMBER_ID, type Shown, shown, statusOf } from "./columns.ts";
import type { Column, RunTable } from "./table.ts";

/** A condition on one column: a range of numbers, or some of its words. */
export type Rule =
  | { column: string; min: number | null; max: number | null }
  | { column: string; words: string[] };

export type Sort = { column: string; descending: boolean };

export type Query = {
  text: string;
  /** None: all. */
  statuses: string[];
  rules: Rule[];
  children: boolean;
  sort: Sort[];
};

/** The newest runs first, all of them but children. */
export const ALL: Query = {
  text: "",
  statuses: [],
  rules: [],
  children: false,
  sort: [{ column: NUMBER_ID, descending: true }],
};

/** The rows that a query asks for, in its order. */
export function select(table: RunTable, query: Query): Uint32Array {
  return sorted(table, filtered(table, query), query.sort);
}

/** The rows that a query asks for, in the table's order. */
export function filtered(table: RunTable, query: Query): Uint32Array {
  const tests = [
    ...(query.children ? [] : [isTop(table)]),
    ...(query.statuses.length > 0 ? [hasStatus(table, query.statuses)] : []),
    ...query.rules.flatMap((rule) => obeys(table, rule)),
    ...terms(query.text).map((term) => mentions(table, term)),
  ];
  return table.rows().filter((row) => tests.every((test) => test(row)));
}

/** The columns until somebody chooses: none that only child runs fill, where those are not listed. */
export function columnsAtFirst(table: RunTable, query: Query): string[] {
  const ids = defaultColumns(table);
  const listed = query.children ? table.rows() : table.rows().filter(isTop(table));
  if (listed.length === 0 || listed.length === table.size) return ids;
  return ids.filter((id) => {
    const column = shown(table, id);
    return column !== null && listed.some((row) => column.has(row));
  });
}

type Test = (row: number) => boolean;

/** A run whose parent is not in this list stands on top itself. */
function isTop(table: RunTable): Test {
  const parents = table.column("run", "parent");
  return (row) => {
    const parent = parents?.text(row);
    return !parent || table.rowOf(parent) === undefined;
  };
}

function hasStatus(table: RunTable, statuses: string[]): Test {
  const wanted = new Set(statuses);
  return (row) => wanted.has(statusOf(table, row));
}

/** A rule on a column that the table does not have (yet) is no rule. */
function obeys(table: RunTable, rule: Rule): Test[] {
  const column = shown(table, rule.column);
  if (!column) return [];
  if ("words" in rule) {
    const wanted = new Set(rule.words);
    return [(row) => wanted.has(column.text(row))];
  }
  const [min, max] = [rule.min ?? Number.NEGATIVE_INFINITY, rule.max ?? Number.POSITIVE_INFINITY];
  // NaN is in no range.
  return [
    (row) => {
      const value = column.number(row);
      return value >= min && value <= max;
    },
  ];
}

/** What stands between spaces, or between quotes; all of it must be found. */
function terms(text: string): string[] {
  const found = text.toLowerCase().match(/"[^"]*"|\S+/g) ?? [];
  return found.map((term) => term.replaceAll('"', "")).filter(Boolean);
}

const SEARCHED = new Set(["run", "tag", "property", "argument", "metric"]);

/**
 * Whether a run has `term` in its number, id, name, a label or a text that it logged.
 *
 * A column's words are searched once, not once a row. `lr=0.1` asks the label `lr` alone.
 */
function mentions(table: RunTable, term: string): Test {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(term) ?? [];
  const number = /^#?(\d+)$/.exec(term)?.[1];
  const columns = [...table.columns.values()].filter(({ key }) => SEARCHED.has(key[0]));
  const asked =
    name === undefined ? [] : columns.filter(({ key }) => key[1].toLowerCase() === name);
  if (asked.length > 0) return inWords(asked, (word) => word.startsWith(value ?? ""));
  const words = inWords(columns, (word) => word.includes(term));
  const numbers = table.column("run", "number");
  return (row) =>
    words(row) ||
    (number !== undefined && numbers?.number(row) === Number(number)) ||
    (table.ids[row] ?? "").toLowerCase().startsWith(term);
}

function inWords(columns: Column[], fits: (word: string) => boolean): Test {
  const hits = columns.flatMap((column) => {
    const codes = new Set<number>();
    column.words.forEach((word, code) => {
      if (fits(word.toLowerCase())) codes.add(code);
    });
    return codes.size > 0 ? [{ column, codes }] : [];
  });
  return (row) => hits.some(({ column, codes }) => codes.has(column.code(row)));
}

/** `rows` in the order of `sorts`, the first of them first; what has no value comes last. */
export function sorted(table: RunTable, rows: Uint32Array, sorts: Sort[]): Uint32Array {
  const columns = sorts.flatMap(({ column, descending }) => {
    const found = shown(table, column);
    return found ? [{ column: found, descending }] : [];
  });
  const newest = shown(table, NUMBER_ID);
  // What is alike otherwise stays in the order of the newest first.
  if (newest && !sorts.some(({ column }) => column === NUMBER_ID)) {
    columns.push({ column: newest, descending: true });
  }
  const ranks = columns.map(({ column, descending }) => ranked(column, rows, descending));
  const order = Uint32Array.from(rows, (_, place) => place);
  order.sort((a, b) => {
    for (const rank of ranks) {
      const apart = (rank[a] as number) - (rank[b] as number);
      if (apart !== 0) return apart;
    }
    return a - b;
  });
  return order.map((place) => rows[place] as number);
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/**
 * A number for each of `rows` by which to sort them: smaller comes first.
 *
 * Numbers come before texts, in either direction, then NaN, then what has no value.
 */
function ranked(column: Shown, rows: Uint32Array, descending: boolean): Float64Array {
  const values = Float64Array.from(rows, (row) => column.number(row));
  const texts = new Map<string, number>();
  rows.forEach((row, place) => {
    if (Number.isNaN(values[place])) texts.set(column.has(row) ? column.text(row) : "", 0);
  });
  const finite = values.filter((value) => !Number.isNaN(value)).sort();
  const sign = descending ? -1 : 1;
  const ordered = [...texts.keys()].sort((a, b) => sign * collator.compare(a, b));
  ordered.forEach((text, rank) => {
    texts.set(text, rank);
  });
  const places = new Map<number, number>();
  finite.forEach((value) => {
    if (!places.has(value)) places.set(value, places.size);
  });
  const last = places.size + texts.size;
  return Float64Array.from(rows, (row, place) => {
    const value = values[place] as number;
    if (!Number.isNaN(value)) {
      const rank = places.get(value) as number;
      return descending ? places.size - 1 - rank : rank;
    }
    if (!column.has(row)) return last + 1;
    const text = column.text(row);
    return text === "NaN" ? last : places.size + (texts.get(text) as number);
  });
}
