import { expect, test, vi } from "vitest";

import { experiments, type ListedRun } from "../src/views/experiments.ts";

const PAGES = {
  experiment: (name: string, folder: string) => `./${name}?workspace=${folder}`,
  run: (id: string, folder: string) => `./runs/${id}?workspace=${folder}`,
};

function run(number: number, status: string, ended_at: number | null = 0): ListedRun {
  const times = { created_at: 0, started_at: 0, ended_at };
  return { run_id: `id${number}`, number, status, display_name: "", ...times };
}

function listed(names: Record<string, ListedRun[]>) {
  const known = Object.entries(names).map(([name, runs]) => ({ name, runs, more: false }));
  return { workspaces: [{ folder: "/w", experiments: known }] };
}

test("an experiment is a row: its runs as marks, oldest first, and how many are how", () => {
  const { el, draw } = experiments(PAGES);

  draw(listed({ mnist: [run(3, "Running"), run(2, "Failed"), run(1, "Completed")] }));

  expect(el.querySelector(".rw-named a")?.getAttribute("href")).toBe("./mnist?workspace=/w");
  const marks = [...el.querySelectorAll(".rw-mark")];
  expect(marks.map((mark) => mark.getAttribute("data-status"))).toEqual([
    "completed",
    "failed",
    "running",
  ]);
  expect(marks[2]?.getAttribute("href")).toBe("./runs/id3?workspace=/w");
  const counts = [...el.querySelectorAll(".rw-going > *")].map((each) => each.textContent);
  expect(counts).toEqual(["1 running", "1 failed", "1 completed"]);
});

test("what happened last is on top, and a search leaves what fits", () => {
  vi.useFakeTimers({ now: 1_000_000 });
  const { el, draw } = experiments(PAGES);
  draw(listed({ old: [run(1, "Completed", 100)], young: [run(1, "Completed", 900)] }));
  const names = () => [...el.querySelectorAll(".rw-named a")].map((link) => link.textContent);

  expect(names()).toEqual(["young", "old"]);
  const search = el.querySelector("input") as HTMLInputElement;
  search.value = "OL";
  search.dispatchEvent(new Event("input"));

  expect(names()).toEqual(["old"]);
  expect(el.querySelector("[role=status]")?.textContent).toBe("1 of 2");
  vi.useRealTimers();
});

test("names are text", () => {
  const { el, draw } = experiments(PAGES);

  draw(listed({ "<img src=x onerror=alert(1)>": [run(1, "<b>Odd</b>")] }));

  expect(el.querySelector("img, b")).toBeNull();
  expect(el.textContent).toContain("<img src=x");
});
