import { beforeAll, expect, test } from "vitest";

import { serveEmbedded } from "../../src/run/embedded.ts";
import { RunServer, ServerError } from "../../src/server.ts";

const LOG = "one\nTwo\nthree two\n";
const server = new RunServer("run:/", "r1", null);

beforeAll(() =>
  serveEmbedded({ "logs/a b.txt": btoa(LOG), "empty.txt": "" }, { "logs/a b.txt": [[5, 4]] }),
);

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

test("a file of the run is read from the page, whole or in part", async () => {
  const file = server.file("logs/a b.txt");

  expect(text((await file?.read(0))?.bytes)).toBe(LOG);
  expect(text((await file?.read(4, 7))?.bytes)).toBe("Two");
  expect(await file?.read(-4)).toMatchObject({ start: LOG.length - 4, size: LOG.length });
  expect((await server.file("empty.txt")?.read(0))?.size).toBe(0);
});

test("what did not fit in the page is said not to be there", async () => {
  const reading = server.file("model.bin")?.read(0);

  await expect(reading).rejects.toThrow(ServerError);
  await expect(reading).rejects.toThrow("not in the file");
});

test("when a log had come how far is in the page", async () => {
  expect(await server.logTimes("logs/a b.txt")).toEqual([[5, 4]]);
  expect(await server.logTimes("empty.txt")).toEqual([]);
});

test("lines of a log are found and numbered as the server does it", async () => {
  expect(await server.lines("logs/a b.txt", "two")).toEqual({
    lines: [
      { at: 4, number: 1 },
      { at: 8, number: 2 },
    ],
    next: null,
  });
  expect((await server.lines("logs/a b.txt", "", { at: 8, number: 0 })).lines).toEqual([
    { at: 8, number: 2 },
  ]);
});
