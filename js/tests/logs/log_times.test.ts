import { expect, test, vi } from "vitest";

import { CutFile, LogTimes, timeIn } from "../../src/logs/log_times.ts";
import type { LogNote } from "../../src/server.ts";

const START = Date.UTC(2026, 10, 27, 21, 30, 0) / 1000;

/** A log's file; `reads` counts what is asked of it. */
function fileOf(text: string) {
  const bytes = new TextEncoder().encode(text);
  const read = vi.fn(async (from: number, to = bytes.length) => ({
    bytes: bytes.subarray(from < 0 ? Math.max(0, bytes.length + from) : from, to),
    start: from < 0 ? Math.max(0, bytes.length + from) : from,
    size: bytes.length,
  }));
  return { file: { read }, read, size: bytes.length, bytes };
}

function line(second: number, zone = "Z"): string {
  const iso = new Date(1000 * (START + second)).toISOString().slice(0, 19).replace("T", " ");
  return `${iso}${zone} INFO step ${second}\n`;
}

test.each([
  ["2026-11-27 21:30:05,250 INFO", START + 5.25, false],
  ["[2026-11-27T21:30:05.25Z] step", START + 5.25, true],
  ["\u001b[32m2026-11-27 23:30:05+02:00\u001b[0m x", START + 5, true],
  ["2026-11-27T16:00:05-0530 x", START + 5, true],
  ["11/27/2026 21:30:05 - INFO - transformers", START + 5, false],
  ["WARNING 2026/11/27 21:30:05 x", START + 5, false],
])("%j begins with a time", (text, at, zoned) => {
  expect(timeIn(text)).toEqual({ at, zoned });
});

test.each(["epoch 3 loss 0.5", "21:30:05 x", `${"x".repeat(60)} 2026-11-27 21:30:05`])(
  "%j begins with none",
  (text) => {
    expect(timeIn(text)).toBeNull();
  },
);

test("a log had come to the last line before the moment, with what followed it", async () => {
  const text = `a banner\n${line(0)}${line(10)}Traceback of 10\n  more\n${line(20)}`;
  const { file, size } = fileOf(text);
  const times = new LogTimes(file, START);

  const seen = async (second: number) => {
    const bytes = await times.bytesUntil(START + second, size);
    return bytes === null ? null : text.slice(0, bytes);
  };

  expect(await seen(-1)).toBe("");
  expect(await seen(5)).toBe(`a banner\n${line(0)}`);
  expect(await seen(15)).toBe(text.slice(0, text.indexOf(line(20))));
  expect(await seen(25)).toBe(text);
});

test("of a large log little is read, and less the second time", async () => {
  const lines = Array.from({ length: 200_000 }, (_, i) => line(i));
  const { file, read, size } = fileOf(lines.join(""));
  const times = new LogTimes(file, START);

  for (const second of [0, 1, 77_777, 123_456, 199_999]) {
    const bytes = await times.bytesUntil(START + second, size);
    expect(bytes).toBe(lines.slice(0, second + 1).join("").length);
  }

  const asked = read.mock.calls.length;
  await times.bytesUntil(START + 199_999, size);
  expect(asked).toBeLessThan(60);
  expect(read.mock.calls.length - asked).toBe(0);
});

test("a log without times has none", async () => {
  const { file, size } = fileOf("epoch 1\n".repeat(50_000));

  expect(await new LogTimes(file, START).bytesUntil(START + 5, size)).toBeNull();
});

test("a clock without a zone is the reader's, or one that fits the run's beginning", async () => {
  // Tests run where it is UTC: this writer's clock was two hours ahead.
  const { file, size } = fileOf([0, 10, 20].map((s) => line(7200 + s, "")).join(""));
  const times = new LogTimes(file, START - 3);

  expect(await times.bytesUntil(START + 15, size)).toBe(2 * line(7200, "").length);
});

test("a file that is cut has an end like one that has not grown", async () => {
  const { file } = fileOf("0123456789");
  const cut = new CutFile(file);
  const text = async (from: number, to?: number) =>
    new TextDecoder().decode((await cut.read(from, to)).bytes);
  expect(await text(-4)).toBe("6789");

  cut.limit = 6;

  expect(await text(-4)).toBe("2345");
  expect(await text(4, 9)).toBe("45");
  expect(await text(6, 9)).toBe("");
  expect((await cut.read(0, 3)).size).toBe(6);
});

test("what was noted while a log was written holds where its lines say nothing", async () => {
  const { file } = fileOf("a\nb\nc\n");
  const noted: LogNote[] = [
    [START + 1, 2],
    [START + 5, 6],
  ];
  const times = new LogTimes(file, START, async () => noted);

  expect(await times.bytesUntil(START, 6)).toBe(0);
  expect(await times.bytesUntil(START + 3, 6)).toBe(2);
  expect(await times.bytesUntil(START + 9, 6)).toBe(6);
});

test("lines that have times tell more than notes, and less where only some have", async () => {
  const text = `${line(0)}${line(1)}no time\n${line(9)}`;
  const { file, size } = fileOf(text);
  const untimed = text.indexOf("no time");
  const noted: LogNote[] = [
    [START + 2, untimed],
    [START + 8, text.indexOf(line(9))],
  ];
  const times = new LogTimes(file, START, async () => noted);

  expect(await times.bytesUntil(START + 0.5, size)).toBe(line(0).length);
  expect(await times.bytesUntil(START + 4, size)).toBe(text.indexOf(line(9)));
  expect(await times.bytesUntil(START + 20, size)).toBe(size);
});

test("who cannot be asked for notes leaves the lines' times", async () => {
  const { file, size } = fileOf(line(0));
  const times = new LogTimes(file, START, () => Promise.reject(new Error("404")));

  expect(await times.bytesUntil(START + 1, size)).toBe(size);
});
