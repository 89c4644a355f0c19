import { expect, test } from "vitest";

import { type Choice, FEW, listed, type Row } from "../../src/lab/order.ts";
import { keyOf, type LiveRun } from "../../src/lab/run.ts";

const NOTHING: Choice = { query: "", folded: new Set(), whole: new Set() };

let made = 0;

function run(experiment: string, fields: Partial<LiveRun> = {}): LiveRun {
  made += 1;
  const id = `run-${made}`;
  const rest = { workspace: 0, number: made, status: "Completed", created: made };
  return { ...rest, experiment, id, ...fields };
}

function told(runs: LiveRun[], choice: Partial<Choice> = {}): string[] {
  const known = new Map(runs.map((one) => [keyOf(one), one]));
  return listed(known, { ...NOTHING, ...choice }).map((item) => {
    if (item.kind === "group") return `${item.experiment}: ${item.going} of ${item.total}`;
    return item.kind === "run" ? item.run.id : `${item.left} more`;
  });
}

test("experiments and runs that go on come first, then the newest", () => {
  const runs = [
    run("old", { id: "a", status: "Running", created: 1 }),
    run("old", { id: "b", created: 4 }),
    run("old", { id: "c", created: 5 }),
    run("new", { id: "d", created: 9 }),
    run("middle", { id: "e", created: 8 }),
  ];

  const order = told(runs);

  expect(order).toEqual([
    ...["old: 1 of 3", "a", "c", "b"],
    ...["new: 0 of 1", "d"],
    ...["middle: 0 of 1", "e"],
  ]);
});

test("of a long experiment a few are listed, and all that go on, until somebody asks for more", () => {
  const runs = Array.from({ length: 30 }, (_, i) => run("long", { id: `r${i}`, created: i }));
  const going = runs.slice(0, 10).map((one) => ({ ...one, status: "Running" }));
  const group = JSON.stringify([0, "long"]);

  expect(told(runs)).toHaveLength(1 + FEW + 1);
  expect(told(runs).at(-1)).toBe(`${30 - FEW} more`);
  expect(told([...going, ...runs.slice(10)]).at(-1)).toBe("20 more");
  expect(told(runs, { whole: new Set([group]) })).toHaveLength(31);
  expect(told(runs, { folded: new Set([group]) })).toEqual(["long: 0 of 30"]);
});

test("a run's children are counted at their parent, and can be found", () => {
  const runs = [
    run("sweep", { id: "parent", status: "Running", name: "grid" }),
    run("sweep", { id: "child-1", parent: "parent", name: "lr=0.1", status: "Running" }),
    run("sweep", { id: "child-2", parent: "parent", name: "lr=0.2" }),
    run("sweep", { id: "orphan", parent: "somewhere else", created: 0 }),
  ];
  const known = new Map(runs.map((one) => [keyOf(one), one]));

  expect(told(runs)).toEqual(["sweep: 1 of 2", "parent", "orphan"]);
  const row = listed(known, NOTHING)[1] as Row;
  expect([row.children, row.going]).toEqual([2, 1]);
  expect(told(runs, { query: "lr=0.2" })).toEqual(["sweep: 0 of 2", "child-2"]);
});

test("a search has all its words in experiment, name, number, status or id", () => {
  const runs = [
    run("spirals", { id: "x1", number: 7, name: "Wide net", status: "Failed" }),
    run("spirals", { id: "x2", number: 70, status: "CancelRequested" }),
    run("other", { id: "x3", number: 8, script: "src/train.py" }),
  ];

  expect(told(runs, { query: "spi WIDE" }).slice(1)).toEqual(["x1"]);
  expect(told(runs, { query: "#70" }).slice(1)).toEqual(["x2"]);
  expect(told(runs, { query: "failed" }).slice(1)).toEqual(["x1"]);
  expect(told(runs, { query: "cancel requested" }).slice(1)).toEqual(["x2"]);
  expect(told(runs, { query: "train.py" }).slice(1)).toEqual(["x3"]);
  expect(told(runs, { query: "nothing of that" })).toEqual([]);
});

test("experiments of one name in two workspaces stay apart", () => {
  const runs = [run("same", { id: "a" }), run("same", { id: "b", workspace: 1 })];

  expect(told(runs)).toEqual(["same: 0 of 1", "b", "same: 0 of 1", "a"]);
});
