import fc from "fast-check";
import { expect, test } from "vitest";

import { counts, fold, parse } from "../src/diff.ts";
import { codeDiff } from "../src/views/code_diff.ts";
import { diffOf, runDiff } from "../src/views/diff.ts";

const UNCHANGED = Array.from({ length: 20 }, (_, i) => ` line ${i + 1}`);

const file = (diff: string, path = "train.py") => ({ path, kind: "changed", note: "", diff });

test("each line has its number in each text", () => {
  const lines = parse([" a", "-b", "+c", "+d", " e"].join("\n"));

  expect(lines.map(({ before, after }) => [before, after])).toEqual([
    [1, 1],
    [2, null],
    [null, 2],
    [null, 3],
    [3, 4],
  ]);
  expect(counts(lines)).toEqual({ removed: 1, added: 2 });
});

test("hunks go on from the numbers that they name, with a gap before them", () => {
  const lines = parse("@@ -1,2 +1,2 @@\n a\n-b\n+c\n@@ -40 +41,2 @@\n-x\n+y");

  expect(lines.map(({ kind }) => kind)).toEqual([
    ...["same", "removed", "added", "gap", "removed", "added"],
  ]);
  expect(lines.at(-1)?.after).toBe(41);
});

test("of lines that took each other's place the words that differ are marked", () => {
  const parts = (diff: string) => parse(diff).map(({ text, part }) => part && text.slice(...part));

  expect(parts("-lr = 0.1  # rate\n+lr = 0.15  # rate")).toEqual(["0.1", "0.15"]);
  expect(parts("-return lr\n+return lr * 0.9")).toEqual(["", " * 0.9"]);
  expect(parts("-if fast and ready:\n+if ready:")).toEqual(["fast and ", ""]);
});

test.each([
  ["lines that have nothing in common", "-abc\n+xyz"],
  ["lines of which there are more than they replace", "-a = 1\n+a = 2\n+b = 2"],
])("%s have no marked words", (_, diff) => {
  expect(parse(diff).every(({ part }) => part === null)).toBe(true);
});

test("long stretches of what has not changed are folded, but for those beside a change", () => {
  const blocks = fold(parse([...UNCHANGED, "-x", "+y", ...UNCHANGED].join("\n")));

  expect(blocks.map(({ folded, lines }) => [folded, lines.length])).toEqual([
    [true, 17],
    [false, 8],
    [true, 17],
  ]);
});

test("folding loses no line and changes none", () => {
  const texts = fc.array(fc.constantFrom(" same", "-old", "+new", " "), { maxLength: 60 });
  fc.assert(
    fc.property(texts, (raw) => {
      const lines = parse(raw.join("\n"));
      expect(fold(lines).flatMap((block) => block.lines)).toEqual(lines);
      expect(lines.length).toBe(raw.join("\n") === "" ? 0 : raw.length);
    }),
  );
});

test("a file shows its changes, and what is folded when somebody asks", () => {
  const view = codeDiff();

  view.draw([file([...UNCHANGED, "-<b>x</b>", "+y"].join("\n"))]);

  const text = () => [...view.el.querySelectorAll("code")].map((code) => code.textContent);
  expect(view.el.querySelector("summary")?.textContent).toBe("changedtrain.py+1−1");
  expect(text()).toEqual(["train.py", "line 18", "line 19", "line 20", "<b>x</b>", "y"]);
  expect(view.el.querySelector("b b")).toBeNull();
  const fold = view.el.querySelector("button");
  expect(fold?.textContent).toBe("17 unchanged lines");
  fold?.click();
  expect(text()).toHaveLength(23);
});

test("what somebody has unfolded stays so when something else has changed", () => {
  const view = codeDiff();
  const files = [file([...UNCHANGED, "-x", "+y"].join("\n"))];
  view.draw(files);
  view.el.querySelector("button")?.click();

  view.draw([...files, file("+new", "other.py")]);

  expect(view.el.querySelector("button")).toBeNull();
  expect(view.el.querySelectorAll("details")).toHaveLength(2);
});

test("many lines begin closed, and are made when somebody opens them", () => {
  const view = codeDiff();
  const long = Array.from({ length: 1000 }, (_, i) => `+${i}`).join("\n");

  view.draw([file(long, "a.py"), file(long, "b.py")]);

  const [first, second] = view.el.querySelectorAll("details");
  expect([first?.open, second?.open]).toEqual([true, false]);
  expect(second?.querySelectorAll(".rw-diff-lines code")).toHaveLength(0);
  if (second) second.open = true;
  second?.dispatchEvent(new Event("toggle"));
  expect(second?.querySelectorAll(".rw-diff-lines code")).toHaveLength(1000);
});

test("two runs are told with all in which they differ", () => {
  const view = runDiff();
  const run = (n: number) => ({
    ...{ run_id: `r${n}`, title: `train/${n}`, status: "Completed" },
    portal_path: "javascript:alert(1)",
  });

  view.draw({
    runs: [run(1), run(2)],
    facts: [
      { section: "arguments", name: "--lr", before: "0.1", after: "0.2" },
      { section: "metrics", name: "loss", before: "–", after: "<img src=x>" },
    ],
    files: [],
    total: 0,
    note: "run 'r1' has no snapshot to compare",
  });

  expect(view.el.querySelector("header")?.textContent).toBe("train/1Completed→train/2Completed");
  expect(view.el.querySelector("a")).toBeNull();
  expect([...view.el.querySelectorAll("tbody tr")].map((row) => row.textContent)).toEqual([
    "Arguments",
    "--lr0.10.2",
    "Metrics",
    "loss–<img src=x>",
  ]);
  expect(view.el.querySelector(".rw-note")?.textContent).toContain("has no snapshot");
});

test("runs that differ in nothing are said to", () => {
  const view = runDiff();

  view.draw({ runs: [], facts: [], files: [], total: 0, note: "" });

  expect(view.el.querySelector<HTMLElement>(".rw-empty")?.hidden).toBe(false);
});

test("whatever an output holds becomes a difference", () => {
  fc.assert(
    fc.property(fc.anything(), (data) => {
      const view = runDiff();
      view.draw(diffOf(data));
      view.draw(
        diffOf({ runs: [data, 1], facts: [data], files: [data, { diff: data }], note: data }),
      );
    }),
  );
});
