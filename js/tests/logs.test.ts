import { afterEach, expect, test, vi } from "vitest";

import { boardOf } from "../src/charts/look.ts";
import { pastOf } from "../src/run/past.ts";
import { logs } from "../src/views/logs.ts";
import { FACTS, fakeRun, life } from "./fake_model.ts";
import { type FakeServer, fakeServer, noServer, settled } from "./fake_server.ts";

const HOSTILE = "<img src=x onerror=alert(1)>";
const LOG = "user_logs/std_log.txt";

afterEach(() => {
  vi.useRealTimers();
  noServer();
});

function entries(server: FakeServer | null, ...paths: string[]) {
  return paths.map((path, i) => ({
    path,
    bytes: server?.files.get(path)?.length ?? 10,
    modified_at: i,
  }));
}

const rows = (el: HTMLElement) =>
  [...el.querySelectorAll(".rw-block > pre:not(.rw-gutter)")]
    .map((pre) => pre.textContent)
    .join("")
    .trimEnd()
    .split("\n");
const note = (el: HTMLElement) => el.querySelector(".rw-logs > .rw-note")?.textContent;
const button = (el: HTMLElement, name: string) =>
  [...el.querySelectorAll("button")].find(({ textContent }) => textContent === name);

test("the newest log is shown, with its lines' numbers and colours", async () => {
  const server = fakeServer({ "logs/old.txt": "old", [LOG]: "a\n\x1b[31mred\x1b[0m\n" });
  const el = logs(fakeRun({ files: entries(server, "logs/old.txt", LOG) }), life().signal);
  await settled();

  expect(rows(el)).toEqual(["a", "red"]);
  expect(el.querySelector(".rw-gutter")?.textContent).toBe("1\n2");
  expect(el.querySelector(".rw-ansi-fg-1")?.textContent).toBe("red");
  expect(el.querySelector("select")?.selectedOptions[0]?.textContent).toBe(`Newest: ${LOG}`);
});

test("another log is shown when it is chosen, and stays", async () => {
  const server = fakeServer({ "logs/old.txt": "old", [LOG]: "new" });
  const model = fakeRun({ files: entries(server, "logs/old.txt", LOG) });
  const el = logs(model, life().signal);
  await settled();
  const select = el.querySelector("select") as HTMLSelectElement;

  select.value = "logs/old.txt";
  select.dispatchEvent(new Event("change"));
  await settled();
  model.set_state({ files: entries(server, "logs/old.txt", LOG) });

  expect(rows(el)).toEqual(["old"]);
});

test("a log that grows is followed, until one stops that", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "Date"] });
  const server = fakeServer({ [LOG]: "one\n" });
  const el = logs(fakeRun({ files: entries(server, LOG) }), life().signal);
  await settled();

  server.put(LOG, "one\n 50%|##  |\r100%|####|\n");
  vi.advanceTimersByTime(2000);
  await settled();
  expect(rows(el)).toEqual(["one", "100%|####|"]);

  button(el, "Follow")?.click();
  server.put(LOG, "one\n 50%|##  |\r100%|####|\nlater\n");
  vi.advanceTimersByTime(10_000);
  await settled();
  expect(rows(el)).not.toContain("later");
});

test("a log of which only the end is here learns its numbers, and its beginning on the way up", async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => `line ${i}`);
  const server = fakeServer({ [LOG]: lines.join("\n") });
  server.answers.lines = (query) => {
    const at = Number(query.get("at"));
    const number = lines.join("\n").slice(0, at).split("\n").length - 1;
    return { lines: [{ at, number }], next: null };
  };
  const el = logs(fakeRun({ files: entries(server, LOG) }), life().signal);
  await settled();
  const first = Number(rows(el)[0]?.split(" ")[1]);
  expect(first).toBeGreaterThan(0);
  expect(el.querySelector(".rw-gutter")?.textContent?.startsWith(`${first + 1}\n`)).toBe(true);
  expect(note(el)).toContain("above");

  el.querySelector(".rw-log")?.dispatchEvent(new Event("scroll"));
  await settled();

  expect(Number(rows(el)[0]?.split(" ")[1])).toBeLessThan(first);
  expect(rows(el).at(-1)).toBe("line 29999");
});

test("a search marks what is here, and leads from one find to the next", async () => {
  const server = fakeServer({ [LOG]: "an apple\nnothing\nApples\n" });
  const found = {
    lines: [
      { at: 0, number: 0 },
      { at: 17, number: 2 },
    ],
    next: null,
  };
  server.answers.lines = (query) =>
    query.get("text") === "apple" ? found : { lines: [], next: null };
  const el = logs(fakeRun({ files: entries(server, LOG) }), life().signal);
  await settled();
  const input = el.querySelector("input") as HTMLInputElement;

  input.value = "apple";
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  await settled();

  expect([...el.querySelectorAll("mark")].map((mark) => mark.textContent)).toEqual([
    "apple",
    "Apple",
  ]);
  expect(el.querySelector("mark[data-current]")?.textContent).toBe("Apple");
  expect(el.querySelector(".rw-finder")?.textContent).toContain("2 of 2");
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  await settled();
  expect(el.querySelector("mark[data-current]")?.textContent).toBe("apple");
});

test("what a log says is text, and its name too", async () => {
  const path = `logs/${HOSTILE}.txt`;
  const server = fakeServer({ [path]: `${HOSTILE}\x1b]8;;javascript:alert(1)\x07${HOSTILE}\n` });
  const el = logs(fakeRun({ files: entries(server, path) }), life().signal);
  await settled();

  expect(rows(el)).toEqual([HOSTILE + HOSTILE]);
  expect(el.querySelector("img")).toBeNull();
});

test("a server that fails is said, and asked again", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "Date"] });
  const server = fakeServer({ [LOG]: "fine\n" });
  server.isDown = true;
  const el = logs(fakeRun({ files: entries(server, LOG) }), life().signal);
  await settled();
  expect(note(el)).toContain("cannot be reached");

  server.isDown = false;
  vi.advanceTimersByTime(10_000);
  await settled();

  expect(rows(el)).toEqual(["fine"]);
  expect(note(el)).not.toContain("cannot be reached");
});

test("without a server the logs are named, and why they cannot be read", async () => {
  const el = logs(fakeRun({ files: entries(null, LOG) }), life().signal);
  await settled();

  expect(el.querySelector("select")?.textContent).toBe(LOG);
  expect(note(el)).toContain("Jupyter server");
});

test("an empty log, and one of a run that has ended, are not asked for again and again", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "Date"] });
  const server = fakeServer({ [LOG]: "done\n" });
  const facts = { ...FACTS, status: "Completed" };
  logs(fakeRun({ facts, files: entries(server, LOG) }), life().signal);
  logs(fakeRun({ files: [{ path: LOG, bytes: 0, modified_at: 0 }] }), life().signal);
  await settled();

  vi.advanceTimersByTime(60_000);
  await settled();

  expect(server.asked.length).toBe(1);
});

test("leaves nothing behind when its life ends", async () => {
  const server = fakeServer({ [LOG]: "a\n" });
  const model = fakeRun({ files: entries(server, LOG) });
  const { signal, end } = life();
  logs(model, signal);

  end();
  await settled();

  expect(model.listeners).toBe(0);
});

test("a log is as far as it was at a moment, by the times of its lines", async () => {
  const start = FACTS.started_at as number;
  const line = (s: number) => `${new Date(1000 * (start + s)).toISOString()} step ${s}`;
  const lines = [0, 10, 20, 30].map(line);
  const server = fakeServer({ [LOG]: `${lines.join("\n")}\n` });
  const files = entries(server, LOG).map((entry) => ({ ...entry, modified_at: start + 30 }));
  const run = fakeRun({ files });
  const el = logs(pastOf(run), life().signal);
  await settled();
  expect(rows(el)).toEqual(lines);
  const at = async (second: number | null) => {
    boardOf(run).go(second === null ? null : start + second);
    await settled();
    return rows(el);
  };

  expect(await at(15)).toEqual(lines.slice(0, 2));
  expect(await at(25)).toEqual(lines.slice(0, 3));
  expect(await at(0.5)).toEqual(lines.slice(0, 1));
  expect(await at(null)).toEqual(lines);
});

test("a log whose lines have no times says so, and is shown whole", async () => {
  const start = FACTS.started_at as number;
  const server = fakeServer({ [LOG]: "epoch 1\nepoch 2\n" });
  const files = entries(server, LOG).map((entry) => ({ ...entry, modified_at: start + 30 }));
  const run = fakeRun({ files });
  const el = logs(pastOf(run), life().signal);
  await settled();

  boardOf(run).go(start + 5);
  await settled();

  expect(rows(el)).toEqual(["epoch 1", "epoch 2"]);
  expect(note(el)).toContain("have no times");
});
