/** What the Jupyter server behind this page tells of a run's files; the kernel is never asked. */

import type { Facts } from "./model.ts";
import type { RowsAnswer, RowsQuestion } from "./tables/far_rows.ts";

/** Bytes of a file from `start` on, of the `size` that it has now. */
export type Part = { bytes: Uint8Array; start: number; size: number };

/** A time, in seconds since the epoch, and the bytes that a log had by then. */
export type LogNote = [at: number, bytes: number];

/** Where a line begins, in bytes, and how many lines there are before it. */
export type Line = { at: number; number: number };

/** Lines that have a text, and where to go on looking, or null at the file's end. */
export type Found = { lines: Line[]; next: Line | null };

/** What a run was started from. */
export type Source = {
  environment: { facts: Record<string, string>; packages: Record<string, string> } | null;
  snapshot: { files: { path: string; bytes: number }[]; total: number; bytes: number } | null;
  notebook: { bytes: number } | null;
  /** Whether it is known how the run was started, so that it can be started again. */
  can_repeat: boolean;
};

/** How a run's code differs from another's. */
export type CodeChanges = {
  files: { path: string; kind: string; diff: string; note: string }[];
  /** Files that differ; more than are told where they are very many. */
  total: number;
  /** Why the code could not be compared; empty where it was. */
  note: string;
};

/** A part of a line, as fine as it was logged or as was asked for; "NaN" and "Infinity" are names. */
export type Stretch = {
  total: number;
  inside: number;
  x: ArrayLike<number | string>;
  y: ArrayLike<number | string>;
  at: ArrayLike<number | string>;
};

/** Whoever has a run's lines as fine as they were logged. */
export type Lines = Pick<RunServer, "series">;

/** Something that can be read in parts: what views need of a file. */
export interface File {
  readonly name: string;
  /** The bytes from `from`, counted from the end where negative, up to but not at `to`. */
  read(from: number, to?: number): Promise<Part>;
  /** Where a browser gets it, to show it or to keep it. */
  address(download?: boolean): string;
}

/** What views of files say on pages that no Jupyter server of ours is behind. */
export const NO_SERVER =
  "Files can be opened only on pages of a Jupyter server that has run-widgets installed";

/** Why the server did not answer as hoped, in words for the reader. */
export class ServerError extends Error {
  constructor(
    message: string,
    readonly status = 0,
  ) {
    super(message);
  }
}

/** An id that leads nowhere else, as one of a stranger's run might. */
const RUN_ID = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,254}$/;

/** The server's view of one run. */
export class RunServer {
  readonly #root: string;
  readonly #workspace: string | null;

  /**
   * @param root where the server's addresses begin
   * @param workspace the folder that the run is in; null for where the server looks by itself
   */
  constructor(
    root: string,
    readonly runId: string,
    workspace: string | null,
  ) {
    this.#root = root;
    this.#workspace = workspace;
  }

  /** Another run of the same workspace; null where its id is none. */
  other(runId: string): RunServer | null {
    return RUN_ID.test(runId) ? new RunServer(this.#root, runId, this.#workspace) : null;
  }

  /** The run's page. */
  page(): string {
    return this.#address(`runs/${this.runId}`);
  }

  /** The run as one file. */
  exported(): string {
    return this.#address(`export/${this.runId}`);
  }

  /** A file of the run; null where a browser would take its name for another place. */
  file(name: string): File | null {
    return this.#file(`files/${this.runId}`, name);
  }

  /** `notebook.ipynb`, `environment.json` or `snapshot.zip`. */
  sourceFile(name: string): File | null {
    return this.#file(`source/${this.runId}`, name);
  }

  snapshotFile(name: string): File | null {
    return this.#file(`source/${this.runId}/snapshot`, name);
  }

  source(): Promise<Source> {
    return this.#json("/source");
  }

  /** How its code differs from that of the run `than`. */
  code(than: string): Promise<CodeChanges> {
    return this.#json("/code", { than });
  }

  /** The points of a line from one step, or one time, to another. */
  series(
    name: string,
    part: { over: "x" | "at"; from: number; to: number; points: number },
  ): Promise<Stretch> {
    const { over, from, to, points } = part;
    const numbers = { from: String(from), to: String(to), points: String(points) };
    return this.#json("/series", { name, over, ...numbers });
  }

  /** Where a browser gets every value of some lines as CSV. */
  values(names: string[], xLabel: string): string {
    const parameters = [...names.map((name) => ["name", name]), ["x", xLabel]];
    return this.#address(`api/runs/${this.runId}/values`, parameters);
  }

  /** A window of a table's rows, sorted and searched by the server. */
  rows(name: string, question: RowsQuestion, signal: AbortSignal): Promise<RowsAnswer> {
    const { from, count, filter, order } = question;
    const sort: Record<string, string> = order
      ? { sort: String(order.column), descending: order.descending ? "1" : "" }
      : {};
    const about = { name, from: String(from), count: String(count), filter, ...sort };
    return this.#json("/rows", about, signal);
  }

  /** What the run's page shows, as `tag` names it; null while that is still so. */
  async state<T>(tag: string | null): Promise<{ state: T; tag: string | null } | null> {
    const headers: Record<string, string> = tag ? { "If-None-Match": tag } : {};
    const answer = await ask(this.#address(`api/runs/${this.runId}`), { headers });
    if (answer.status === 304) return null;
    return { state: await answer.json(), tag: answer.headers.get("ETag") };
  }

  /**
   * What the run's panel shows, of what was `seen` only the news; null while it is as `tag` names it.
   *
   * @param seen what the last answer said under that name; empty for the whole
   */
  async panel<T>(
    seen: string,
    tag: string | null,
  ): Promise<{ state: T; tag: string | null } | null> {
    const headers: Record<string, string> = tag ? { "If-None-Match": tag } : {};
    const address = this.#address(`api/runs/${this.runId}/panel`, seen ? { seen } : {});
    const answer = await ask(address, { headers });
    if (answer.status === 304) return null;
    return { state: await answer.json(), tag: answer.headers.get("ETag") };
  }

  /** Lines of a file that have `text`, from `start` on; without a text, the number of `start`. */
  lines(file: string, text: string, start: Line = { at: 0, number: 0 }): Promise<Found> {
    const { at, number } = start;
    return this.#json("/lines", { file, text, at: String(at), number: String(number) });
  }

  /** When a log had come how far, in order. */
  async logTimes(file: string): Promise<LogNote[]> {
    const { times } = await this.#json<{ times: LogNote[] }>("/log-times", { file });
    return times;
  }

  /** Ask the run to end. */
  async stop(): Promise<void> {
    await ask(this.#address(`api/runs/${this.runId}/stop`), { method: "POST" });
  }

  /** Rename the run, or change its tags: one whose value is null goes. */
  async edit(changes: Changes): Promise<void> {
    const body = JSON.stringify(changes);
    await ask(this.#address(`api/runs/${this.runId}/edit`), { method: "POST", body });
  }

  /** Move the run to the workspace's trash. */
  async delete(): Promise<void> {
    await ask(this.#address(`api/runs/${this.runId}/delete`), { method: "POST" });
  }

  /** Run again what the run ran; the new run. */
  async resubmit(): Promise<RunServer> {
    const answer = await ask(this.#address(`api/runs/${this.runId}/resubmit`), { method: "POST" });
    const { run_id } = (await answer.json()) as { run_id: string };
    const other = this.other(run_id);
    if (!other) throw new ServerError("The Jupyter server named no run");
    return other;
  }

  async #json<T>(
    what: string,
    parameters: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<T> {
    const address = this.#address(`api/runs/${this.runId}${what}`, parameters);
    const answer = await ask(address, { signal });
    return answer.json();
  }

  #address(path: string, parameters: Record<string, string> | string[][] = {}): string {
    const query = new URLSearchParams(parameters);
    if (this.#workspace !== null) query.set("workspace", this.#workspace);
    return `${this.#root}run-widgets/${path}${query.size > 0 ? `?${query}` : ""}`;
  }

  #file(folder: string, name: string): File | null {
    const parts = name.split("/");
    if (parts.some((part) => part === "" || part === "." || part === "..")) return null;
    const path = `${folder}/${parts.map(encodeURIComponent).join("/")}`;
    return {
      name,
      read: (from, to) => read(this.#address(path), from, to),
      address: (download = false) => this.#address(path, download ? { download: "1" } : {}),
    };
  }
}

/** The server that has the run, as far as the page and the kernel know; null where there is none. */
export function serverOf(facts: Facts): RunServer | null {
  const root = baseUrl();
  if (root === null || !facts.portal_path || !RUN_ID.test(facts.run_id)) return null;
  const query = facts.portal_path.split("?")[1] ?? "";
  return new RunServer(root, facts.run_id, new URLSearchParams(query).get("workspace"));
}

/** Read in one go. */
const MOST_BYTES = 32_000_000;

type PageConfig = { baseUrl?: unknown; token?: unknown };

/** Where the Jupyter server's addresses begin, as the page says; null on a page without one. */
export function baseUrl(): string | null {
  if (isStranger) return null;
  const base = pageConfig().baseUrl ?? document.body.dataset.baseUrl;
  return typeof base === "string" ? base.replace(/\/?$/, "/") : null;
}

/** Whether the server behind this page has turned out to have no run-widgets. */
let isStranger = false;
let meeting: Promise<void> | null = null;

/** How long a panel waits for the server to say whether it has run-widgets. */
const MEETING_MS = 1000;

/**
 * Learn, once for the page, whether the server behind it has run-widgets too: the kernel may be of
 * another environment, or the server may run since before it was installed. Before what is to be
 * drawn asks for `baseUrl`.
 */
export function meetServer(): Promise<void> {
  meeting ??= Promise.race([meet(), new Promise<void>((go) => setTimeout(go, MEETING_MS))]);
  return meeting;
}

async function meet(): Promise<void> {
  const root = baseUrl();
  if (root === null || document.body.dataset.baseUrl !== undefined) return; // a page of our own
  try {
    await ask(`${root}run-widgets`, { method: "HEAD" }); // with a slash, it would say 405 of any
  } catch (error) {
    isStranger = error instanceof ServerError && error.status === 404;
  }
}

/** Answer the question of a kernel, which is too busy to be told, whether anybody hears it. */
export async function tellHeard(question: string): Promise<void> {
  const root = baseUrl();
  if (root === null) return;
  await ask(`${root}run-widgets/api/heard/${encodeURIComponent(question)}`, { method: "POST" });
}

function pageConfig(): PageConfig {
  try {
    const text = document.getElementById("jupyter-config-data")?.textContent;
    return (text && (JSON.parse(text) as PageConfig)) || {};
  } catch {
    return {};
  }
}

async function read(address: string, from: number, to?: number): Promise<Part> {
  const range = from < 0 ? `${from}` : `${from}-${to === undefined ? "" : to - 1}`;
  const answer = await ask(address, { headers: { Range: `bytes=${range}` } });
  const [, first, whole] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(
    answer.headers.get("Content-Range") ?? "",
  ) ?? [null, undefined, undefined];
  if (answer.status === 416) return { bytes: new Uint8Array(), start: from, size: Number(whole) };
  // Some proxy has dropped the range, and the whole of the file is on its way.
  if (Number(answer.headers.get("Content-Length")) > MOST_BYTES) {
    throw new ServerError("The file is too large to be shown here: download it");
  }
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return { bytes, start: Number(first ?? 0), size: Number(whole ?? bytes.length) };
}

/** What of a run can be changed after the fact. */
export type Changes = { display_name?: string; tags?: Record<string, string | null> };

type Question = {
  method?: "GET" | "HEAD" | "POST";
  body?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
};

/**
 * Ask the server as JupyterLab does: with its token where the page has one, else its cookies.
 *
 * @throws ServerError where there is no answer, or not the one that was hoped for
 */
export async function ask(address: string, options: Question = {}): Promise<Response> {
  const { method = "GET", body = null, headers = {}, signal = null } = options;
  const { token } = pageConfig();
  if (typeof token === "string" && token) headers.Authorization = `token ${token}`;
  // Jupyter wants it of what changes something, JupyterHub of all that a script asks.
  const cookie = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1];
  if (cookie) headers["X-XSRFToken"] = decodeURIComponent(cookie);
  let answer: Response;
  try {
    answer = await fetch(address, { method, body, headers, signal, cache: "no-store" });
  } catch {
    throw new ServerError("The Jupyter server cannot be reached");
  }
  const isPart = answer.status === 416 || answer.status === 304;
  if (!answer.ok && !isPart) throw new ServerError(await reason(answer), answer.status);
  // A page of its own, such as one to sign in on, instead of what was asked for.
  if (answer.redirected) throw new ServerError("The Jupyter server wants you to sign in again");
  return answer;
}

async function reason(answer: Response): Promise<string> {
  if (answer.status === 403) return "The Jupyter server does not let you do this: sign in again?";
  const isJson = answer.headers.get("Content-Type")?.includes("json");
  const message = isJson ? (await answer.json().catch(() => null))?.message : null;
  if (typeof message === "string" && message) return message;
  if (answer.status === 404) return "The Jupyter server here does not have it";
  return `The Jupyter server answered ${answer.status} ${answer.statusText}`;
}

/** What went wrong, in words for the reader. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
