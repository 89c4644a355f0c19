/** Values between separators, as spreadsheets write them. Pure. */

/** The separator that splits the first line best. */
export function separatorOf(text: string): string {
  const line = text.slice(0, Math.max(0, text.indexOf("\n")) || undefined).replace(/"[^"]*"/g, "");
  const counted = [",", ";", "\t", "|"].map((sign) => [sign, line.split(sign).length] as const);
  return counted.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

/**
 * The rows of a text: fields between separators, in quotes where they contain one.
 *
 * A quote that never ends takes the rest; a text without a line end has its last row too.
 */
export function rowsOfCsv(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const [field, end] = fieldAt(text, at, separator);
    row.push(field);
    if (text[end] === separator) {
      at = end + 1;
      if (at < text.length) continue;
      row.push("");
    }
    at = Math.max(at, end) + (text.startsWith("\r\n", end) ? 2 : 1);
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  return rows;
}

function fieldAt(text: string, start: number, separator: string): [field: string, end: number] {
  if (text[start] !== '"') {
    const end = endOfField(text, start, separator);
    return [text.slice(start, end), end];
  }
  let field = "";
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return [field + text.slice(at), text.length];
    field += text.slice(at, quote);
    if (text[quote + 1] !== '"') {
      // What stands between the quote and the separator belongs to nobody, and is kept.
      const end = endOfField(text, quote + 1, separator);
      return [field + text.slice(quote + 1, end), end];
    }
    field += '"';
    at = quote + 2;
  }
}

function endOfField(text: string, start: number, separator: string): number {
  for (let at = start; at < text.length; at++) {
    const sign = text[at];
    if (sign === separator || sign === "\n" || sign === "\r") return at;
  }
  return text.length;
}
