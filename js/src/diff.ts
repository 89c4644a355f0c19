/** What differs between two texts, from a diff of them: lines, folds and the words within. Pure. */

export type Kind = "same" | "removed" | "added" | "gap";

/** A line of one text or both, with its number in each; a gap stands for lines that did not come. */
export type Line = {
  kind: Kind;
  text: string;
  before: number | null;
  after: number | null;
  /** The part of a changed line that differs from the line it took the place of. */
  part: [start: number, end: number] | null;
};

/** Lines that are shown, or unchanged ones that are folded away until somebody asks. */
export type Block = { folded: boolean; lines: Line[] };

/** Unchanged lines beside each change, and how many more are worth folding. */
const CONTEXT = 3;
const WORTH = 4;

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

/** The lines of a diff, whole or in hunks, each after its sign: a space, `-` or `+`. */
export function parse(diff: string): Line[] {
  const lines: Line[] = [];
  let [before, after] = [1, 1];
  for (const raw of diff === "" ? [] : diff.split("\n")) {
    const hunk = HUNK.exec(raw);
    if (hunk) {
      [before, after] = [Number(hunk[1]), Number(hunk[2])];
      if (before > 1 || after > 1) lines.push(line("gap", "", null, null));
      continue;
    }
    const text = raw.slice(1);
    if (raw.startsWith("-")) lines.push(line("removed", text, before++, null));
    else if (raw.startsWith("+")) lines.push(line("added", text, null, after++));
    else lines.push(line("same", text, before++, after++));
  }
  mark(lines);
  return lines;
}

function line(kind: Kind, text: string, before: number | null, after: number | null): Line {
  return { kind, text, before, after, part: null };
}

/** How many lines a diff removes and adds. */
export function counts(lines: Line[]): { removed: number; added: number } {
  const count = (kind: Kind) => lines.filter((each) => each.kind === kind).length;
  return { removed: count("removed"), added: count("added") };
}

/** Fold long stretches of what has not changed. */
export function fold(lines: Line[]): Block[] {
  const blocks: Block[] = [];
  const put = (folded: boolean, some: Line[]) => {
    const last = blocks.at(-1);
    if (some.length === 0) return;
    if (last && !folded && !last.folded) last.lines.push(...some);
    else blocks.push({ folded, lines: some });
  };
  for (let start = 0; start < lines.length; ) {
    let end = start;
    while (end < lines.length && lines[end]?.kind === "same") end++;
    if (end === start) {
      put(false, [lines[start++] as Line]);
      continue;
    }
    const head = start === 0 ? 0 : CONTEXT;
    const tail = end === lines.length ? 0 : CONTEXT;
    if (end - start >= head + tail + WORTH) {
      put(false, lines.slice(start, start + head));
      put(true, lines.slice(start + head, end - tail));
      put(false, lines.slice(end - tail, end));
    } else put(false, lines.slice(start, end));
    start = end;
  }
  return blocks;
}

/** Mark where lines differ that took each other's place, one by one. */
function mark(lines: Line[]): void {
  for (let start = 0; start < lines.length; start++) {
    if (lines[start]?.kind !== "removed") continue;
    let middle = start;
    while (lines[middle]?.kind === "removed") middle++;
    let end = middle;
    while (lines[end]?.kind === "added") end++;
    if (end - middle === middle - start) {
      for (let i = 0; i < middle - start; i++) {
        pair(lines[start + i] as Line, lines[middle + i] as Line);
      }
    }
    start = end - 1;
  }
}

const LETTER = /[\p{L}\p{N}_.]/u;

function pair(one: Line, other: Line): void {
  const [a, b] = [one.text, other.text];
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  // Whole words, as `0.1` and `0.15` differ as numbers and not in a digit.
  const isLetter = (text: string, at: number) => LETTER.test(text[at] ?? "");
  while (isLetter(a, head - 1) && (isLetter(a, head) || isLetter(b, head))) head--;
  const cuts = () => isLetter(a, a.length - tail - 1) || isLetter(b, b.length - tail - 1);
  while (tail > 0 && isLetter(a, a.length - tail) && cuts()) tail--;
  // Lines that have little in common are other lines, and all of them differs.
  const common = a.slice(0, head).trim().length + a.slice(a.length - tail).trim().length;
  if (3 * common < Math.max(a.trim().length, b.trim().length)) return;
  one.part = [head, a.length - tail];
  other.part = [head, b.length - tail];
}
