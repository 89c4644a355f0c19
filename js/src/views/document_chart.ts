import "../../style/plot.css";

import { padded, tight } from "../charts/axis.ts";
import { nearest, type Range } from "../charts/series.ts";
import { h, list, set, write } from "../dom.ts";
import type { Look } from "../experiment/colors.ts";
import { linePath, Plot, rangeOf } from "../experiment/plot.ts";
import { svg } from "../experiment/svg.ts";
import { number } from "../format.ts";
import type { DocumentChart } from "../model.ts";

/** How the lines of one document look, by name, and which of them are hidden. */
export type Looks = { of(name: string): Look; hidden: ReadonlySet<string> };

/** One chart of a document: lines, with errors where they are known, or bars. */
export function documentChart(
  looks: Looks,
  life: AbortSignal,
): { el: HTMLElement; draw(chart: DocumentChart): void } {
  const title = h("h5");
  const note = h("span", { class: "rw-note" });
  const readout = h("div", { class: "rw-readout", role: "status", hidden: true });
  let chart: DocumentChart | null = null;
  const plot = new Plot(life, "", () => chart && paint(chart));
  plot.el.append(readout);
  const el = h("section", { class: "rw-doc-chart" }, h("header", {}, title, note), plot.el);

  const shown = () => (chart?.lines ?? []).filter(({ name }) => !looks.hidden.has(name));

  function paint({ x_label, y_label, bars, reference }: DocumentChart): void {
    const [x, y] = ranges({ lines: shown(), bars, reference });
    plot.axes(
      { range: x, form: "number", label: x_label },
      { range: y, form: "number", label: y_label },
    );
    const marks: SVGElement[] = [];
    if (reference) {
      const [x1, y1, x2, y2] = reference;
      const place = { x1: plot.px(x1), y1: plot.py(y1), x2: plot.px(x2), y2: plot.py(y2) };
      marks.push(svg("line", { class: "rw-reference", ...place }));
    }
    bars?.counts.forEach((count, i) => {
      const [left, right] = [
        plot.px(bars.edges[i] as number),
        plot.px(bars.edges[i + 1] as number),
      ];
      const [top, bottom] = [plot.py(Math.max(0, count)), plot.py(Math.min(0, count))];
      const size = {
        x: left,
        y: top,
        width: Math.max(0.5, right - left - 1),
        height: bottom - top,
      };
      marks.push(svg("rect", { class: "rw-bin", ...size }));
    });
    for (const { name, x, y, errors } of shown()) {
      const { color, dash } = looks.of(name);
      if (errors)
        marks.push(svg("path", { class: "rw-errors", stroke: color, d: whiskers(x, y, errors) }));
      const look = { stroke: color, "stroke-dasharray": dash || null };
      marks.push(svg("path", { class: "rw-curve", ...look, d: linePath(plot, x, y) }));
    }
    plot.marks.replaceChildren(...marks);
  }

  function whiskers(x: number[], y: number[], errors: number[]): string {
    return x
      .map((value, i) => {
        const [middle, error] = [y[i] as number, Math.abs(errors[i] ?? 0)];
        const [px, top, bottom] = [
          plot.px(value),
          plot.py(middle + error),
          plot.py(middle - error),
        ];
        return `M${px - 3} ${top}h6M${px} ${top}V${bottom}M${px - 3} ${bottom}h6`;
      })
      .join("");
  }

  function tell(event: PointerEvent): void {
    if (!chart || !plot.isSized) return;
    const left = event.clientX - plot.el.getBoundingClientRect().left;
    const entries = entriesAt(chart, shown(), plot.xAt(left));
    readout.hidden = entries.length === 0;
    readout.style.left = left > plot.el.clientWidth / 2 ? "" : `${left + 12}px`;
    readout.style.right =
      left > plot.el.clientWidth / 2 ? `${plot.el.clientWidth - left + 12}px` : "";
    list(
      readout,
      entries,
      ({ name }) => name,
      () => h("div", {}, h("i"), h("span"), h("b")),
      (row, { name, text }) => {
        (row.children[0] as HTMLElement).style.color = name ? looks.of(name).color : "";
        write(row.children[1] as Element, name);
        write(row.children[2] as Element, text);
      },
    );
  }

  plot.el.addEventListener("pointermove", tell, { signal: life });
  plot.el.addEventListener("pointerleave", () => {
    readout.hidden = true;
  });
  return {
    el,
    draw(next) {
      chart = next;
      write(title, next.title);
      title.hidden = !next.title;
      write(note, noteOf(next));
      plot.label = description(next);
      set(el, "aria-label", next.title || next.y_label);
      if (plot.isSized) paint(next);
    },
  };
}

/** The range of each axis: the unit square for shares, else what is drawn and a little more. */
function ranges({
  lines,
  bars,
  reference,
}: Pick<DocumentChart, "lines" | "bars" | "reference">): [Range, Range] {
  const xs = [...(bars?.edges ?? []), ...lines.flatMap(({ x }) => x)];
  const ys = lines.flatMap(({ y, errors }) =>
    y.flatMap((value, i) => [value - (errors?.[i] ?? 0), value + (errors?.[i] ?? 0)]),
  );
  if (bars) ys.push(0, ...bars.counts);
  if (reference) {
    xs.push(reference[0], reference[2]);
    ys.push(reference[1], reference[3]);
  }
  const x: Range = rangeOf(xs) ?? [0, 1];
  const y: Range = rangeOf(ys) ?? [0, 1];
  if (x[0] >= 0 && x[1] <= 1 && y[0] >= 0 && y[1] <= 1)
    return [
      [0, 1],
      [0, 1],
    ];
  const [low, high] = padded(y);
  return [tight(x), y[0] >= 0 && low < 0 ? [0, high] : [low, high]];
}

type Entry = { name: string; text: string };

/** What there is at `x`: of each line the nearest point, of bars the one around it. */
function entriesAt(
  { bars, x_label }: DocumentChart,
  lines: DocumentChart["lines"],
  x: number,
): Entry[] {
  if (bars) {
    const bin = bars.edges.findLastIndex((edge) => edge <= x);
    const count = bars.counts[bin];
    if (count === undefined) return [];
    const [from, to] = [bars.edges[bin] as number, bars.edges[bin + 1] as number];
    return [{ name: "", text: `${number(from)} to ${number(to)}: ${number(count)}` }];
  }
  const found = lines.flatMap(({ name, x: xs, y, errors, note }) => {
    const place = nearest(Float64Array.from(xs), x, false);
    if (place < 0) return [];
    const error = errors ? ` ± ${number(errors[place] as number)}` : "";
    return [{ name, text: `${number(y[place] as number)}${error}${note && ` · ${note}`}` }];
  });
  return found.length > 0 ? [{ name: "", text: `${x_label} ${number(x)}` }, ...found] : [];
}

/** The lines' own notes where they are few, else the average's. */
function noteOf({ lines, note }: DocumentChart): string {
  const noted = lines.filter((line) => line.note);
  const average = noted.find(({ name }) => name === "micro average");
  const told = noted.length > 1 && average ? [average] : noted.slice(0, 1);
  const words = told.map((line) => (noted.length > 1 ? `${line.name} ${line.note}` : line.note));
  return [...words, note].filter(Boolean).join(" · ");
}

function description({ title, x_label, y_label, lines, bars }: DocumentChart): string {
  const what = bars
    ? `${bars.counts.length} bins`
    : lines.map(({ name, note }) => `${name} ${note}`.trim()).join(", ");
  return `${title || y_label} over ${x_label}: ${what}`;
}
