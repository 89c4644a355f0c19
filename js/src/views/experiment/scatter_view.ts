import { h, list, write } from "../../dom.ts";
import { looksOfGroups, shade } from "../../experiment/colors.ts";
import {
  choices,
  DURATION_ID,
  isNumeric,
  keyOf,
  NUMBER_ID,
  type Shown,
  shown,
} from "../../experiment/columns.ts";
import { rangeOf } from "../../experiment/plot.ts";
import { isOverDecades } from "../../experiment/position.ts";
import type { RunTable } from "../../experiment/table.ts";
import type { View } from "../../experiment/view_state.ts";
import { number } from "../../format.ts";
import { choiceField, type Option, tickField } from "./fields.ts";
import { type OpenRun, points } from "./points.ts";

/** Words that get a colour of their own; the others share one. */
const MOST_COLORS = 16;

/** Any value of the runs against any other, coloured by a third. */
export function scatterView(
  table: RunTable,
  view: View,
  open: OpenRun,
  life: AbortSignal,
): { el: HTMLElement; draw(rows: Uint32Array): void } {
  const put = (change: Partial<View["state"]["scatter"]>) =>
    view.set({ scatter: { ...view.state.scatter, ...change } });
  const x = choiceField("X", (value) => put({ x: value }));
  const y = choiceField("Y", (value) => put({ y: value }));
  const color = choiceField("Colour", (value) => put({ color: value || null }));
  const logX = tickField("log x", (checked) => put({ logX: checked }));
  const logY = tickField("log y", (checked) => put({ logY: checked }));
  const legend = h("ul", { class: "rw-legend", "aria-label": "Colours" });
  const empty = h("p", { class: "rw-empty" }, "These runs have no two values to compare.");
  const cloud = points(table, view, open, life);
  cloud.el.classList.add("rw-curves");
  const el = h(
    "div",
    { class: "rw-comparison", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "rw-bar" }, x.el, y.el, color.el, logX.el, logY.el),
    legend,
    empty,
    cloud.el,
  );

  function draw(rows: Uint32Array): void {
    const offered = drawable(table, rows);
    const { scatter } = view.state;
    const xs = picked(table, scatter.x, offered, isParameter);
    const isGoal = (id: string) => isResult(id) && (keyOf(id)?.[1] ?? "") in table.goals;
    const goal = offered.find(({ value }) => isGoal(value));
    const ys = picked(table, scatter.y, offered, goal ? isGoal : isResult);
    const hue = scatter.color === null ? null : shown(table, scatter.color);
    x.show(offered, xs?.id ?? "");
    y.show(offered, ys?.id ?? "");
    color.show([{ value: "", label: "none" }, ...offered], hue?.id ?? "");
    const acrossLog = scatter.logX ?? (xs !== null && isOverDecades(xs, rows));
    const upLog = scatter.logY ?? (ys !== null && isOverDecades(ys, rows));
    [logX.box.checked, logY.box.checked] = [acrossLog, upLog];
    empty.hidden = xs !== null && ys !== null;
    cloud.el.hidden = !empty.hidden;
    const colors = coloring(hue, rows);
    list(
      legend,
      colors.legend,
      ({ name }) => name,
      () => h("li", {}, h("i"), h("span")),
      (item, { name, color }) => {
        (item.children[0] as HTMLElement).style.color = color;
        write(item.children[1] as Element, name);
      },
    );
    legend.hidden = colors.legend.length === 0;
    if (xs && ys) cloud.draw({ rows, x: xs, y: ys, acrossLog, upLog, layer: colors.of });
  }

  return { el, draw };
}

/** Columns of a kind that are offered: those that most runs have. */
const MOST_OFFERED = 300;

/** Columns that can be an axis: numbers, and words that are not each run's own. */
export function drawable(table: RunTable, rows: Uint32Array): Option[] {
  return choices(table).flatMap(({ group, columns }) =>
    [...columns]
      .sort((a, b) => (columns.length > MOST_OFFERED ? b.cells - a.cells : 0))
      .slice(0, MOST_OFFERED)
      .flatMap(({ id, label }) => {
        const column = shown(table, id);
        if (!column) return [];
        if (!isNumeric(column, rows)) {
          const words = new Set<string>();
          for (const row of rows) if (column.has(row)) words.add(column.text(row));
          if (words.size > 60 || words.size < 2) return [];
        }
        return [{ value: id, label, group }];
      }),
  );
}

const isParameter = (id: string) => ["argument", "tag"].includes(keyOf(id)?.[0] ?? "");
const isResult = (id: string) => keyOf(id)?.[0] === "metric";

function picked(
  table: RunTable,
  wanted: string | null,
  offered: Option[],
  fits: (id: string) => boolean,
): Shown | null {
  const ids = offered.map(({ value }) => value);
  const id =
    ids.find((each) => each === wanted) ??
    ids.find(fits) ??
    ids.find((each) => each === DURATION_ID) ??
    ids.find((each) => each === NUMBER_ID);
  return id === undefined ? null : shown(table, id);
}

type Coloring = {
  of(row: number): { color: string; name: string };
  legend: { name: string; color: string }[];
};

/** Shades for numbers, colours for words. */
export function coloring(column: Shown | null, rows: Uint32Array): Coloring {
  const plain = { color: "var(--rw-accent)", name: "" };
  if (!column) return { of: () => plain, legend: [] };
  const range = isNumeric(column, rows) ? rangeOf(Array.from(rows, column.number)) : null;
  const none = { color: "var(--rw-dim)", name: "none" };
  if (range) {
    const [min, max] = range;
    const at = (value: number) => shade(max > min ? (value - min) / (max - min) : 0.5);
    return {
      of: (row) => {
        const value = column.number(row);
        if (!Number.isFinite(value)) return none;
        // In steps, so that there are few layers to draw.
        const step = Math.round(24 * (max > min ? (value - min) / (max - min) : 0.5)) / 24;
        return { color: shade(step), name: `${column.label} ${column.text(row)}` };
      },
      legend: [0, 0.5, 1].map((share) => ({
        name: number(min + share * (max - min)),
        color: at(min + share * (max - min)),
      })),
    };
  }
  const words = [...new Set(Array.from(rows, (row) => column.text(row)))].sort();
  const looks = looksOfGroups(words.slice(0, MOST_COLORS));
  return {
    of: (row) => {
      const word = column.text(row);
      const look = looks.get(word);
      return look ? { color: look.color, name: `${column.label} ${word}` } : none;
    },
    legend: [...looks].map(([word, { color }]) => ({ name: word || "none", color })),
  };
}
