import { expect, test } from "vitest";
import type { Shown } from "../../src/experiment/columns.ts";
import { choices, defaultColumns, shown } from "../../src/experiment/columns.ts";
import { keyText, type RunTable } from "../../src/experiment/table.ts";
import { idOf, tableOf } from "./told.ts";

function column(table: RunTable, id: string): Shown {
  const found = shown(table, id);
  if (!found) throw new Error(`no column ${id}`);
  return found;
}

test("the best value is the smallest or largest, as the metric's goal says", () => {
  const cells = { "metric:loss": 0.3, "metric:loss:min": 0.1, "metric:loss:max": 0.9 };
  const best = keyText(["metric", "loss", "best"]);

  expect(column(tableOf([cells], { loss: "minimize" }), best).number(0)).toBe(0.1);
  expect(column(tableOf([cells], { loss: "maximize" }), best).number(0)).toBe(0.9);
  expect(column(tableOf([cells]), best).number(0)).toBe(0.3);
});

test("a value that was logged once is its own extreme, and counts one", () => {
  const table = tableOf([
    { "metric:a": 5 },
    { "metric:a": 7, "metric:a:min": 1, "metric:a:max": 8, "metric:a:count": 3 },
  ]);

  expect(column(table, keyText(["metric", "a", "min"])).number(0)).toBe(5);
  expect(column(table, keyText(["metric", "a", "max"])).number(1)).toBe(8);
  expect(column(table, keyText(["metric", "a", "count"])).number(0)).toBe(1);
  expect(column(table, keyText(["metric", "a", "count"])).number(1)).toBe(3);
});

test("a duration goes on while its run does", () => {
  const now = Date.now() / 1000;
  const table = tableOf([
    { started: now - 100, ended: now - 40 },
    { started: now - 100, status: "Running" },
    { started: now - 100, status: "Failed" },
    {},
  ]);
  const duration = column(table, idOf("duration"));

  expect(duration.number(0)).toBeCloseTo(60);
  expect(duration.text(0)).toBe("1 min 00 s");
  expect(duration.number(1)).toBeCloseTo(100, 0);
  expect(duration.text(2)).toBe("");
  expect(duration.has(3)).toBe(false);
});

test("short runs are told apart", () => {
  const text = (seconds: number) =>
    column(tableOf([{ started: 1e9, ended: 1e9 + seconds }]), idOf("duration")).text(0);

  expect([text(0.25), text(2.34), text(75)]).toEqual(["250 ms", "2.3 s", "1 min 15 s"]);
});

test("labels that are numbers stand as such, and are read as they were written", () => {
  const table = tableOf([{ "tag:lr": "1e-3", "tag:model": "svm" }]);

  expect(column(table, idOf("tag:lr")).form).toBe("number");
  expect(column(table, idOf("tag:lr")).number(0)).toBe(0.001);
  expect(column(table, idOf("tag:lr")).text(0)).toBe("1e-3");
  expect(column(table, idOf("tag:model")).form).toBe("text");
});

test("a tag that is called like a metric says that it is the tag", () => {
  const table = tableOf([
    { "tag:lr": "0.1", "argument:lr": "0.1", "metric:lr": 0.05, "tag:x": "1" },
  ]);
  const label = (group: string, name: string, field = "") =>
    column(table, keyText([group, name, field])).label;

  expect(label("metric", "lr", "last")).toBe("lr");
  expect(label("argument", "lr")).toBe("lr (parameter)");
  expect(label("tag", "lr")).toBe("lr (tag)");
  expect(label("tag", "x")).toBe("x");
});

test("NaN is shown, and is no number to sort by", () => {
  const nan = column(tableOf([{ "metric:loss": Number.NaN }]), idOf("metric:loss"));

  expect([nan.has(0), nan.text(0), nan.number(0)]).toEqual([true, "NaN", Number.NaN]);
});

test("a column that is not there, or whose id is nonsense, is none", () => {
  const table = tableOf([{}]);

  for (const id of ["", "{", '["run"]', '["run","nothing",""]', '["tag","x",""]', "[1,2,3]"]) {
    expect(shown(table, id)).toBeNull();
  }
});

test("at first the table has what most runs have", () => {
  const rare = { "tag:rare": "x" };
  const table = tableOf([
    { "tag:lr": "1", "metric:loss": 1, ...rare },
    { "tag:lr": "2", "metric:loss": 2 },
  ]);

  expect(defaultColumns(table)).toEqual([
    idOf("number"),
    idOf("status"),
    idOf("duration"),
    idOf("tag:lr"),
    idOf("tag:rare"),
    idOf("metric:loss"),
  ]);
});

test("labels that are the same for all are not shown at first", () => {
  const table = tableOf([1, 2, 3].map((seed) => ({ "tag:seed": String(seed), "tag:same": "x" })));

  expect(defaultColumns(table)).toContain(idOf("tag:seed"));
  expect(defaultColumns(table)).not.toContain(idOf("tag:same"));
});

test("with very many metrics those with goals come first", () => {
  const metrics = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`metric:m${i}`, i]));
  const columns = defaultColumns(tableOf([metrics], { m40: "minimize" }));

  expect(columns).toContain(keyText(["metric", "m40", "best"]));
  expect(columns.length).toBeLessThan(20);
});

test("a metric is offered once, whatever is known of it", () => {
  const table = tableOf([{ "metric:a": 1, "metric:a:min": 0, "metric:a:count": 2 }]);

  const metrics = choices(table).find(({ group }) => group === "Metrics");

  expect(metrics?.columns.map(({ label }) => label)).toEqual(["a"]);
});

test("numbers among texts are written as they were logged, alone with one number of decimals", () => {
  const mixed = tableOf([{ "metric:a": 0.5 }, { "metric:a": "diverged" }, { "metric:a": 3 }]);
  const alone = tableOf([{ "metric:a": 0.5 }, { "metric:a": 0.123456 }, { "metric:a": 3 }]);
  const texts = (table: RunTable) =>
    Array.from(table.rows(), (row) => column(table, idOf("metric:a")).text(row));

  expect(texts(mixed)).toEqual(["0.5", "diverged", "3"]);
  expect(texts(alone)).toEqual(["0.5000", "0.1235", "3.0000"]);
});

test("a label's binary fraction reads as it was meant, and is the same number", () => {
  const table = tableOf([{ "tag:lr": "0.30000000000000004" }, { "tag:lr": "0.1" }]);

  const lr = shown(table, idOf("tag:lr"));

  expect(lr?.text(0)).toBe("0.3");
  expect(lr?.number(0)).toBe(0.30000000000000004);
  expect(lr?.text(1)).toBe("0.1");
});

test("what few runs have stands behind what most have", () => {
  const rare = { "metric:rare": 1 };
  const runs = [rare, {}, {}, {}].map((cells) => ({ ...cells, "metric:loss": 1 }));

  const ids = defaultColumns(tableOf(runs));

  expect(ids.slice(-2)).toEqual([idOf("metric:loss"), idOf("metric:rare")]);
});
