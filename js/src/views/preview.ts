import { h, set, write } from "../dom.ts";
import { prettyJson } from "../files/json_text.ts";
import { bytes } from "../format.ts";
import { type File, reasonOf } from "../server.ts";
import { notebookCells } from "./notebook.ts";
import { rowsOf, TextBlocks } from "./text.ts";

/** Read of a file at first, and at each asking for more. */
const FIRST_BYTES = 2 ** 17;
const MORE_BYTES = 2 ** 20;

/** Shown of a file; beyond, it has to be downloaded. */
const MOST_BYTES = 2 ** 24;

/** Read at first of a file that is worth more as a whole. */
const WHOLE_BYTES = 2 ** 22;

const MOST_IMAGE_BYTES = 32_000_000;

/** Only as images: SVG shown as markup could act. */
const IMAGES: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  bmp: "image/bmp",
  svg: "image/svg+xml",
};

/** What shows the text of a file, drawn anew as more of it has been read. */
export type Drawing = { el: HTMLElement; draw(text: string, isWhole: boolean): void };

/** A look into a file of `size` bytes, as far as that is possible; nothing in it is carried out. */
export function preview(file: File, size: number, life: AbortSignal): HTMLElement {
  const el = h("div", { class: "rw-look" });
  const ending = /\.(\w+)$/.exec(file.name)?.[1]?.toLowerCase() ?? "";
  const mime = IMAGES[ending];
  if (size === 0) {
    say(el, "The file is empty");
    return el;
  }
  set(el, "aria-busy", "true");
  const shown = mime ? showImage(el, file, size, mime, life) : showText(el, file, ending, life);
  void shown
    .catch((error) => {
      if (!life.aborted) say(el, reasonOf(error));
    })
    .finally(() => set(el, "aria-busy", null));
  return el;
}

function say(el: HTMLElement, words: string): void {
  el.append(h("p", { class: "rw-empty", role: "status" }, words));
}

async function showImage(
  el: HTMLElement,
  file: File,
  size: number,
  mime: string,
  life: AbortSignal,
): Promise<void> {
  if (size > MOST_IMAGE_BYTES) {
    say(el, `An image of ${bytes(size)} is not shown here; it can be downloaded`);
    return;
  }
  const part = await file.read(0);
  if (life.aborted) return;
  const url = URL.createObjectURL(new Blob([part.bytes as BlobPart], { type: mime }));
  life.addEventListener("abort", () => URL.revokeObjectURL(url), { once: true });
  const img = h("img", {
    ...{ alt: file.name, src: url },
    onerror: () => {
      img.remove();
      say(el, "Not a whole picture");
    },
  });
  el.append(img);
}

async function showText(
  el: HTMLElement,
  file: File,
  ending: string,
  life: AbortSignal,
): Promise<void> {
  const decoder = new TextDecoder();
  let text = "";
  let end = 0;
  const read = async (much: number) => {
    const part = await file.read(end, end + much);
    end += part.bytes.length;
    text += decoder.decode(part.bytes, { stream: true });
    return part.size;
  };
  let size = await read(WHOLE.has(ending) ? WHOLE_BYTES : FIRST_BYTES);
  if (life.aborted) return;
  if (text.includes("\0")) {
    say(el, `Not a text, ${bytes(size)}; it can be downloaded`);
    return;
  }
  const drawing = await (DRAWINGS[ending] ?? plainText)(life);
  if (life.aborted) return;
  const note = h("span", { class: "rw-note" });
  const more = h("button", { type: "button", class: "rw-more" }, "Load more");
  const foot = h("p", { class: "rw-foot" }, note, more);
  el.append(drawing.el, foot);

  const draw = () => {
    const isWhole = end >= size;
    drawing.draw(text, isWhole);
    foot.hidden = isWhole;
    more.hidden = end >= MOST_BYTES;
    write(note, `${bytes(end)} of ${bytes(size)}${more.hidden ? "; the whole by download" : ""}`);
  };
  more.addEventListener("click", async () => {
    more.disabled = true;
    try {
      size = await read(MORE_BYTES);
      draw();
    } catch (error) {
      write(note, reasonOf(error));
    }
    more.disabled = false;
  });
  draw();
}

/** Text with numbered lines. */
function plainText(): Drawing {
  const text = new TextBlocks();
  const el = h(
    "div",
    { class: "rw-code", tabindex: 0, role: "region", "aria-label": "Text" },
    text.el,
  );
  let rows = 0;
  return {
    el,
    draw(content) {
      const now = rowsOf(content);
      text.draw(now, rows - 1, 0);
      rows = now.length;
    },
  };
}

/** JSON laid out, once all of it is there. */
function json(): Drawing {
  const plain = plainText();
  return {
    el: plain.el,
    draw(content, isWhole) {
      plain.draw((isWhole && prettyJson(content)) || content, isWhole);
    },
  };
}

/** A notebook's cells, once all of it is there. */
function notebook(): Drawing {
  const el = h("div");
  return {
    el,
    draw(content, isWhole) {
      const cells = isWhole ? notebookCells(content) : null;
      if (cells) {
        el.replaceChildren(cells);
        return;
      }
      const plain = plainText();
      plain.draw(content, isWhole);
      el.replaceChildren(plain.el);
    },
  };
}

/** The grid comes when it is needed: it is larger than all the rest. */
async function csv(life: AbortSignal, separator?: string): Promise<Drawing> {
  const { csvTable } = await import("./csv_table.ts");
  return csvTable(life, separator);
}

const DRAWINGS: Record<string, (life: AbortSignal) => Drawing | Promise<Drawing>> = {
  csv,
  tsv: (life) => csv(life, "\t"),
  json,
  ipynb: notebook,
};

const WHOLE = new Set(["json", "ipynb", "csv", "tsv"]);
