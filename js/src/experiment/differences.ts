/** What the compared runs were made of and came to, where that differs. Pure. */

import { metricId, shown } from "./columns.ts";
import { toldApart } from "./digits.ts";
import type { RunTable } from "./table.ts";

/** One name and what each run has under it; null: it has no such thing. */
export type Difference = {
  name: string;
  values: (string | null)[];
  /** Of a metric, how far each is from the first run's; NaN where that cannot be said. */
  apart: number[];
  differs: boolean;
  /** The places of the best values, where it is known which those are. */
  best: number[];
};

export type Section = { title: string; differences: Difference[] };

/** A run's packages by name, for those runs whose packages have come. */
export type Packages = ReadonlyMap<string, Record<string, string>>;

const CODE = /^(azureml\.git\.|mlflow\.source\.git\.|ContentSnapshotId$|run_widgets\.no_snapshot$)/;
/** What those say already, under the names that MLflow's readers look for. */
const TWIN = /^mlflow\.source\.git\./;
const ENVIRONMENT = /^run_widgets\.(python|platform)$/;

/** Every name that some of `rows` have, by section; those that differ first. */
export function sections(table: RunTable, rows: Uint32Array, packages: Packages): Section[] {
  const labels = (group: string, wanted: (name: string) => boolean = () => true) =>
    [...table.columns.values()]
      .filter(({ key }) => key[0] === group && wanted(key[1]))
      .flatMap(({ key }) => fromColumn(table, rows, JSON.stringify(key)));
  const metrics = [...table.columns.values()]
    .filter(({ key }) => key[0] === "metric" && key[2] === "last")
    .flatMap(({ key }) => {
      const found = fromColumn(table, rows, metricId(table, key[1]));
      for (const each of found) {
        each.best = best(table, rows, key[1]);
        each.apart = apart(table, rows, key[1]);
      }
      return found;
    });
  const isCode = (name: string) => CODE.test(name);
  const isTwice = table.column("property", "azureml.git.commit", "") !== undefined;
  const isEnvironment = (name: string) => ENVIRONMENT.test(name);
  return [
    { title: "Parameters", differences: labels("argument") },
    { title: "Tags", differences: labels("tag") },
    { title: "Metrics", differences: metrics },
    {
      title: "Code",
      differences: [
        ...fromColumn(table, rows, JSON.stringify(["run", "script", ""])),
        ...labels("property", (name) => isCode(name) && !(isTwice && TWIN.test(name))),
      ],
    },
    {
      title: "Environment",
      differences: [...labels("property", isEnvironment), ...ofPackages(table, rows, packages)],
    },
    {
      title: "Properties",
      differences: labels("property", (name) => !isCode(name) && !isEnvironment(name)),
    },
  ]
    .map(({ title, differences }) => ({
      title,
      differences: [
        ...differences.filter(({ differs }) => differs),
        ...differences.filter(({ differs }) => !differs),
      ],
    }))
    .filter(({ differences }) => differences.length > 0);
}

function fromColumn(table: RunTable, rows: Uint32Array, id: string): Difference[] {
  const column = shown(table, id);
  if (!column) return [];
  const numbers = Array.from(rows, column.number);
  // What is no metric stands as it was written.
  const isMetric = column.key[0] === "metric" && column.form === "number";
  const write = isMetric ? toldApart(numbers) : null;
  const values = Array.from(rows, (row, i) => {
    if (!column.has(row)) return null;
    return write ? write(numbers[i] as number) : column.text(row);
  });
  return made(column.key[1], unrounded(values, numbers));
}

/** The texts, but for those that are alike only because digits are left out: these with all. */
function unrounded(texts: (string | null)[], numbers: number[]): (string | null)[] {
  const known = new Map<string, number>();
  const blurred = new Set<string>();
  texts.forEach((text, place) => {
    const value = numbers[place] as number;
    if (text === null || Number.isNaN(value)) return;
    if ((known.get(text) ?? value) !== value) blurred.add(text);
    known.set(text, value);
  });
  return texts.map((text, place) =>
    text !== null && blurred.has(text) ? String(numbers[place]) : text,
  );
}

function ofPackages(table: RunTable, rows: Uint32Array, packages: Packages): Difference[] {
  const each = Array.from(rows, (row) => packages.get(table.ids[row] ?? ""));
  // A run that recorded none says nothing of what it had.
  if (each.some((found) => !found || Object.keys(found).length === 0)) return [];
  const names = new Set(each.flatMap((found) => Object.keys(found ?? {})));
  return [...names].sort().flatMap((name) =>
    made(
      name,
      each.map((found) => found?.[name] ?? null),
    ),
  );
}

function made(name: string, values: (string | null)[]): Difference[] {
  if (values.every((value) => value === null)) return [];
  return [
    { name, values, differs: values.some((value) => value !== values[0]), apart: [], best: [] },
  ];
}

function apart(table: RunTable, rows: Uint32Array, name: string): number[] {
  const column = shown(table, metricId(table, name));
  const numbers = column ? Array.from(rows, column.number) : [];
  return numbers.map((value) => value - (numbers[0] as number));
}

function best(table: RunTable, rows: Uint32Array, name: string): number[] {
  const goal = table.goals[name];
  const column = shown(table, metricId(table, name));
  if (!goal || !column) return [];
  const numbers = Array.from(rows, column.number);
  const finite = numbers.filter((value) => !Number.isNaN(value));
  const top = goal === "minimize" ? Math.min(...finite) : Math.max(...finite);
  return numbers.flatMap((value, place) => (value === top ? [place] : []));
}
