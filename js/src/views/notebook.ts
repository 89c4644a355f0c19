import { h } from "../dom.ts";
import { Terminal } from "../logs/terminal.ts";
import { rowsOf, TextBlocks } from "./text.ts";

/** Cells that are shown; a notebook with more is not one to read here. */
const MOST_CELLS = 1000;

/** Pictures of an output whose bytes can only be a picture's. */
const PICTURES = ["image/png", "image/jpeg"] as const;

// biome-ignore lint/suspicious/noExplicitAny: a stranger's document
type Unknown = any;

/** The cells of a notebook as text, with their outputs; null where the text is no notebook. */
export function notebookCells(text: string): HTMLElement | null {
  let cells: Unknown;
  try {
    cells = JSON.parse(text)?.cells;
  } catch {
    return null;
  }
  if (!Array.isArray(cells)) return null;
  const shown = cells.slice(0, MOST_CELLS).map(cellOf);
  const left = cells.length - shown.length;
  return h(
    "div",
    { class: "rw-notebook" },
    ...shown,
    left > 0 && h("p", { class: "rw-note" }, `and ${left} more cells`),
  );
}

function cellOf(cell: Unknown): HTMLElement {
  const isCode = cell?.cell_type === "code";
  const count = Number.isInteger(cell?.execution_count) ? cell.execution_count : " ";
  const outputs: Unknown[] = isCode && Array.isArray(cell?.outputs) ? cell.outputs : [];
  return h(
    "div",
    { class: "rw-cell", "data-kind": isCode ? "code" : "text" },
    h("span", { class: "rw-count" }, isCode ? `[${count}]` : ""),
    h("div", { class: "rw-given" }, plain(textOf(cell?.source))),
    ...outputs.map((output) => h("div", { class: "rw-result" }, ...outputOf(output))),
  );
}

function outputOf(output: Unknown): HTMLElement[] {
  if (output?.output_type === "stream") return [terminal(textOf(output.text))];
  if (output?.output_type === "error") {
    const trace = Array.isArray(output.traceback) ? output.traceback.join("\n") : "";
    return [terminal(trace || `${output.ename}: ${output.evalue}`)];
  }
  const data = output?.data ?? {};
  for (const kind of PICTURES) {
    const content = textOf(data[kind]).replace(/\s+/g, "");
    if (content && /^[A-Za-z0-9+/]+=*$/.test(content)) {
      return [h("img", { src: `data:${kind};base64,${content}`, alt: textOf(data["text/plain"]) })];
    }
  }
  return data["text/plain"] === undefined ? [] : [terminal(textOf(data["text/plain"]))];
}

function textOf(source: Unknown): string {
  return Array.isArray(source) ? source.map(String).join("") : String(source ?? "");
}

function plain(text: string): HTMLElement {
  const blocks = new TextBlocks();
  blocks.draw(rowsOf(text), 0, null);
  return blocks.el;
}

function terminal(text: string): HTMLElement {
  const screen = new Terminal();
  screen.write(text);
  const blocks = new TextBlocks();
  blocks.draw(screen.rows, 0, null);
  return blocks.el;
}
