import { expect, test } from "vitest";

import { codeOfRun } from "../../src/lab/code.ts";
import { type LiveRun, nameOf, progressOf, readingOf, stateOf } from "../../src/lab/run.ts";
import { HEIGHT, path, pieces, sparkline, WIDTH } from "../../src/lab/spark.ts";

const RUN: LiveRun = {
  ...{ workspace: 0, experiment: "spirals", id: "r", number: 3 },
  ...{ status: "Running", created: 0, started: 1000 },
};
const NOW = 1200;

test("a run that goes on says how far it is and how long it took", () => {
  expect(stateOf(RUN, NOW)).toBe("3 min 20 s");
  expect(stateOf({ ...RUN, done: 259, total: 1000 }, NOW)).toBe("25 % · 3 min 20 s");
  expect(stateOf({ ...RUN, stop_requested: true }, NOW)).toBe("Stopping · 3 min 20 s");
  const queued = { ...RUN, status: "Queued", waiting_for: "run 2" };
  expect(stateOf({ ...queued, started: undefined } as unknown as LiveRun, NOW)).toBe(
    "Queued · run 2",
  );
});

test("a run that has ended says when, and why where it failed", () => {
  const ended = { ...RUN, status: "Completed", ended: 1100 };

  expect(stateOf(ended, NOW)).toBe("1 min ago · 1 min 40 s");
  expect(stateOf({ ...ended, status: "Failed", error: "out of memory" }, NOW)).toBe(
    "Failed · out of memory · 1 min ago",
  );
  expect(stateOf(ended, NOW + 3 * 86_400)).toBe("3 d ago · 1 min 40 s");
});

test("progress is told of a loop whose end is known, while it goes on", () => {
  expect(progressOf({ ...RUN, done: 5, total: 20 })).toBe(0.25);
  expect(progressOf({ ...RUN, done: 0, total: 20 })).toBe(0);
  expect(progressOf({ ...RUN, done: 30, total: 20 })).toBe(1);
  expect(progressOf({ ...RUN, done: 5, total: null })).toBeNull();
  expect(progressOf({ ...RUN, done: 5, total: 20, status: "Failed" })).toBeNull();
});

test("a run is called what a person would call it", () => {
  expect(nameOf(RUN)).toBe("Run 3");
  expect(nameOf({ ...RUN, script: "src/train.py" })).toBe("train.py");
  expect(nameOf({ ...RUN, script: "src/train.py", name: "wide" })).toBe("wide");
});

test("a value is short, whatever it is", () => {
  expect(readingOf({ last: 0.123456789 })).toBe("0.1235");
  expect(readingOf({ last: "NaN" })).toBe("NaN");
  expect(readingOf({ last: false })).toBe("false");
  expect(readingOf({})).toBe("");
});

test("a small curve fills its box, and is in pieces where it has gaps", () => {
  const found = pieces([3, 1, null, 2, null, null]);

  expect(found.map((piece) => piece.length)).toEqual([2, 1]);
  expect(found[0]?.[0]).toEqual([2.5, 2.5]); // the highest, at the left
  expect(found[0]?.[1]?.[1]).toBe(HEIGHT - 2.5);
  expect(Math.max(...found.flat().map(([x]) => x))).toBeLessThan(WIDTH);
  expect(path([3, 1, null, 2])).toMatch(/^M2\.5,2\.5L\S+M\S+L\S+$/);
});

test("a curve that stays as it is runs through the middle; one of nothing is none", () => {
  expect(pieces([5, 5, 5])[0]?.map(([, y]) => y)).toEqual([HEIGHT / 2, HEIGHT / 2, HEIGHT / 2]);
  expect(path([])).toBe("");
  expect(path([null, null])).toBe("");
});

test("the end of a curve is marked, unless it has no value there", () => {
  const { el, draw } = sparkline();
  const end = () => el.querySelector("circle");

  draw([1, 2]);
  expect(end()?.getAttribute("cx")).toBe(String(WIDTH - 2.5));
  draw([1, 2, null]);
  expect(end()?.getAttribute("visibility")).toBe("hidden");
});

test("names and paths cannot leave their string in the code", () => {
  const code = codeOfRun('C:\\runs\\"x"\n', 'a"); import os; ("');

  expect(code).toContain(
    String.raw`Workspace("C:\\runs\\\"x\"\n").get_run("a\"); import os; (\"")`,
  );
  expect(code.split("\n")).toHaveLength(4);
});
