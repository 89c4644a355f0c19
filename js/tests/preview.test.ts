import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { serverOf } from "../src/server.ts";
import { files } from "../src/views/files.ts";
import { preview } from "../src/views/preview.ts";
import { FACTS, fakeRun, life } from "./fake_model.ts";
import { fakeServer, noServer, settled } from "./fake_server.ts";

const HOSTILE = "<img src=x onerror=alert(1)>";

beforeEach(() => {
  URL.createObjectURL = vi.fn(() => "blob:picture");
  URL.revokeObjectURL = vi.fn();
});
afterEach(noServer);

async function look(name: string, content: string | Uint8Array): Promise<HTMLElement> {
  const server = fakeServer({ [name]: content });
  const file = serverOf(FACTS)?.file(name);
  if (!file) throw new Error(`there is no file ${name}`);
  const el = preview(file, server.files.get(name)?.length ?? 0, life().signal);
  await settled();
  return el;
}

test("text has numbered lines", async () => {
  const el = await look("a.txt", `one\n${HOSTILE}\n`);

  expect(el.querySelector(".rw-gutter")?.textContent).toBe("1\n2");
  expect(el.querySelector("pre:not(.rw-gutter)")?.textContent).toBe(`one\n${HOSTILE}\n`);
  expect(el.querySelector("img")).toBeNull();
});

test("of a large file the first part is read, and more when it is asked for", async () => {
  const lines = Array.from({ length: 40_000 }, (_, i) => `line ${i}`);
  const el = await look("a.log", lines.join("\n"));
  const last = () => [...el.querySelectorAll(".rw-gutter")].at(-1)?.textContent?.split("\n").at(-1);
  expect(Number(last())).toBeLessThan(20_000);
  expect(el.querySelector(".rw-foot")?.textContent).toContain("131.1 kB of 428.9 kB");

  el.querySelector<HTMLButtonElement>(".rw-more")?.click();
  await settled();

  expect(last()).toBe("40000");
  expect(el.querySelector<HTMLElement>(".rw-foot")?.hidden).toBe(true);
});

test("JSON is laid out, and what is none is shown as it is", async () => {
  expect((await look("a.json", '{"a":{"b":1}}')).textContent).toContain('"b": 1');
  expect((await look("b.json", "{a: NaN}")).textContent).toContain("{a: NaN}");
});

test("a notebook is its cells and what they printed, as text", async () => {
  const cell = {
    cell_type: "code",
    execution_count: 3,
    source: ["print(1)\n", HOSTILE],
    outputs: [
      { output_type: "stream", text: "1\n" },
      { output_type: "error", traceback: ["\x1b[31mValueError\x1b[0m"] },
      { output_type: "display_data", data: { "image/png": "aGk=", "text/html": HOSTILE } },
      {
        output_type: "display_data",
        data: { "image/png": '"onerror=alert(1)', "text/plain": "p" },
      },
    ],
  };
  const el = await look("a.ipynb", JSON.stringify({ cells: [cell, null, 5] }));

  expect(el.querySelector(".rw-count")?.textContent).toBe("[3]");
  expect(el.querySelector(".rw-given")?.textContent).toContain(HOSTILE);
  expect(el.querySelector(".rw-ansi-fg-1")?.textContent).toBe("ValueError");
  expect([...el.querySelectorAll("img")].map(({ src }) => src)).toEqual([
    "data:image/png;base64,aGk=",
  ]);
});

test("a picture is shown as a picture, a page never as a page", async () => {
  const el = await look("a.svg", `<svg onload="alert(1)"/>`);
  expect(el.querySelector("img")?.src).toBe("blob:picture");
  expect(el.querySelector("svg")).toBeNull();

  const page = await look("a.html", "<script>alert(1)</script>");
  expect(page.querySelector("script")).toBeNull();
  expect(page.textContent).toContain("<script>");
});

test("a file that is no text says so, and an empty one too", async () => {
  expect((await look("model.pt", new Uint8Array([1, 0, 2]))).textContent).toContain("Not a text");
  expect((await look("empty.txt", "")).textContent).toContain("empty");
});

test("a CSV file is a table of its rows", async () => {
  const el = await look("a.csv", `id,${HOSTILE}\n1,x\n2,"y\nz"\n`);
  await vi.waitFor(() => expect(el.querySelector(".rw-csv")).not.toBeNull());

  expect(el.querySelector(".rw-csv .rw-note")?.textContent).toBe("2 rows");
});

test("a file is opened by a click and by the keyboard, and let go when another is", async () => {
  fakeServer({ "outputs/a.txt": "first", "outputs/b.txt": "second", "c.txt": "third" });
  const entries = ["outputs/a.txt", "outputs/b.txt", "c.txt"].map((path) => ({
    path,
    bytes: 5,
    modified_at: 0,
  }));
  const el = files(fakeRun({ files: entries }), life().signal);
  document.body.replaceChildren(el);
  const tree = el.querySelector(".rw-tree") as HTMLElement;
  const names = () => [...el.querySelectorAll(".rw-name")].map((name) => name.textContent);
  const press = (key: string) => tree.dispatchEvent(new KeyboardEvent("keydown", { key }));
  expect(names()).toEqual(["outputs", "a.txt", "b.txt", "c.txt"]);

  for (const key of ["ArrowDown", "ArrowDown", "Enter"]) press(key);
  await settled();
  expect(el.querySelector(".rw-pane")?.textContent).toContain("second");

  for (const key of ["ArrowLeft", "ArrowLeft"]) press(key);
  expect(names()).toEqual(["outputs", "c.txt"]);
  expect(document.activeElement?.getAttribute("aria-expanded")).toBe("false");
});

test("without a server files are listed and not offered", () => {
  const entry = { path: "a.txt", bytes: 5, modified_at: 0 };
  const el = files(fakeRun({ files: [entry] }), life().signal);

  expect(el.querySelector(".rw-name")?.textContent).toBe("a.txt");
  expect(el.querySelector("a")).toBeNull();
  expect(el.querySelector(".rw-shelf > .rw-note")?.textContent).toContain("Jupyter server");
});
