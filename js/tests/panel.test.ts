import { beforeEach, expect, test, vi } from "vitest";

import { panel } from "../src/views/panel.ts";
import {
  buffer,
  FACTS,
  type FakeModel,
  fakeChart,
  fakeImage,
  fakeRun,
  life,
} from "./fake_model.ts";

const HOSTILE = "<img src=x onerror=alert(1)>";
const mount = async () => {};

beforeEach(() => {
  URL.createObjectURL = vi.fn(() => "blob:picture");
  URL.revokeObjectURL = vi.fn();
});

test("metrics are listed with their values or their forms", () => {
  const model = fakeRun({
    metrics: [{ name: "Sigmoid", kind: "scalar", text: "Vector[20]", at: null }],
  });

  const el = panel(model, mount, life().signal);

  expect(el.querySelector(".rw-pairs")?.textContent).toBe("SigmoidVector[20]");
});

/** Never sees anything: none of the charts is drawn. */
class Blind {
  observe() {}
  unobserve() {}
}

test("of very many metrics the first are there at once, the others when there is time", () => {
  vi.useFakeTimers();
  const names = Array.from({ length: 1000 }, (_, k) => `w${k}`);
  const model = fakeRun({
    metrics: names.map((name) => ({ name, kind: "vector", text: "Vector[2]", at: null })),
    charts: names.map((name) => fakeChart({ [name]: [[0], [1]] }, { name }).model),
  });
  vi.stubGlobal("IntersectionObserver", Blind);

  const el = panel(model, mount, life().signal);

  const shown = () => [...(el.querySelector(".rw-pairs")?.children ?? [])];
  const places = () => el.querySelectorAll(".rw-slot").length;
  expect(shown().map((row) => row.firstChild?.textContent)).toEqual(names.slice(0, 40));
  expect(places()).toBe(60);
  vi.advanceTimersByTime(1000);
  expect([shown().length, places()]).toEqual([1000, 1000]);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("a chart is shown once, and a new one beside it", () => {
  const charts = [fakeChart({ loss: [[0], [1]] }).model];
  const model = fakeRun({ charts });
  const shown = vi.fn(mount);
  const el = panel(model, shown, life().signal);

  model.set_state({ charts: [...charts, fakeChart({ acc: [[0], [1]] }).model] });

  expect(shown).toHaveBeenCalledTimes(2);
  expect(el.querySelectorAll(".rw-slot").length).toBe(2);
});

test("a tick touches the chart that grew, and no other", () => {
  vi.useFakeTimers();
  const measured = vi.spyOn(Element.prototype, "getBoundingClientRect");
  measured.mockReturnValue(new DOMRect(0, 0, 300, 200));
  const charts = ["loss", "acc"].map((name) => fakeChart({ [name]: [[0], [1]] }, { name }).model);
  const el = panel(fakeRun({ charts }), mount, life().signal);
  vi.advanceTimersByTime(1000);
  const observer = new MutationObserver(() => {});
  observer.observe(el.querySelector(".rw-main") as Element, {
    subtree: true,
    childList: true,
    attributes: true,
    characterData: true,
  });

  const series = [{ x: 0, y: 1, at: 0, total: 2 }];
  charts[0]?.trigger("msg:custom", { type: "append", from: 1, series }, [buffer([1]), buffer([2])]);
  vi.advanceTimersByTime(1000);

  const touched = observer.takeRecords().map(({ target }) => target);
  expect(touched.length).toBeGreaterThan(0);
  const slot = el.querySelector(".rw-slot") as HTMLElement;
  expect(touched.filter((node) => !slot.contains(node))).toEqual([]);
  measured.mockRestore();
  vi.useRealTimers();
});

test("a tab is there for what the run has, with its number", () => {
  const model = fakeRun();
  const el = panel(model, mount, life().signal);
  const shown = () =>
    [...el.querySelectorAll<HTMLElement>("[role=tab]")]
      .filter((tab) => !tab.hidden)
      .map((tab) => tab.textContent);
  expect(shown()).toEqual(["Overview", "Snapshot", "Details"]);

  model.set_state({ files: [{ path: "user_logs/std_log.txt", bytes: 12, modified_at: 0 }] });

  expect(shown()).toEqual(["Overview", "Outputs 1", "Logs 1", "Snapshot", "Details"]);
});

test("a run that has only child runs leads to them", () => {
  const el = panel(fakeRun({ facts: { ...FACTS, child_count: 12 } }), mount, life().signal);

  const more = el.querySelector<HTMLButtonElement>(".rw-overview .rw-more");
  more?.click();

  expect(more?.textContent).toBe("See its 12 child runs");
  expect(el.querySelector("[aria-selected=true]")?.textContent).toBe("Children 12");
});

test("the arrow keys walk along the tabs", () => {
  const model = fakeRun({ files: [{ path: "a", bytes: 1, modified_at: 0 }] });
  const el = panel(model, mount, life().signal);
  document.body.replaceChildren(el);
  const [first] = el.querySelectorAll<HTMLElement>("[role=tab]");
  first?.focus();

  first?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));

  expect(document.activeElement?.textContent).toBe("Outputs 1");
  expect(document.activeElement?.getAttribute("aria-selected")).toBe("true");
  const pages = [...el.querySelectorAll<HTMLElement>("[role=tabpanel]")];
  expect(pages.filter((page) => !page.hidden).map((page) => page.textContent)).toEqual([
    expect.stringContaining("1 B"),
  ]);
});

test("a table tells how many of its rows are here, and how many are left", async () => {
  const rows = Array.from({ length: 250 }, (_, i) => [i, i % 100 === 7 ? "seven" : "other"]);
  const table = { name: "t", columns: ["n", "text"], rows: rows.slice(0, 50), at: [], total: 50 };
  const model = fakeRun({ tables: [table] });
  const el = panel(model, mount, life().signal);
  const note = () => el.querySelector(".rw-table [role=status]")?.textContent;
  await vi.waitFor(() => expect(note()).toBe("50 rows"));

  model.set_state({ tables: [{ ...table, rows, total: 5000 }] });
  expect(note()).toBe("the first 250 of 5,000 rows");
  const filter = el.querySelector<HTMLInputElement>(".rw-table input") as HTMLInputElement;
  filter.value = "SEVEN";
  filter.dispatchEvent(new Event("input"));
  await vi.waitFor(() => expect(note()).toBe("3 of the first 250 of 5,000 rows"));
});

test("a picture is shown as an image of its kind, and let go at the end", () => {
  const { signal, end } = life();
  const model = fakeRun({ images: [fakeImage({ mime: "image/svg+xml", step: 5 })] });
  const el = panel(model, mount, signal);

  expect(el.querySelector<HTMLImageElement>(".rw-gallery img")?.src).toBe("blob:picture");
  expect(el.querySelector(".rw-gallery figcaption")?.textContent).toBe("confusionstep 5");
  end();
  expect(URL.revokeObjectURL).toHaveBeenCalledWith("blob:picture");
});

test("a file that is no picture is not made one", () => {
  const model = fakeRun({ images: [fakeImage({ mime: "text/html" })] });

  const el = panel(model, mount, life().signal);

  expect(URL.createObjectURL).not.toHaveBeenCalled();
  expect(el.querySelector<HTMLButtonElement>(".rw-gallery button")?.disabled).toBe(true);
});

test("logged text is text wherever it is shown", () => {
  const model = fakeRun({
    facts: { ...FACTS, properties: { [HOSTILE]: HOSTILE } },
    metrics: [{ name: HOSTILE, kind: HOSTILE, text: HOSTILE, at: null }],
    tables: [{ name: HOSTILE, columns: [HOSTILE], rows: [[HOSTILE]], at: [null], total: 1 }],
    files: [{ path: `${HOSTILE}/${HOSTILE}`, bytes: 1, modified_at: 0 }],
    images: [fakeImage({ name: HOSTILE, mime: HOSTILE })],
    problem: HOSTILE,
  });

  const el = panel(model, mount, life().signal);

  expect(el.querySelectorAll("img[onerror]").length).toBe(0);
  expect(el.querySelector(".rw-problem")?.textContent).toBe(HOSTILE);
  const names = [...el.querySelectorAll(".rw-tree .rw-name")].map((name) => name.textContent);
  expect(names).toContain(HOSTILE);
  expect(el.querySelector(".rw-table h4")?.textContent).toBe(HOSTILE);
});

test("an empty run says so, and differently once it is over", () => {
  const model = fakeRun();
  const el = panel(model, mount, life().signal);
  expect(el.textContent).toContain("No metrics yet");

  model.set_state({ following: false });

  expect(el.textContent).toContain("No metrics were logged");
});

test("leaves nothing behind when its life ends", () => {
  const image = fakeImage();
  const model = fakeRun({ images: [image] });
  const { signal, end } = life();
  panel(model, mount, signal);

  end();

  expect(model.listeners).toBe(0);
  expect((image as FakeModel<object>).listeners).toBe(0);
});
