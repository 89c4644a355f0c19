/** What is drawn of the compared runs' curves: a line for each, or a band for each group. Pure. */

import { smooth } from "../charts/smooth.ts";
import { aligned, type Band, band, commonAxis, type Points, type Spread } from "./align.ts";
import { type Colors, type Look, looksOfGroups } from "./colors.ts";
import { numberOfRun } from "./columns.ts";
import type { Columns, Curve } from "./curves.ts";
import type { RunTable } from "./table.ts";
import type { Axis } from "./view_state.ts";

/** One line of the plot, with what spreads around it where it stands for several runs. */
export type Line = {
  name: string;
  look: Look;
  points: Points;
  /** The values as they were logged, of a line that is smoothed. */
  raw: Points | null;
  band: Band | null;
  /** The runs it stands for. */
  rows: number[];
};

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** A line for each curve, in the order of run numbers. */
export function lines(
  table: RunTable,
  colors: Colors,
  curves: Curve[],
  axis: Axis,
  smoothing: number,
): Line[] {
  return rowsOf(table, curves)
    .map(({ row, curve }) => {
      const number = numberOfRun(table, row);
      const name = table.column("run", "name")?.text(row);
      const outline = { x: xOf(table, row, curve.outline, axis), y: curve.outline.y };
      const isSmooth = smoothing > 0;
      return {
        number,
        name: name ? `${number} · ${name}` : `Run ${number}`,
        look: colors.look(curve.run),
        points: isSmooth ? smoothed(table, row, curve, axis, smoothing) : outline,
        raw: isSmooth ? outline : null,
        band: null,
        rows: [row],
      };
    })
    .sort((a, b) => a.number - b.number);
}

/** A band for each group of runs, which `nameOf` tells of a row, in the order of their names. */
export function bands(
  table: RunTable,
  curves: Curve[],
  axis: Axis,
  nameOf: (row: number) => string,
  spread: Spread,
  smoothing: number,
): Line[] {
  const groups = new Map<string, { row: number; points: Points }[]>();
  for (const { row, curve } of rowsOf(table, curves)) {
    const name = nameOf(row);
    const points = smoothed(table, row, curve, axis, smoothing);
    groups.set(name, [...(groups.get(name) ?? []), { row, points }]);
  }
  const names = [...groups.keys()].sort(collator.compare);
  const looks = looksOfGroups(names);
  return names.map((name) => {
    const members = groups.get(name) ?? [];
    const x = commonAxis(members.map(({ points }) => points.x));
    const values = members.map(({ points }) => aligned(points, x));
    const made = band(x, values, spread);
    return {
      name,
      look: looks.get(name) as Look,
      points: { x, y: made.mean },
      raw: null,
      band: made,
      rows: members.map(({ row }) => row),
    };
  });
}

/** A curve's means, as an average of extremes would be none. */
function smoothed(
  table: RunTable,
  row: number,
  { means }: Curve,
  axis: Axis,
  smoothing: number,
): Points {
  return { x: xOf(table, row, means, axis), y: smooth(means.y, smoothing) };
}

function rowsOf(table: RunTable, curves: Curve[]): { row: number; curve: Curve }[] {
  return curves.flatMap((curve) => {
    const row = table.rowOf(curve.run);
    return row === undefined || curve.outline.y.length === 0 ? [] : [{ row, curve }];
  });
}

function xOf(table: RunTable, row: number, columns: Columns, axis: Axis): Float64Array {
  if (axis === "step") return columns.step;
  if (axis === "time") return columns.at;
  const started = table.column("run", "started")?.number(row) ?? Number.NaN;
  const first = Number.isNaN(started) ? (columns.at[0] ?? 0) : started;
  return columns.at.map((at) => at - first);
}
