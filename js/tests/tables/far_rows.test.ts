import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { type AskRows, FarRows, type RowsQuestion, WINDOW } from "../../src/tables/far_rows.ts";
import { life } from "../fake_model.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A server with `total` rows whose only cell is their place; it answers when told to. */
class Server {
  readonly asked: RowsQuestion[] = [];
  readonly aborted: number[] = [];
  isDown = false;
  readonly #waiting: (() => void)[] = [];

  constructor(public total: number) {}

  readonly ask: AskRows = (question, signal) => {
    this.asked.push(question);
    signal.addEventListener("abort", () => this.aborted.push(question.from));
    return new Promise((done, failed) => {
      this.#waiting.push(() => {
        if (this.isDown) failed(new Error("The Jupyter server cannot be reached"));
        const { from, count, filter } = question;
        const matched = filter ? this.total / 2 : this.total;
        const rows = Array.from(
          { length: Math.max(0, Math.min(count, matched - from)) },
          (_, i) => [from + i],
        );
        done({ columns: ["n"], rows, matched, held: this.total, total: this.total });
      });
    });
  };

  async answer(): Promise<void> {
    for (const answer of this.#waiting.splice(0)) answer();
    await vi.advanceTimersByTimeAsync(0);
  }

  froms(): number[] {
    return this.asked.splice(0).map(({ from }) => from);
  }
}

function rowsOf(server: Server): { rows: FarRows; changed: ReturnType<typeof vi.fn> } {
  const changed = vi.fn();
  return { rows: new FarRows(server.ask, life().signal, changed), changed };
}

test("what is in sight is brought, and what comes next the way somebody scrolls", async () => {
  const server = new Server(1_000_000);
  const { rows, changed } = rowsOf(server);

  rows.look(500_000, 500_020, 1_000_000);
  expect(rows.row(500_000)).toBeNull();
  await vi.advanceTimersByTimeAsync(100);
  expect(server.froms()).toEqual([500_000, 500_200, 500_400]);
  await server.answer();

  expect(rows.row(500_010)).toEqual([500_010]);
  expect(changed).toHaveBeenCalled();
  rows.look(499_990, 500_005, 1_000_000);
  await vi.advanceTimersByTimeAsync(100);
  expect(server.froms()).toEqual([499_800, 499_600, 499_400]);
});

test("places that a drag passes by are not asked for, and stale questions are given up", async () => {
  const server = new Server(1_000_000);
  const { rows } = rowsOf(server);

  for (let place = 0; place < 900_000; place += 10_000) {
    rows.look(place, place + 20, 1_000_000);
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(server.froms()).toEqual([]);
  await vi.advanceTimersByTimeAsync(100);
  rows.look(100, 120, 1_000_000);
  await vi.advanceTimersByTimeAsync(100);

  expect(server.aborted).toEqual([890_000, 890_200, 890_400]);
  await server.answer();
  expect(rows.row(890_000)).toBeNull();
  expect(rows.row(100)).toEqual([100]);
});

test("memory does not grow with what was scrolled through", async () => {
  const server = new Server(1_000_000);
  const { rows } = rowsOf(server);

  for (let window = 0; window < 100; window++) {
    rows.look(window * WINDOW, window * WINDOW + 20, 1_000_000);
    await vi.advanceTimersByTimeAsync(100);
    await server.answer();
  }

  const kept = Array.from({ length: 100 }, (_, window) => rows.row(window * WINDOW) !== null);
  expect(kept.filter(Boolean).length).toBeLessThanOrEqual(60);
  expect(kept.at(-1)).toBe(true);
});

test("another arrangement is asked for anew, and its number of rows is not known at first", async () => {
  const server = new Server(1000);
  const { rows } = rowsOf(server);
  rows.look(0, 20, 1000);
  await vi.advanceTimersByTimeAsync(100);
  await server.answer();
  server.froms();

  const order = { column: 0, descending: true };
  rows.arrange(" cat ", order);
  expect(rows.matched).toBeNull();
  expect(rows.row(0)).toBeNull();
  await vi.advanceTimersByTimeAsync(1);

  expect(server.asked[0]).toEqual({ from: 0, count: WINDOW, filter: "cat", order });
  await server.answer();
  expect(rows.matched).toBe(500);
});

test("of a table that grows only what may have changed is asked for again", async () => {
  const server = new Server(1_050);
  const { rows } = rowsOf(server);
  rows.look(790, 1_049, 1_050);
  await vi.advanceTimersByTimeAsync(100);
  await server.answer();
  server.froms();

  server.total = 1_100;
  rows.grew();
  rows.grew();
  await vi.advanceTimersByTimeAsync(5_000);

  expect(server.froms()).toEqual([1_000]);
  await server.answer();
  expect(rows.row(1_099)).toEqual([1_099]);
});

test("why nothing comes is told, until something does", async () => {
  const server = new Server(1000);
  server.isDown = true;
  const { rows, changed } = rowsOf(server);
  rows.look(0, 20, 1000);
  await vi.advanceTimersByTimeAsync(100);
  await server.answer();
  expect(rows.problem).toBe("The Jupyter server cannot be reached");
  expect(changed).toHaveBeenCalled();

  server.isDown = false;
  rows.arrange("x", null);
  await vi.advanceTimersByTimeAsync(1);
  await server.answer();

  expect(rows.problem).toBe("");
});
