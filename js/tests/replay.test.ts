import { expect, test } from "vitest";

import { Chart } from "../src/charts/chart.ts";
import { boardOf, hang } from "../src/charts/look.ts";
import type { Original } from "../src/model.ts";
import { replay } from "../src/views/replay.ts";
import { columns, fakeChart, fakeRun } from "./fake_model.ts";

const FIRST: Original = {
  run_id: "first",
  title: "run 3",
  headline: "1 of 2 metrics bitwise, 1 different",
  outcome: "different",
  note: "",
  metrics: [
    { name: "loss", verdict: "bitwise", before: "0.5", after: "0.5", largest: 0 },
    { name: "<b>acc</b>", verdict: "different", before: "0.1", after: "0.2", largest: 0.5 },
  ],
};

const life = () => new AbortController().signal;

test("a run that does no other again says nothing of one", () => {
  expect(replay(fakeRun(), life()).hidden).toBe(true);
});

test("a replay says of which run, and what became of each metric", () => {
  const run = fakeRun();
  const el = replay(run, life());

  run.set_state({ original: FIRST });

  expect(el.hidden).toBe(false);
  expect(el.dataset.outcome).toBe("different");
  expect(el.querySelector("p")?.textContent).toBe(
    "Replay of run 3 · 1 of 2 metrics bitwise, 1 different",
  );
  expect([...el.querySelectorAll("tbody tr")].map((row) => row.textContent)).toEqual([
    "loss= bitwise0.50.5",
    "<b>acc</b>≠ different, by 0.5 at the most0.10.2",
  ]);
  expect(el.querySelector("b")?.textContent).toBe("run 3");
});

test("the first run's line lies behind, named, faint and from the same start", () => {
  const [run, { model }] = [
    fakeRun({ original: FIRST }),
    fakeChart({
      loss: [
        [0, 1],
        [3, 2],
      ],
    }),
  ];
  const { x, y } = columns([0, 1, 2], [3, 2, 1]);
  hang(model, boardOf(run));
  const chart = new Chart(model);

  const at = columns([0, 5, 9], [0, 5, 9]).y;
  run.set_state({ behind: [{ chart: "loss", line: "loss", x, y, at }] });

  const [own, ghost] = chart.traces;
  expect(own?.behind).toBe(false);
  expect(ghost).toMatchObject({ name: "run 3", behind: true, mark: -1, color: own?.color });
  expect([...(ghost?.line.y ?? [])]).toEqual([3, 2, 1]);
  expect([...(ghost?.line.at ?? [])]).toEqual([0, 5, 9].map((after) => chart.startedAt + after));
  expect(chart.shared).toHaveLength(1);
});

test("a line that this run has not is not drawn", () => {
  const behind = [{ chart: "loss", line: "x", ...columns([0], [1]) }];
  const { model } = fakeChart({ loss: [[0], [1]] });
  hang(model, boardOf(fakeRun({ behind })));

  expect(new Chart(model).traces).toHaveLength(1);
});
