import { expect, test } from "vitest";
import { furtherGroupings, groupings, groupNames } from "../../src/experiment/groups.ts";
import { idOf, tableOf } from "./told.ts";

function sweep() {
  const runs = ["0.1", "0.01"].flatMap((lr) =>
    ["32", "64"].flatMap((width) =>
      ["1", "2"].map((seed) => ({
        "argument:lr": lr,
        "argument:width": width,
        "argument:seed": seed,
        "argument:epochs": "30",
      })),
    ),
  );
  return tableOf([{ name: "the parent, without any" }, ...runs]);
}

test("runs are grouped by a value that some share", () => {
  const table = sweep();

  const offered = groupings(table, table.rows()).map(({ label }) => label);

  expect(offered).toContain("lr");
  expect(offered).toContain("all but seed");
  expect(groupNames(table, table.rows(), idOf("argument:lr"))?.(1)).toBe("lr 0.1");
  expect(groupNames(table, table.rows(), idOf("argument:lr"))?.(0)).toBe("lr none");
});

test("runs that are alike in all but their seed are one group, named by what tells it apart", () => {
  const table = sweep();
  const but = groupings(table, table.rows()).find(({ label }) => label === "all but seed");

  const nameOf = groupNames(table, table.rows(), but?.value ?? "");
  const names = Array.from(table.rows().slice(1), (row) => nameOf?.(row));

  expect(new Set(names).size).toBe(4);
  expect(names.slice(0, 2)).toEqual(["lr 0.1, width 32", "lr 0.1, width 32"]);
});

test("groups are parted by a second column, where that parts them", () => {
  const table = sweep();
  const [lr, width] = [idOf("argument:lr"), idOf("argument:width")];

  const offered = furtherGroupings(table, table.rows(), lr).map(({ label }) => label);
  const nameOf = groupNames(table, table.rows(), lr, width);

  expect(offered).toEqual(["width", "seed"]);
  expect(new Set(Array.from(table.rows(), (row) => nameOf?.(row))).size).toBe(5);
  expect(nameOf?.(1)).toBe("lr 0.1, width 32");
});

test("a grouping that the runs do not have is none", () => {
  const table = tableOf([{ "tag:a": "1" }, { "tag:a": "2" }]);

  expect(groupings(table, table.rows())).toEqual([]);
  for (const id of ["", "but ", "but {", idOf("tag:b")]) {
    expect(groupNames(table, table.rows(), id)).toBeNull();
  }
});
