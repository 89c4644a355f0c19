import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const FOLDER = `${import.meta.dirname}/../style`;
const SHEETS = readdirSync(FOLDER).filter((name) => name.endsWith(".css"));
const css = (sheet: string) => readFileSync(`${FOLDER}/${sheet}`, "utf8");
const all = SHEETS.map(css).join("\n");
const found = (text: string, pattern: RegExp) =>
  new Set([...text.matchAll(pattern)].map((m) => m[1]));

/** All of the source that makes elements. */
function source(folder = `${import.meta.dirname}/../src`): string {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? source(path) : readFileSync(path, "utf8");
    })
    .join("\n");
}

const SRC = source();

test("every class that has a style is one that elements have", () => {
  const unused = [...found(all, /\.(rw-[\w-]+)/g)]
    .filter((name) => !name?.startsWith("rw-ansi-")) // these names are put together
    .filter((name) => !new RegExp(`${name}(?![\\w-])`).test(SRC));
  expect(unused).toEqual([]);
});

test("every variable is set somewhere, and used", () => {
  const used = found(`${all}\n${SRC}`, /var\((--rw-[\w-]+)/g);
  const known = found(all, /(--rw-[\w-]+):/g);
  const given = found(SRC, /"(--rw-[\w-]+)"/g);
  expect([...used].filter((name) => !known.has(name) && !given.has(name))).toEqual([]);
  expect([...known].filter((name) => !used.has(name))).toEqual([]);
});

test.each(SHEETS)("%s has its spaces, corners and sizes of type from the scale", (sheet) => {
  const off = [
    ...css(sheet).matchAll(
      /^\s*((?:[a-z-]*gap|padding|margin|border-radius|font-size)[a-z-]*): ([^;]+);/gm,
    ),
  ]
    .filter(([, , value]) =>
      /\b(?:[2-9]|\d\d+)(?:\.\d+)?px/.test((value ?? "").replace(/calc\(.*\)/, "")),
    )
    .map(([line]) => line.trim());
  expect(off).toEqual(OFF_SCALE[sheet] ?? []);
});

const OFF_SCALE: Record<string, string[]> = {
  "plot.css": ["font-size: 11px;"], // what ticks need is measured in it
};
