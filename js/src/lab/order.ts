/** The list's order: experiments with their runs, those that go on first, then the newest. Pure. */

import { words } from "../format.ts";
import { isOver, keyOf, type LiveRun, nameOf } from "./run.ts";

/** Runs of an experiment that are listed before somebody asks for more. */
export const FEW = 8;

export type Group = { kind: "group"; key: string } & Pick<LiveRun, "workspace" | "experiment"> & {
    going: number;
    total: number;
    isOpen: boolean;
  };
export type Row = {
  kind: "run";
  key: string;
  run: LiveRun;
  /** Below it: how many runs, and how many of them go on. */
  children: number;
  going: number;
  isChild: boolean;
};
export type More = { kind: "more"; key: string; left: number };
export type Item = Group | Row | More;

/** What a person chose to see. */
export type Choice = {
  query: string;
  /** Keys of groups that are folded. */
  folded: ReadonlySet<string>;
  /** Keys of groups of which all runs are listed. */
  whole: ReadonlySet<string>;
};

/** What the list shows, from top to bottom. A run's children are its own matter, but can be found. */
export function listed(runs: ReadonlyMap<string, LiveRun>, choice: Choice): Item[] {
  const query = wordsOf(choice.query);
  const below = new Map<string, { children: number; going: number }>();
  const groups = new Map<string, { runs: Row[]; total: number }>();
  for (const [key, run] of runs) {
    const parent = run.parent && keyOf({ ...run, id: run.parent });
    const isChild = Boolean(parent && runs.has(parent));
    if (parent && isChild) {
      const known = below.get(parent) ?? { children: 0, going: 0 };
      known.children += 1;
      if (!isOver(run)) known.going += 1;
      below.set(parent, known);
    }
    const group = groupKey(run);
    const known = groups.get(group) ?? { runs: [], total: 0 };
    groups.set(group, known);
    if (!isChild) known.total += 1;
    if (query.length > 0 ? matches(run, query) : !isChild) {
      known.runs.push({ kind: "run", key, run, children: 0, going: 0, isChild });
    }
  }
  return [...groups.entries()]
    .filter(([, { runs }]) => runs.length > 0)
    .map(([key, { runs, total }]) => ({ key, total, runs: runs.sort(byLife) }))
    .sort((one, other) => byLife(one.runs[0] as Row, other.runs[0] as Row))
    .flatMap((group) => {
      for (const row of group.runs) Object.assign(row, below.get(row.key));
      return itemsOf(group, choice, query.length > 0);
    });
}

export function groupKey({ workspace, experiment }: Pick<LiveRun, "workspace" | "experiment">) {
  return JSON.stringify([workspace, experiment]);
}

function itemsOf(
  { key, runs, total }: { key: string; runs: Row[]; total: number },
  choice: Choice,
  isSearch: boolean,
): Item[] {
  const { workspace, experiment } = (runs[0] as Row).run;
  const going = runs.filter(({ run }) => !isOver(run)).length;
  const isOpen = isSearch || !choice.folded.has(key);
  const group: Group = { kind: "group", key, workspace, experiment, going, total, isOpen };
  if (!isOpen) return [group];
  const shown = isSearch || choice.whole.has(key) ? runs : runs.slice(0, Math.max(FEW, going));
  const left = runs.length - shown.length;
  if (left === 0) return [group, ...shown];
  return [group, ...shown, { kind: "more", key: `more ${key}`, left }];
}

function byLife({ run: one }: Row, { run: other }: Row): number {
  return (
    Number(isOver(one)) - Number(isOver(other)) ||
    other.created - one.created ||
    other.number - one.number
  );
}

function wordsOf(query: string): string[] {
  return query.toLowerCase().split(/\s+/).filter(Boolean);
}

function matches(run: LiveRun, query: string[]): boolean {
  const { experiment, number, status, id, script = "" } = run;
  const text = [experiment, `#${number}`, nameOf(run), words(status), id, script];
  const all = text.join("\n").toLowerCase();
  return query.every((word) => all.includes(word));
}
