import { h, set, write } from "../dom.ts";
import { number } from "../format.ts";
import { byRow } from "../matrix.ts";
import type { Drawn } from "../model.ts";
import { isOn, press, toggle } from "./buttons.ts";

type Matrix = NonNullable<Drawn["matrix"]>;

/** Classes up to which there is room for numbers. */
const READABLE = 16;

/** Letters of a class's name that a column has room for, at least and at most. */
const [SHORTEST, LONGEST] = [6, 11];

/** Letters in a row up to which there is room for another card beside it. */
const NARROW = 36;

const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });

/** Whether a matrix has room beside others. */
export function isNarrow({ labels }: Matrix): boolean {
  return (labels.length + 1) * lettersOf(labels) <= NARROW;
}

function lettersOf(labels: string[]): number {
  const longest = Math.max(...labels.map((label) => label.length));
  return Math.max(SHORTEST, Math.min(LONGEST, longest));
}

/** The confusion matrix of that name: a row for each true class, shaded by how often it was predicted as which. */
export function matrix(name: string): {
  el: HTMLElement;
  choice: HTMLElement;
  draw(matrix: Matrix): void;
} {
  const shares = toggle("Normalise", "Show each row as shares of its true class");
  const table = h("table");
  const readout = h("p", { class: "rw-note" });
  const el = h(
    "div",
    { class: "rw-matrix" },
    h(
      "div",
      { class: "rw-scroll", tabindex: 0, role: "region", "aria-label": `Matrix of ${name}` },
      table,
    ),
    readout,
  );
  // Cells too small for what they say tell it as soon as one points at them.
  table.addEventListener("pointerover", ({ target }) => {
    write(readout, target instanceof HTMLTableCellElement ? target.title : "");
  });
  let newest: Matrix | null = null;

  function draw(matrix: Matrix): void {
    newest = matrix;
    const { labels, counts } = matrix;
    const normal = byRow(counts);
    const isSmall = labels.length <= READABLE;
    set(el, "data-small", isSmall);
    readout.hidden = isSmall;
    el.style.setProperty("--letters", String(lettersOf(labels)));
    const head = h(
      "tr",
      {},
      h("th", { scope: "col", class: "rw-axes" }, "predicted →\ntrue ↓"),
      ...labels.map((label) => h("th", { scope: "col", title: label }, h("span", {}, label))),
    );
    const rows = counts.map((row, i) =>
      h(
        "tr",
        {},
        h("th", { scope: "row", title: labels[i] }, labels[i] ?? ""),
        ...row.map((count, j) => {
          const share = normal[i]?.[j] ?? 0;
          const text = isOn(shares) ? percent.format(share) : number(count);
          const about = `true ${labels[i]}, predicted ${labels[j]}: ${number(count)}, ${percent.format(share)}`;
          const cell = h("td", { title: about, "data-right": i === j }, isSmall ? text : "");
          cell.style.setProperty(
            "--share",
            `${Math.round(100 * Math.max(0, Math.min(1, share)))}%`,
          );
          return cell;
        }),
      ),
    );
    table.replaceChildren(h("thead", {}, head), h("tbody", {}, ...rows));
  }

  shares.addEventListener("click", () => {
    press(shares, !isOn(shares));
    if (newest) draw(newest);
  });
  return { el, choice: shares, draw };
}
