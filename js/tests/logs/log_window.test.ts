import fc from "fast-check";
import { expect, test } from "vitest";

import { LogWindow, PIECE_BYTES } from "../../src/logs/log_window.ts";
import type { Part } from "../../src/server.ts";

/** A file that a test can write to. */
class Growing {
  content = new Uint8Array();

  write(text: string): void {
    const more = new TextEncoder().encode(text);
    const all = new Uint8Array(this.content.length + more.length);
    all.set(this.content);
    all.set(more, this.content.length);
    this.content = all;
  }

  async read(from: number, to = this.content.length): Promise<Part> {
    const size = this.content.length;
    const start = from < 0 ? Math.max(0, size + from) : Math.min(from, size);
    return { bytes: this.content.slice(start, to), start, size };
  }
}

const textOf = (view: LogWindow) =>
  view.pieces
    .flatMap(({ terminal }) => terminal.rows)
    .map(({ spans }) => spans.map(({ text }) => text).join(""))
    .join("\n");

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}`).join("\n");

test("a small log is there from its first line", async () => {
  const file = new Growing();
  file.write("a\nb\n");
  const view = new LogWindow(file);

  await view.tail();

  expect(textOf(view)).toBe("a\nb");
  expect(view).toMatchObject({ start: 0, end: 4, size: 4, hasMore: false });
  expect(view.pieces[0]?.firstLine).toBe(0);
});

test("of a large one the end, then what is before it, line by line", async () => {
  const file = new Growing();
  file.write(numbered(0, 60_000));
  const view = new LogWindow(file);

  await view.tail();
  expect(textOf(view)).toMatch(/^line \d+\n[\s\S]*line 59999$/);
  expect(view.end - view.start).toBeLessThanOrEqual(PIECE_BYTES);
  while (view.start > 0) await view.older();

  expect(textOf(view)).toBe(numbered(0, 60_000));
});

test("what is written meanwhile is read on, also a line that was not whole", async () => {
  const file = new Growing();
  file.write("one\ntw");
  const view = new LogWindow(file);
  await view.tail();

  file.write("o\nthree ü");
  await view.newer();
  await view.newer();

  expect(textOf(view)).toBe("one\ntwo\nthree ü");
});

test("a character that comes in two parts is one", async () => {
  const file = new Growing();
  file.write("€");
  const whole = file.content;
  file.content = whole.slice(0, 2);
  const view = new LogWindow(file);
  await view.tail();

  file.content = whole;
  await view.newer();

  expect(textOf(view)).toBe("€");
});

test("memory does not grow with the log", async () => {
  const file = new Growing();
  const view = new LogWindow(file);
  await view.tail();
  for (let i = 0; i < 60; i++) {
    file.write(`${numbered(0, 10_000)}\n`);
    while (view.end < file.content.length) await view.newer();
  }

  expect(file.content.length).toBeGreaterThan(5_000_000);
  expect(view.end - view.start).toBeLessThan(5_000_000);
  expect(view.hasMore).toBe(false);
});

test("a log that was replaced by a shorter one is read anew", async () => {
  const file = new Growing();
  file.write("old and long\n");
  const view = new LogWindow(file);
  await view.tail();

  file.content = new Uint8Array();
  file.write("new\n");
  await view.newer();

  expect(textOf(view)).toBe("new");
});

test("one line's number gives those of all", async () => {
  const file = new Growing();
  file.write(numbered(0, 60_000));
  const view = new LogWindow(file);
  await view.tail();
  const at = view.start;
  const before = new TextDecoder().decode(file.content.slice(0, at)).split("\n").length - 1;
  await view.older();

  view.number({ at, number: before });

  for (const piece of view.pieces) {
    expect(piece.terminal.rows[0]?.spans[0]?.text).toBe(`line ${piece.firstLine}`);
  }
  await view.older();
  expect(view.pieces[0]?.terminal.rows[0]?.spans[0]?.text).toBe(
    `line ${view.pieces[0]?.firstLine}`,
  );
});

test("a search can begin anywhere", async () => {
  const file = new Growing();
  file.write(numbered(0, 60_000));
  const at = new TextDecoder().decode(file.content).indexOf("line 30000\n");
  const view = new LogWindow(file);
  await view.tail();

  await view.from({ at, number: 30_000 });
  await view.older();
  await view.newer();

  const text = textOf(view);
  expect(text).toContain("line 29999\nline 30000\nline 30001");
  for (const piece of view.pieces) {
    expect(piece.terminal.rows[0]?.spans[0]?.text).toBe(`line ${piece.firstLine}`);
  }
});

test("pieces always follow one another, whatever is done", async () => {
  const step = fc.constantFrom("tail", "older", "newer", "write");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const file = new Growing();
      file.write(numbered(0, 30_000));
      const view = new LogWindow(file);
      await view.tail();
      for (const step of steps) {
        if (step === "write") file.write(`\n${numbered(0, 5000)}`);
        else await view[step]();
      }
      view.pieces.forEach((piece, i) => {
        const next = view.pieces[i + 1];
        if (next) expect(next.start).toBe(piece.end);
        // Only the very last line may be there in part.
        const lines = piece.terminal.rows.map(({ spans }) => spans[0]?.text ?? "");
        const whole = next ? lines : lines.slice(0, -1);
        expect(whole.every((line) => /^(line \d+)?$/.test(line))).toBe(true);
      });
    }),
    { numRuns: 40 },
  );
});
