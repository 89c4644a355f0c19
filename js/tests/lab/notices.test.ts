import { expect, test } from "vitest";

import { type NoticeKind, Notices } from "../../src/lab/notices.ts";
import type { LiveRun } from "../../src/lab/run.ts";

const RUN: LiveRun = {
  ...{ workspace: 0, experiment: "spirals", id: "r", number: 3 },
  ...{ status: "Running", created: 0, started: 1000 },
};
const DONE: LiveRun = { ...RUN, status: "Completed", ended: 1065 };

/** What was told of each change, one after the other. */
function told(
  changes: LiveRun[][],
  wants: (kind: NoticeKind) => boolean = () => true,
  isChild: (run: LiveRun) => boolean = () => false,
): string[] {
  const notices = new Notices();
  return changes.flatMap((runs) => notices.of(runs, isChild, wants).map(({ text }) => text));
}

test("a run that was seen running is told of once, when it has ended", () => {
  const failed = { ...DONE, status: "Failed", error: "out of memory\nmore of it" };

  expect(told([[RUN], [RUN], [DONE], [DONE]])).toEqual([
    "Run 3 of spirals completed after 1 min 05 s",
  ]);
  expect(told([[RUN], [failed]])).toEqual([
    "Run 3 of spirals failed after 1 min 05 s: out of memory",
  ]);
  expect(
    told([[{ ...RUN, name: "wide" }], [{ ...DONE, name: "wide", status: "Canceled" }]]),
  ).toEqual(["wide (run 3) of spirals was canceled"]);
});

test("a run that had ended when the page was opened is not told of", () => {
  expect(told([[DONE]])).toEqual([]);
});

test("a run that is resumed is told of again", () => {
  expect(told([[RUN], [DONE], [RUN], [DONE]])).toHaveLength(2);
});

test("the first NaN is told of once, and not where it was there before", () => {
  const nan: LiveRun = { ...RUN, nan: ["loss", 151] };

  expect(told([[RUN], [nan], [nan]])).toEqual(["loss became NaN at step 151: run 3 of spirals"]);
  expect(told([[nan], [nan]])).toEqual([]);
  expect(told([[RUN], [{ ...RUN, nan: ["loss", null] }]])).toEqual([
    "loss became NaN: run 3 of spirals",
  ]);
});

test("what nobody wants to hear of is not told, nor later", () => {
  expect(told([[RUN], [DONE], [DONE]], (kind) => kind !== "completed")).toEqual([]);
});

test("children are their parent's matter", () => {
  const child = { ...RUN, parent: "p" };

  expect(told([[child], [{ ...child, status: "Failed" }]])).toHaveLength(1);
  expect(told([[child], [{ ...child, status: "Completed" }]], undefined, () => true)).toEqual([]);
});

test("many at once are counted", () => {
  const some = Array.from({ length: 7 }, (_, i) => ({ ...RUN, id: `r${i}`, number: i }));
  const ended = some.map((run, i) => ({ ...run, status: i === 0 ? "Failed" : "Completed" }));

  expect(told([some, ended])).toEqual(["Run 0 of spirals failed", "6 runs of spirals completed"]);
});
