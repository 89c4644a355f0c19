/** Answers, in a file that somebody was sent, what views ask of the server: from the file itself. */

import type { Line, LogNote } from "../server.ts";

/** Nowhere that a browser would go. */
const ROOT = "run:/";

/**
 * Let the page's views read what came with the run.
 *
 * @param contents texts and pictures by name, as base64
 * @param logTimes when logs had come how far, by name
 */
export function serveEmbedded(
  contents: Record<string, string>,
  logTimes: Record<string, LogNote[]> = {},
): void {
  document.body.dataset.baseUrl = ROOT;
  const elsewhere = window.fetch.bind(window);
  window.fetch = async (address, options) => {
    const url = String(address);
    return url.startsWith(ROOT)
      ? answer(contents, logTimes, url, options ?? {})
      : elsewhere(address, options);
  };
  // A link to a file is to its content, which a browser can only keep. Before views hear of it.
  const keepLinked = (event: Event) => {
    const link = (event.target as Element).closest?.("a");
    if (!link?.getAttribute("href")?.startsWith(ROOT)) return;
    event.preventDefault();
    const [name, bytes] = fileAt(contents, link.href);
    if (bytes) keep(name, bytes);
  };
  document.addEventListener("click", keepLinked, { capture: true });
}

function answer(
  contents: Record<string, string>,
  logTimes: Record<string, LogNote[]>,
  url: string,
  options: RequestInit,
): Response {
  const { searchParams, pathname } = new URL(url);
  if (pathname.endsWith("/log-times")) {
    return Response.json({ times: logTimes[searchParams.get("file") ?? ""] ?? [] });
  }
  if (pathname.endsWith("/lines")) {
    const text = bytesOf(contents[searchParams.get("file") ?? ""]);
    return text ? lines(text, searchParams) : missing();
  }
  const [, bytes] = fileAt(contents, url);
  const { Range = null } = (options.headers ?? {}) as Record<string, string>; // as our server.ts asks
  return bytes ? part(bytes, Range) : missing();
}

function missing(): Response {
  const message = "This is not in the file: it is where the run is";
  return Response.json({ message }, { status: 404 });
}

/** The name in an address such as `run:/run-widgets/files/<id>/outputs/a%20b.txt`, and its content. */
function fileAt(contents: Record<string, string>, url: string): [string, Uint8Array | null] {
  const [, path = ""] = /\/run-widgets\/files\/[^/]+\/(.*)$/.exec(new URL(url).pathname) ?? [];
  const name = path.split("/").map(decodeURIComponent).join("/");
  return [name, bytesOf(contents[name])];
}

function bytesOf(base64: string | undefined): Uint8Array | null {
  return base64 === undefined ? null : Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
}

/** As the server answers a `Range`. */
function part(bytes: Uint8Array, range: string | null): Response {
  const size = bytes.length;
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (!from && !to) return new Response(bytes.slice());
  const first = from ? Number(from) : Math.max(0, size - Number(to));
  const end = from && to ? Math.min(Number(to) + 1, size) : size;
  if (first >= end) {
    return new Response(null, { status: 416, headers: { "Content-Range": `bytes */${size}` } });
  }
  const headers = { "Content-Range": `bytes ${first}-${end - 1}/${size}` };
  return new Response(bytes.slice(first, end), { status: 206, headers });
}

/** As the server answers where lines have a text, or which number the line at a byte has. */
function lines(bytes: Uint8Array, parameters: URLSearchParams): Response {
  const wanted = (parameters.get("text") ?? "").toLowerCase();
  const at = Number(parameters.get("at"));
  if (!wanted) {
    const number = bytes.subarray(0, at).filter((byte) => byte === 10).length;
    return Response.json({ lines: [{ at, number }], next: null });
  }
  const found: Line[] = [];
  const decoder = new TextDecoder();
  let [start, number] = [at, Number(parameters.get("number"))];
  while (start < bytes.length) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    const line = decoder.decode(bytes.subarray(start, end)).toLowerCase();
    if (line.includes(wanted)) found.push({ at: start, number });
    [start, number] = [end + 1, number + 1];
  }
  return Response.json({ lines: found, next: null });
}

function keep(name: string, bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([bytes.slice()]));
  const link = document.createElement("a");
  link.href = url;
  link.download = name.split("/").at(-1) ?? name;
  link.click();
  URL.revokeObjectURL(url);
}
