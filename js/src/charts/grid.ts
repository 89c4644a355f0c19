/** Which charts a panel shows, in which order, and which of them share one. Pure. */

import type { Arrangement, Settings } from "./look.ts";
import { chosen, filter, split } from "./names.ts";

/** Charts from which prefixes get sections of their own. */
export const MANY = 13;

/** A place in the grid: the chart that has it, and those that share it, by their places in the run. */
export type Cell = { chart: number; companions: number[]; wide: boolean };

/** Cells under a title; the only section of a short run has none. */
export type Section = { title: string; cells: Cell[]; folded: boolean };

export type Grid = {
  sections: Section[];
  /** Cells that the filter leaves, of so many that there are. */
  shown: number;
  total: number;
  /** Whether any metrics could share a chart. */
  canOverlay: boolean;
  /** Whether the filter is no regular expression. */
  wrong: boolean;
};

/** A chart as far as its place depends on it. */
export type Entry = { name: string; kind: string };

export function gridOf(
  entries: Entry[],
  settings: Settings,
  { pinned, wide, folded }: Readonly<Arrangement>,
): Grid {
  const names = entries.map(({ name }) => name);
  const wanted =
    settings.metrics.length > 0 ? chosen(names, settings.metrics) : names.map((_, i) => i);
  const tails = new Map<string, number[]>();
  for (const i of wanted) {
    const { name, kind } = entries[i] as Entry;
    // A table has lines enough, over an axis of its own.
    const tail = kind === "metric" ? split(name)[1] : `\n${name}`;
    tails.set(tail, [...(tails.get(tail) ?? []), i]);
  }
  const canOverlay = [...tails.values()].some((places) => places.length > 1);
  const groups = settings.overlay ? [...tails.values()] : wanted.map((i) => [i]);

  const { matches, wrong } = filter(settings.filter);
  const left = groups.filter((places) => places.some((i) => matches(names[i] as string)));
  const cells = left.map(([chart = 0, ...companions]) => {
    const name = names[chart] as string;
    return { cell: { chart, companions, wide: wide.includes(name) }, name };
  });
  const first = pinned.flatMap((pin) => cells.filter(({ name }) => name === pin));
  const rest = cells.filter(({ name }) => !pinned.includes(name));

  const titles = new Map<string, Cell[]>();
  for (const { cell, name } of rest) {
    const title = split(name)[0];
    titles.set(title, [...(titles.get(title) ?? []), cell]);
  }
  // A page of titles with a chart each would be longer than one without.
  const sectioned = groups.length >= MANY && titles.size > 1 && titles.size <= rest.length / 2;
  const pinnedCells = first.map(({ cell }) => cell);
  const sections: Section[] = sectioned
    ? [
        ...(pinnedCells.length > 0 ? [{ title: "Pinned", cells: pinnedCells, folded: false }] : []),
        ...[...titles].map(([title, cells]) => ({ title, cells, folded: folded.includes(title) })),
      ]
    : [{ title: "", cells: [...pinnedCells, ...rest.map(({ cell }) => cell)], folded: false }];
  return { sections, shown: cells.length, total: groups.length, canOverlay, wrong };
}
