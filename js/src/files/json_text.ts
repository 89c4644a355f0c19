/** JSON with line ends and spaces where a reader wants them; every value as it is written. Pure. */

/** Deeper, lines are no longer moved to the right: nobody reads that, and it may be endless. */
const DEEPEST = 40;

/** A list of plain values up to this long stays on one line. */
const LONGEST_LINE = 100;

const TOKEN = /\s+|"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/y;

/** The text laid out; null where it is not JSON. */
export function prettyJson(text: string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const parts: string[] = [];
  let depth = 0;
  let isFirst = false; // behind an opening bracket, which may close at once
  const newline = () => parts.push(`\n${"  ".repeat(Math.min(depth, DEEPEST))}`);
  for (let at = 0; at < text.length; ) {
    const list = shortList(text, at);
    const token = list?.text ?? tokenAt(text, at);
    at = list?.end ?? at + token.length;
    if (/^\s/.test(token)) continue;
    const closes = token === "}" || token === "]";
    if (closes) depth -= 1;
    if (isFirst !== closes) newline();
    isFirst = false;
    parts.push(token);
    if (token === "{" || token === "[") {
      depth += 1;
      isFirst = true;
    } else if (token === ":") parts.push(" ");
    else if (token === ",") newline();
  }
  return parts.join("");
}

function tokenAt(text: string, at: number): string {
  TOKEN.lastIndex = at;
  return TOKEN.exec(text)?.[0] ?? (text[at] as string);
}

/** The list that begins at `at`, on one line, where it has only a few plain values. */
function shortList(text: string, start: number): { text: string; end: number } | null {
  if (text[start] !== "[") return null;
  let line = "";
  for (let at = start; at < text.length && line.length <= LONGEST_LINE; ) {
    const token = tokenAt(text, at);
    at += token.length;
    if (/^\s/.test(token)) continue;
    if (token === "{" || (token === "[" && line !== "")) return null;
    line += token === "," ? ", " : token;
    if (token === "]") return line.length <= LONGEST_LINE ? { text: line, end: at } : null;
  }
  return null;
}
