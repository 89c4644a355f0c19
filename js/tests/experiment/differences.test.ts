import { expect, test } from "vitest";

import { sections } from "../../src/experiment/differences.ts";
import { tableOf } from "./told.ts";

const RUNS = [
  {
    id: "a",
    "argument:lr": "0.1",
    "tag:seed": "1",
    "metric:acc": 0.9,
    "property:azureml.git.commit": "x",
  },
  { id: "b", "argument:lr": "0.1", "tag:seed": "2", "metric:acc": 0.8, "property:author": "Jo" },
];

test("what differs comes first, and each name in its section", () => {
  const table = tableOf(RUNS, { acc: "maximize" });

  const found = sections(table, table.rows(), new Map());

  expect(found.map(({ title }) => title)).toEqual([
    "Parameters",
    "Tags",
    "Metrics",
    "Code",
    "Properties",
  ]);
  const named = Object.fromEntries(
    found.flatMap(({ differences }) => differences.map((each) => [each.name, each])),
  );
  expect(named.lr?.differs).toBe(false);
  expect(named.seed?.values).toEqual(["1", "2"]);
  expect(named.acc?.best).toEqual([0]);
  expect(named.acc?.apart[0]).toBe(0);
  expect(named.acc?.apart[1]).toBeCloseTo(-0.1);
  expect(named["azureml.git.commit"]?.values).toEqual(["x", null]);
});

test("packages are compared where every run has told its own", () => {
  const table = tableOf(RUNS);
  const packages = new Map([["a", { numpy: "2.0", only: "1" }]]);
  expect(sections(table, table.rows(), packages).some(({ title }) => title === "Environment")).toBe(
    false,
  );

  packages.set("b", { numpy: "2.1" } as never);
  const environment = sections(table, table.rows(), packages).find(
    (s) => s.title === "Environment",
  );

  expect(environment?.differences.map(({ name, values }) => [name, values])).toEqual([
    ["numpy", ["2.0", "2.1"]],
    ["only", ["1", null]],
  ]);
});

test("values that only look alike with fewer digits differ, and show all of theirs", () => {
  const loss = [0.123456, 0.123457, 2.5, 9.25].map((value) => ({ "metric:loss": value }));
  const table = tableOf(loss);

  const [found] = sections(table, table.rows().slice(0, 2), new Map()).flatMap(
    ({ differences }) => differences,
  );

  expect(found?.differs).toBe(true);
  expect(found?.values).toEqual(["0.123456", "0.123457"]);
});

test("what git said is listed once, whatever names it has", () => {
  const runs = ["x", "y"].map((commit) => ({
    "property:azureml.git.commit": commit,
    "property:mlflow.source.git.commit": commit,
  }));
  const table = tableOf(runs);

  const [code] = sections(table, table.rows(), new Map());

  expect(code?.differences.map(({ name }) => name)).toEqual(["azureml.git.commit"]);
});
