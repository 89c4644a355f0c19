import { afterEach, expect, test, vi } from "vitest";

import { CurveShelf } from "../../src/experiment/curves.ts";
import { buffer, life } from "../fake_model.ts";

const COLUMNS = [buffer([0, 1]), buffer([1, 2]), buffer([5, 6])];

afterEach(() => {
  vi.useRealTimers();
});

function answer(shelf: CurveShelf, request: number, run: string): void {
  shelf.take(request, { run, total: 2, outline: [0, 1, 2], means: null }, COLUMNS);
}

test("a curve is asked for once, and then is here", () => {
  const ask = vi.fn();
  const shelf = new CurveShelf(ask);

  expect(shelf.get("loss", [["a", 2]])).toEqual([]);
  answer(shelf, 1, "a");

  const [curve] = shelf.get("loss", [["a", 2]]);
  expect([...(curve?.outline.y ?? [])]).toEqual([5, 6]);
  expect(curve?.means).toBe(curve?.outline);
  expect(ask).toHaveBeenCalledTimes(1);
  expect(ask).toHaveBeenCalledWith({
    type: "curves",
    request: 1,
    metric: "loss",
    runs: [["a", 2]],
  });
});

test("a run that goes on is asked again once it has grown, and not too often", () => {
  const ask = vi.fn();
  const shelf = new CurveShelf(ask);
  shelf.get("loss", [["a", 2]], 0);
  answer(shelf, 1, "a");

  shelf.get("loss", [["a", 2]], 10_000);
  expect(ask).toHaveBeenCalledTimes(1);
  shelf.get("loss", [["a", 3]], 10_000);
  expect(ask).toHaveBeenCalledTimes(2);
  shelf.get("loss", [["a", 4]], 10_500);
  expect(ask).toHaveBeenCalledTimes(2);
  shelf.get("loss", [["a", 4]], 12_500);
  expect(ask).toHaveBeenCalledTimes(3);
});

test("curves that come one after another are drawn at once, and then together", () => {
  vi.useFakeTimers();
  const shelf = new CurveShelf(vi.fn());
  const drawn: number[] = [];
  const runs: [string, number][] = ["a", "b", "c", "d"].map((run) => [run, 2]);
  shelf.on(life().signal, () => drawn.push(shelf.get("loss", runs).length));
  shelf.get("loss", runs);

  for (const run of ["a", "b", "c", "d"]) {
    answer(shelf, 1, run);
    vi.advanceTimersByTime(50);
  }

  expect(drawn).toEqual([1, 4]);
});

test("an answer to another page's question is let go", async () => {
  const shelf = new CurveShelf(vi.fn());
  const heard = vi.fn();
  shelf.on(life().signal, heard);

  answer(shelf, 7, "a");
  await new Promise((done) => setTimeout(done, 20));

  expect(heard).not.toHaveBeenCalled();
});
