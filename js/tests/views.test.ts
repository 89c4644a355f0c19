import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { areComparable, fillRunTable, tableOf } from "../src/children.ts";
import { RunTable } from "../src/experiment/table.ts";
import { byRow } from "../src/matrix.ts";
import type { Child, DocumentEntry, Drawn } from "../src/model.ts";
import { children } from "../src/views/children.ts";
import { details } from "../src/views/details.ts";
import { documents } from "../src/views/documents.ts";
import { files } from "../src/views/files.ts";
import { images } from "../src/views/images.ts";
import { snapshot } from "../src/views/snapshot.ts";
import { FACTS, fakeImage, fakeRun, fakeRunWith, life } from "./fake_model.ts";
import { fakeServer, noServer, settled } from "./fake_server.ts";

const HOSTILE = "<img src=x onerror=alert(1)>";

beforeEach(() => {
  let made = 0;
  URL.createObjectURL = vi.fn(() => `blob:${++made}`);
  URL.revokeObjectURL = vi.fn();
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
});
afterEach(noServer);

const drawn = (fields: Partial<Drawn> = {}): Drawn => ({
  ...{ step: null, at: null, matrix: null, charts: [], problem: "" },
  ...fields,
});
const document_ = (fields: Partial<DocumentEntry & Drawn>, ...earlier: Drawn[]): DocumentEntry => {
  const { name = "classes", kind = "confusion_matrix", total = 1, ...last } = fields;
  return { name, kind, total, drawn: [...earlier, drawn(last)] };
};

test("a confusion matrix has its counts, or each row's shares", () => {
  const matrix = {
    labels: ["cat", HOSTILE],
    counts: [
      [3, 1],
      [0, 0],
    ],
    note: "accuracy 0.75",
  };
  const el = documents(fakeRun({ documents: [document_({ matrix, total: 5 })] }), life().signal);
  const cells = () => [...el.querySelectorAll("td")].map((cell) => cell.textContent);

  expect(cells()).toEqual(["3", "1", "0", "0"]);
  expect(el.querySelector(".rw-note")?.textContent).toBe("accuracy 0.75");
  expect(el.querySelector("footer")?.textContent).toBe("latest of 5");
  el.querySelector<HTMLButtonElement>("button[aria-pressed]")?.click();
  expect(cells()).toEqual(["75%", "25%", "0%", "0%"]);
  expect(el.querySelector("img")).toBeNull();
});

test("documents of one name are led through by a slider, and the newest is followed", () => {
  const at = (step: number) => ({
    step,
    matrix: { labels: ["a"], counts: [[step]], note: "" },
  });
  const first = document_({ ...at(10), total: 2 }, drawn(at(0)));
  const model = fakeRun({ documents: [first] });
  const el = documents(model, life().signal);
  const seen = () =>
    [el.querySelector("td"), el.querySelector("footer small")].map((e) => e?.textContent);
  const slider = el.querySelector("input[type=range]") as HTMLInputElement;
  expect(seen()).toEqual(["10", "step 10 · latest of 2"]);

  model.set_state({ documents: [document_({ ...at(20), total: 3 }, drawn(at(0)), drawn(at(10)))] });
  expect(seen()).toEqual(["20", "step 20 · latest of 3"]);

  slider.value = "0";
  slider.dispatchEvent(new Event("input"));
  expect(seen()).toEqual(["0", "step 0 · 1 of 3"]);
  model.set_state({
    documents: [document_({ ...at(30), total: 40 }, drawn(at(0)), drawn(at(20)))],
  });
  expect(seen()).toEqual(["0", "step 0 · 1 of 3, of 40"]);
});

test("shares of a row sum to one, unless it has nothing", () => {
  expect(
    byRow([
      [1, 3],
      [0, 0],
      [-1, 0],
    ]),
  ).toEqual([
    [0.25, 0.75],
    [0, 0],
    [0, 0],
  ]);
});

test("a document that cannot be drawn says why, and the others are drawn", () => {
  const matrix = { labels: ["a"], counts: [[1]], note: "" };
  const bad = document_({ name: HOSTILE, problem: `cannot be drawn: ${HOSTILE}` });
  const el = documents(fakeRun({ documents: [bad, document_({ matrix })] }), life().signal);

  expect(el.querySelector(".rw-empty")?.textContent).toContain(HOSTILE);
  expect(el.querySelectorAll("td").length).toBe(1);
});

test("what all charts of a document say is said once", () => {
  const chart = { x_label: "x", y_label: "y", lines: [], bars: null, reference: null };
  const charts = ["ROC", "Lift"].map((title) => ({ ...chart, title, note: "8 of 10 classes" }));
  const el = documents(fakeRun({ documents: [document_({ charts })] }), life().signal);

  const notes = [...el.querySelectorAll("header .rw-note")].map((note) => note.textContent);
  expect(notes).toEqual(["8 of 10 classes", "", ""]);
});

test("a line is hidden from its legend in every chart", () => {
  const line = (name: string) => ({ name, x: [0, 1], y: [0, 1], errors: null, note: "AUC 0.5" });
  const chart = {
    title: "ROC",
    x_label: "x",
    y_label: "y",
    lines: [line("cat"), line("dog")],
    bars: null,
    reference: null,
    note: "",
  } as const;
  const entry = document_({ charts: [{ ...chart, lines: [...chart.lines] }] });
  const el = documents(fakeRun({ documents: [entry] }), life().signal);
  const [cat] = el.querySelectorAll<HTMLButtonElement>(".rw-legend button");

  cat?.click();

  expect(cat?.getAttribute("aria-pressed")).toBe("false");
});

test("the newest picture of a name is shown, until a slider leads to another", () => {
  const steps = [0, 10, 20].map((step) => fakeImage({ name: "waves", step }));
  const model = fakeRun({ images: steps });
  const el = images(model, life().signal);
  const about = () => el.querySelector("figcaption small")?.textContent;
  const slider = el.querySelector<HTMLInputElement>("input[type=range]") as HTMLInputElement;
  expect(el.querySelectorAll(".rw-gallery figure").length).toBe(1);
  expect(about()).toBe("3 of 3 · step 20");

  model.set_state({ images: [...steps, fakeImage({ name: "waves", step: 30 })] });
  expect(about()).toBe("4 of 4 · step 30");

  slider.value = "1";
  slider.dispatchEvent(new Event("input"));
  model.set_state({ images: [...steps, fakeImage({ name: "waves", step: 40 })] });
  expect(about()).toBe("2 of 4 · step 10");
});

test("two steps are seen beside each other", () => {
  const steps = [0, 10].map((step) => fakeImage({ name: HOSTILE, step }));
  const el = images(fakeRun({ images: steps }), life().signal);

  el.querySelector<HTMLButtonElement>(".rw-gallery button")?.click();
  el.querySelector<HTMLButtonElement>(".rw-full button[aria-pressed]")?.click();

  const sides = [...el.querySelectorAll<HTMLElement>(".rw-sides figure")];
  expect(sides.map((side) => side.querySelector("figcaption")?.textContent)).toEqual([
    "step 0",
    "step 10",
  ]);
  expect(sides.every((side) => !side.hidden)).toBe(true);
  expect(el.querySelector("img[src=x]")).toBeNull();
});

test("a picture that was too large to be sent is asked of the server", async () => {
  const server = fakeServer({ "big.png": "png" });
  const image = fakeImage({ path: "big.png", mime: "", data: null });
  const el = images(fakeRun({ images: [image] }), life().signal);
  await settled();

  expect(server.asked.length).toBe(1);
  expect(el.querySelector<HTMLImageElement>(".rw-gallery img")?.hidden).toBe(false);
});

test("a picture that the server failed to bring is asked for again when one comes back to it", async () => {
  const server = fakeServer();
  const steps = [0, 10].map((step) => fakeImage({ step, path: `${step}.png`, data: null }));
  const el = images(fakeRun({ images: steps }), life().signal);
  await settled();
  const img = el.querySelector(".rw-gallery img") as HTMLImageElement;
  expect(img.hidden).toBe(true);

  server.put("10.png", new Uint8Array([1]));
  const slider = el.querySelector("input[type=range]") as HTMLInputElement;
  for (const place of ["0", "1"]) {
    slider.value = place;
    slider.dispatchEvent(new Event("input"));
  }
  await settled();

  expect(img.hidden).toBe(false);
});

test("what is no picture says so, and the next one is seen", () => {
  const steps = [0, 10].map((step) => fakeImage({ name: "waves", step }));
  const model = fakeRun({ images: steps });
  const el = images(model, life().signal);
  const img = el.querySelector(".rw-gallery img") as HTMLImageElement;
  const slider = el.querySelector("input[type=range]") as HTMLInputElement;

  img.dispatchEvent(new Event("error"));
  model.set_state({ images: [...steps] });

  expect(img.hidden).toBe(true);
  expect(el.querySelector(".rw-gallery .rw-empty")?.textContent).toBe("not a whole picture");
  expect(el.querySelector<HTMLButtonElement>(".rw-gallery button")?.disabled).toBe(true);
  slider.value = "0";
  slider.dispatchEvent(new Event("input"));
  expect(img.hidden).toBe(false);
});

const child = (fields: Partial<Child>): Child => ({
  run_id: "c1",
  number: 2,
  name: "",
  status: "Completed",
  started_at: 0,
  elapsed_s: 5,
  error: "",
  labels: {},
  metrics: {},
  ...fields,
});

test("children have a column for what differs between them, and for each metric", () => {
  const table = tableOf(
    [
      child({ labels: { lr: "0.1", seed: "1", note: "x" }, metrics: { loss: 0.5 } }),
      child({ number: 3, labels: { lr: "0.01", seed: "1" }, metrics: { acc: "NaN" } }),
    ],
    ({ elapsed_s }) => elapsed_s,
  );

  expect(table.columns).toEqual(["Run", "Status", "Duration", "lr", "note", "loss", "acc"]);
  expect(table.rows).toEqual([
    [2, "Completed", 5, 0.1, "x", 0.5, null],
    [3, "Completed", 5, 0.01, null, null, "NaN"],
  ]);
});

test("children are runs that a comparison takes, known again when more of them come", () => {
  const table = new RunTable();
  const first = child({ run_id: "a", labels: { lr: "0.1", opt: "sgd" }, metrics: { loss: 0.5 } });
  const second = child({ run_id: "b", number: 3, labels: { lr: "0.01", opt: "adam" } });

  fillRunTable(table, [first]);
  fillRunTable(table, [second, { ...first, metrics: { loss: 0.25 } }]);

  expect(table.ids).toEqual(["a", "b"]);
  expect(table.column("argument", "lr")?.number(1)).toBe(0.01);
  expect(table.column("argument", "opt")?.text(0)).toBe("sgd");
  expect(table.column("metric", "loss", "last")?.number(0)).toBe(0.25);
  expect(areComparable([first, second])).toBe(true);
  expect(areComparable([first, { ...second, labels: first.labels }])).toBe(false);
});

test("children can be looked at as lines, and one of them opened", async () => {
  const runs = ["a", "b", "c"].map((run_id, i) =>
    child({ run_id, number: i + 1, labels: { lr: `0.${i + 1}` }, metrics: { loss: i } }),
  );
  const el = children(fakeRun({ children: runs }), undefined, life().signal);
  document.body.append(el);
  await vi.waitFor(() => expect(el.querySelector(".rw-grid")).not.toBeNull());

  const [, lines] = el.querySelectorAll<HTMLElement>(".rw-segment");
  lines?.click();

  await vi.waitFor(() => expect(el.querySelector(".rw-parallel")).not.toBeNull());
  expect(el.querySelector<HTMLElement>(".rw-grid")?.hidden).toBe(true);
  expect(lines?.getAttribute("aria-pressed")).toBe("true");
  el.remove();
});

test("children are counted, of those that are not told too", async () => {
  const facts = { ...FACTS, child_count: 700 };
  const el = children(fakeRun({ facts, children: [child({})] }), undefined, life().signal);

  await vi.waitFor(() =>
    expect(el.querySelector("[role=status]")?.textContent).toBe("the first 1 of 700 rows"),
  );
});

test("the details have what was run and from what, all of it as text", async () => {
  const server = fakeServer();
  server.answers.source = () => ({
    environment: {
      facts: { python: "3.11.7" },
      packages: {
        numpy: "2.0",
        [HOSTILE]: "1",
        ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`p${i}`, "1"])),
        torch: "2.9",
      },
    },
    snapshot: null,
    notebook: null,
  });
  const properties = {
    author: HOSTILE,
    "azureml.git.commit": "abc123",
    "azureml.git.dirty": "True",
    "azureml.git.repository_uri": "https://example.org/repo",
    "azureml.git.build_uri": "javascript:alert(1)",
  };
  const el = details(fakeRunWith({ properties, created_by: "jo" }), life().signal);
  await settled();
  const value = (name: string) =>
    [...el.querySelectorAll("dt")].find((dt) => dt.textContent === name)?.nextElementSibling;

  expect(value("Commit")?.textContent).toBe("abc123");
  expect(value("Uncommitted changes")?.textContent).toBe("yes");
  expect(value("Repository")?.querySelector("a")?.href).toBe("https://example.org/repo");
  expect(value("Build page")?.querySelector("a")).toBeNull();
  expect(value("author")?.textContent).toBe(HOSTILE);
  expect(value("Python")?.textContent).toBe("3.11.7");
  expect(value("By")?.textContent).toBe("jo");
  expect(el.querySelector(".rw-packages")?.textContent).toContain("numpy==2.0");
  const seen = () => [...el.querySelectorAll(".rw-packages li:not([hidden])")];
  expect(seen().length).toBe(12);
  const filter = el.querySelector("input[type=search]") as HTMLInputElement;
  filter.value = "Torch";
  filter.dispatchEvent(new Event("input"));
  expect(seen().map((item) => item.textContent)).toEqual(["torch==2.9"]);
  expect(el.querySelector("img")).toBeNull();
});

test("who has asked for all files sees those that come later, but not at an earlier moment", async () => {
  const server = fakeServer();
  const entry = (i: number) => ({ path: `${i}.txt`, bytes: 1, modified_at: 0 });
  const some = (n: number) => Array.from({ length: n }, (_, i) => entry(i));
  server.answers.state = () => ({ files: some(3) });
  const model = fakeRun({ files: some(1), facts: { ...FACTS, file_count: 3 } });
  const el = files(model, life().signal);
  const shown = () => el.querySelectorAll("[role=treeitem]").length;
  el.querySelector<HTMLButtonElement>(".rw-more")?.click();
  await settled();
  expect(shown()).toBe(3);

  server.answers.state = () => ({ files: some(4) });
  model.set_state({ facts: { ...FACTS, file_count: 4 }, files: some(1) });
  await settled();
  expect(shown()).toBe(4);

  model.set_state({ facts: { ...FACTS, file_count: 2 }, files: some(2) });
  await settled();
  expect(shown()).toBe(2);
});

test("a snapshot is its files and the cells that were executed", async () => {
  const server = fakeServer({ "source:notebook.ipynb": "{}" });
  server.answers.source = () => ({
    environment: null,
    snapshot: { files: [{ path: "src/train.py", bytes: 5 }], total: 1, bytes: 99 },
    notebook: { bytes: 2 },
  });

  const el = snapshot(fakeRunWith({}), life().signal);
  await settled();

  expect([...el.querySelectorAll(".rw-card")].map((e) => e.ariaLabel)).toEqual([
    "Notebook",
    "Snapshot",
  ]);
  expect([...el.querySelectorAll(".rw-name")].map((e) => e.textContent)).toEqual([
    "src",
    "train.py",
  ]);
});

test("a snapshot that is taken later is shown, and all parts of a panel ask for it together", async () => {
  const server = fakeServer();
  const none = { environment: null, snapshot: null, notebook: null };
  server.answers.source = () => none;
  const model = fakeRunWith({});
  const el = snapshot(model, life().signal);
  details(model, life().signal);
  await settled();
  expect(el.textContent).toBe("No snapshot was taken");

  const files = [{ path: "train.py", bytes: 5 }];
  server.answers.source = () => ({ ...none, snapshot: { files, total: 1, bytes: 99 } });
  const facts = model.get("facts");
  model.set_state({ facts: { ...facts, properties: { ContentSnapshotId: "abc" } } });
  await settled();

  expect(el.querySelector(".rw-name")?.textContent).toBe("train.py");
  expect(el.querySelector<HTMLElement>("[role=status]")?.hidden).toBe(true);
  expect(server.asked.filter((address) => address.includes("/source")).length).toBe(2);
});

test("where there is no snapshot it says why", async () => {
  const server = fakeServer();
  server.answers.source = () => ({ environment: null, snapshot: null, notebook: null });
  const properties = { "run_widgets.no_snapshot": "1.2 GB are too much" };

  const el = snapshot(fakeRunWith({ properties }), life().signal);
  await settled();

  expect(el.textContent).toBe("1.2 GB are too much");
});
