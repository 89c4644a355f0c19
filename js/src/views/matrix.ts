import { h, set } from "../dom.ts";
import { number } from "../format.ts";
import { byRow } from "../matrix.ts";
import type { Drawn } from "../model.ts";
import { isOn, press, toggle } from "./buttons.ts";

type Matrix = NonNullable<Drawn["matrix"]>;

/** Classes up to which there is room for numbers. */
const READABLE = 16;

const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });

/** A confusion matrix: a row for each true class, shaded by how often it was predicted as which. */
export function matrix(): { el: HTMLElement; choice: HTMLElement; draw(matrix: Matrix): void } {
  const shares = toggle("Normalise", "Show each row as shares of its true class");
  const table = h("table");
  const el = h(
    "div",
    { class: "rw-matrix" },
    h("div", { class: "rw-scroll", tabindex: 0, role: "region", "aria-label": "Matrix" }, table),
  );
  let newest: Matrix | null = null;

  function draw(matrix: Matrix): void {
    newest = matrix;
    const { labels, counts } = matrix;
    const normal = byRow(counts);
    const isSmall = labels.length <= READABLE;
    set(el, "data-small", isSmall);
    const head = h(
      "tr",
      {},
      h("th", { scope: "col", class: "rw-axes" }, "true ↓ predicted →"),
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
