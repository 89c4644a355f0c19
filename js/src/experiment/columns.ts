/** What a person can choose to see of a run: each column with its values, to sort and to read. */

import { duration, number, time, took, words } from "../format.ts";
import { alike } from "./digits.ts";
import type { Key } from "./model.ts";
import { type Column, keyText, MISSING, NUMBER, type RunTable } from "./table.ts";

export type Form = "number" | "text" | "time" | "duration" | "status";

/** One column as it is shown. Its values are read anew at each call: cells change. */
export type Shown = {
  /** Its key as text, under which views remember it. */
  id: string;
  key: Key;
  label: string;
  form: Form;
  has(row: number): boolean;
  /** NaN where there is none. */
  number(row: number): number;
  /** As a person reads it; empty where there is none. */
  text(row: number): string;
};

/** What of a repeated metric can be a column. */
export const FIELDS = ["best", "last", "min", "max", "count"] as const;

const DERIVED = ["duration", "id"];

/** Facts of a run, in the order in which they are offered. */
const FACTS: Record<string, [label: string, form: Form]> = {
  number: ["Run", "number"],
  name: ["Name", "text"],
  status: ["Status", "status"],
  duration: ["Duration", "duration"],
  created: ["Created", "time"],
  started: ["Started", "time"],
  ended: ["Ended", "time"],
  type: ["Type", "text"],
  script: ["Script", "text"],
  "created by": ["Created by", "text"],
  parent: ["Parent", "text"],
  error: ["Error", "text"],
  id: ["Run id", "text"],
};

export const NUMBER_ID = keyText(["run", "number", ""]);
export const NAME_ID = keyText(["run", "name", ""]);
export const STATUS_ID = keyText(["run", "status", ""]);
export const DURATION_ID = keyText(["run", "duration", ""]);
export const RUN_ID = keyText(["run", "id", ""]);
export const CREATED_ID = keyText(["run", "created", ""]);

/** The id of a metric's column: the best value where its goal is known, else the last. */
export function metricId(table: RunTable, name: string): string {
  return keyText(["metric", name, name in table.goals ? "best" : "last"]);
}

/** A key from an id that may come from anywhere; null where it is none. */
export function keyOf(id: string): Key | null {
  try {
    const key = JSON.parse(id);
    const fits = Array.isArray(key) && key.length === 3 && key.every((x) => typeof x === "string");
    return fits ? (key as Key) : null;
  } catch {
    return null;
  }
}

/** The column with this id; null where the table has none. */
export function shown(table: RunTable, id: string): Shown | null {
  const key = keyOf(id);
  if (!key) return null;
  const [group, name, field] = key;
  if (group === "run") return fact(table, id, key);
  if (group === "metric") return metric(table, id, key);
  const column = table.column(group, name, field);
  const label = labelOf(table, group, name);
  if (!column) return null;
  const base = plain(id, column, label, column.hasTexts ? "text" : "number");
  return { ...base, text: (row) => unspun(base.text(row)) };
}

/** `0.30000000000000004` as `0.3`: digits of binary fractions, which nobody has written. */
function unspun(text: string): string {
  return /^-?\d+\.\d{12,}$/.test(text) ? number(Number(text)) : text;
}

/** The kinds of columns that a run's user names, by whose name is the plain one. */
const KINDS = { metric: "metric", argument: "parameter", tag: "tag", property: "property" };

/** A column's name, and its kind where another kind has that name too. */
function labelOf(table: RunTable, group: string, name: string): string {
  for (const other of Object.keys(KINDS)) {
    if (other === group) return name;
    const field = other === "metric" ? "last" : "";
    if (table.column(other, name, field)) return `${name} (${KINDS[group as keyof typeof KINDS]})`;
  }
  return name;
}

function fact(table: RunTable, id: string, key: Key): Shown | null {
  const about = FACTS[key[1]];
  if (!about) return null;
  const [label, form] = about;
  if (key[1] === "duration") return durations(table, id, key, label);
  if (key[1] === "id") {
    const text = (row: number) => table.ids[row] ?? "";
    return { id, key, label, form, has: () => true, number: () => Number.NaN, text };
  }
  const column = table.column("run", key[1]);
  if (!column) return null;
  const base = plain(id, column, label, form);
  if (form === "time") {
    return { ...base, text: (row) => (base.has(row) ? time(base.number(row)) : "") };
  }
  return form === "status" ? { ...base, text: (row) => words(column.text(row)) } : base;
}

function durations(table: RunTable, id: string, key: Key, label: string): Shown {
  const value = (row: number) => {
    const started = table.column("run", "started")?.number(row) ?? Number.NaN;
    const ended = table.column("run", "ended")?.number(row) ?? Number.NaN;
    if (!Number.isNaN(ended)) return Math.max(0, ended - started);
    return isOver(table, row) ? Number.NaN : Math.max(0, table.now() - started);
  };
  return {
    id,
    key,
    label,
    form: "duration",
    has: (row) => !Number.isNaN(value(row)),
    number: value,
    text: (row) => {
      const seconds = value(row);
      if (Number.isNaN(seconds)) return "";
      return isOver(table, row) ? took(seconds) : duration(seconds);
    },
  };
}

function metric(table: RunTable, id: string, key: Key): Shown | null {
  const [, name, field] = key;
  const last = table.column("metric", name, "last");
  if (!last) return null;
  const low = table.column("metric", name, "min");
  const high = table.column("metric", name, "max");
  const goal = table.goals[name];
  const label = field === "last" || field === "best" ? name : `${name} (${field})`;
  if (field === "count") {
    const count = table.column("metric", name, "count");
    const value = (row: number) =>
      last.code(row) === MISSING ? Number.NaN : count?.number(row) || 1;
    const has = (row: number) => last.code(row) !== MISSING;
    const text = (row: number) => (has(row) ? number(value(row)) : "");
    return { id, key, label, form: "number", has, number: value, text };
  }
  const extreme =
    field === "min" || (field === "best" && goal === "minimize")
      ? low
      : field === "max" || (field === "best" && goal === "maximize")
        ? high
        : undefined;
  const base = plain(id, last, label, last.hasTexts ? "text" : "number");
  if (!extreme) return base;
  // A value that was logged once is its own extreme.
  const of = (row: number) => (extreme.code(row) === MISSING ? last : extreme);
  const value = (row: number) => of(row).number(row);
  const write = writer(last, value);
  return { ...base, number: value, text: (row) => cellText(of(row), row, write) };
}

function plain(id: string, column: Column, label: string, form: Form): Shown {
  const value = (row: number) => column.number(row);
  const write = writer(column, value);
  return {
    id,
    key: column.key,
    label,
    form,
    has: (row) => column.code(row) !== MISSING,
    number: value,
    text: (row) => cellText(column, row, write),
  };
}

/** Writes the numbers of a column alike, as they were logged among texts; looks at them late. */
function writer(column: Column, value: (row: number) => number): (value: number) => string {
  let write: ((value: number) => string) | null = null;
  return (one) => {
    write ??= column.hasTexts ? number : alike(Array.from(sampled(column.rows), value));
    return write(one);
  };
}

/** Rows that stand for all, where there are many. */
function sampled(rows: Uint32Array): Uint32Array {
  const stride = Math.ceil(rows.length / SAMPLED);
  return stride > 1 ? rows.filter((_, i) => i % stride === 0) : rows;
}

const SAMPLED = 200;

function cellText(column: Column, row: number, write: (value: number) => string): string {
  const code = column.code(row);
  if (code === MISSING) return "";
  return code === NUMBER ? write(column.number(row)) : (column.words[code] ?? "");
}

const OVER = new Set(["Completed", "Failed", "Canceled"]);

/** Whether a run has ended for good. */
export function isOver(table: RunTable, row: number): boolean {
  return OVER.has(statusOf(table, row));
}

export function statusOf(table: RunTable, row: number): string {
  return table.column("run", "status")?.text(row) ?? "";
}

/** The run's number, or its place where it has none. */
export function numberOfRun(table: RunTable, row: number): number {
  const number = table.column("run", "number")?.number(row) ?? Number.NaN;
  return Number.isNaN(number) ? row + 1 : number;
}

/** Whether a column's values can be drawn: some are numbers, or read as numbers. */
export function isNumeric(column: Shown, rows: Uint32Array): boolean {
  return rows.some((row) => Number.isFinite(column.number(row)));
}

/** A group of columns to choose from, with how many cells each has. */
export type Choice = { group: string; columns: { id: string; label: string; cells: number }[] };

/** All that can be chosen; of a metric, one entry whatever the field. */
export function choices(table: RunTable): Choice[] {
  const facts = Object.entries(FACTS)
    .filter(([name]) => DERIVED.includes(name) || table.column("run", name))
    .map(([name, [label]]) => {
      const cells = table.column("run", name)?.count ?? table.size;
      return { id: keyText(["run", name, ""]), label, cells };
    });
  const of = (group: string) =>
    [...table.columns.values()]
      .filter(({ key }) => key[0] === group && (group !== "metric" || key[2] === "last"))
      .map(({ key, count }) => {
        const id = group === "metric" ? metricId(table, key[1]) : keyText(key);
        return { id, label: key[1], cells: count };
      });
  return [
    { group: "Run", columns: facts },
    { group: "Parameters", columns: of("argument") },
    { group: "Tags", columns: of("tag") },
    { group: "Metrics", columns: of("metric") },
    { group: "Properties", columns: of("property") },
  ].filter(({ columns }) => columns.length > 0);
}

/** Most columns of a kind that a table shows before anybody has chosen. */
const MOST = { argument: 6, tag: 6, metric: 8 };

/** The columns of a table that nobody has edited: those that most runs have. */
export function defaultColumns(table: RunTable): string[] {
  const facts = [NUMBER_ID, NAME_ID, STATUS_ID, DURATION_ID].filter(
    (id) => id !== NAME_ID || (table.column("run", "name")?.count ?? 0) > 0,
  );
  const most = (group: keyof typeof MOST) => {
    const columns = [...table.columns.values()].filter(
      (column) => column.key[0] === group && (group !== "metric" || column.key[2] === "last"),
    );
    // What is the same for all tells none from another.
    const telling = columns.filter(({ key, words, count }) => {
      return key[0] === "metric" || count < 3 || count < table.size || words.length > 1;
    });
    const weight = ({ key, count }: Column) => count * (key[1] in table.goals ? 2 : 1);
    const kept = telling.map((column, place) => ({ column, place }));
    kept.sort((a, b) => weight(b.column) - weight(a.column) || a.place - b.place);
    // In the order in which they came, but for what few runs have.
    const isRare = ({ column }: (typeof kept)[number]) => Number(2 * column.count < table.size);
    return kept
      .slice(0, MOST[group])
      .sort((a, b) => isRare(a) - isRare(b) || a.place - b.place)
      .map(({ column }) =>
        group === "metric" ? metricId(table, column.key[1]) : keyText(column.key),
      );
  };
  return [...facts, ...most("argument"), ...most("tag"), ...most("metric")];
}
