/** Stands in for the Jupyter server: the same addresses and headers, files of a test's own. */

import { vi } from "vitest";

export const ROOT = "/user/jo/";

export class FakeServer {
  readonly files = new Map<string, Uint8Array>();
  /** JSON by what of a run it answers: `source`, `lines`, … */
  readonly answers: Record<string, (query: URLSearchParams) => unknown> = {};
  /** Addresses asked for, with the range where there was one. */
  readonly asked: string[] = [];
  /** What was posted, by the address. */
  readonly posted: [address: string, body: unknown][] = [];
  isDown = false;

  put(path: string, content: string | Uint8Array): void {
    this.files.set(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  }

  readonly fetch = async (address: string, options: RequestInit = {}): Promise<Response> => {
    const range = (options.headers as Record<string, string> | undefined)?.Range ?? null;
    if (options.method === "POST") {
      this.posted.push([address, JSON.parse(String(options.body ?? "null"))]);
    }
    this.asked.push([address, range].filter(Boolean).join(" "));
    if (this.isDown) throw new TypeError("Failed to fetch");
    const url = new URL(address, "http://localhost");
    const [, what = "", id = "", rest = ""] =
      /^\/user\/jo\/run-widgets\/(files|source|api\/runs)\/([^/]+)\/?(.*)$/.exec(url.pathname) ??
      [];
    if (what === "api/runs") {
      const answer = this.answers[rest || "state"]?.(url.searchParams);
      return answer === undefined ? refused(404, `no run '${id}'`) : json(200, answer);
    }
    const name = rest.split("/").map(decodeURIComponent).join("/");
    const content = this.files.get(what === "source" ? `source:${name}` : name);
    return content ? part(content, range) : refused(404, `run '${id}' has no file '${name}'`);
  };
}

/** A server behind this page until the test is over. */
export function fakeServer(files: Record<string, string | Uint8Array> = {}): FakeServer {
  const server = new FakeServer();
  for (const [path, content] of Object.entries(files)) server.put(path, content);
  const config = document.createElement("script");
  config.id = "jupyter-config-data";
  config.type = "application/json";
  config.textContent = JSON.stringify({ baseUrl: ROOT });
  document.head.replaceChildren(config);
  vi.stubGlobal("fetch", server.fetch);
  return server;
}

/** Take it away again. */
export function noServer(): void {
  document.head.replaceChildren();
  vi.unstubAllGlobals();
}

function part(content: Uint8Array, range: string | null): Response {
  const size = content.length;
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (first === undefined) return new Response(content as BodyInit);
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (from >= to) {
    return new Response("", { status: 416, headers: { "Content-Range": `bytes */${size}` } });
  }
  const headers = { "Content-Range": `bytes ${from}-${to - 1}/${size}` };
  return new Response(content.slice(from, to) as BodyInit, { status: 206, headers });
}

function json(status: number, body: unknown): Response {
  const headers = { "Content-Type": "application/json" };
  return new Response(JSON.stringify(body), { status, headers });
}

function refused(status: number, message: string): Response {
  return json(status, { message });
}

/** Until what was asked has been answered and drawn. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}
