import { expect, test } from "vitest";

import { checked, DEFAULT, View } from "../../src/experiment/view_state.ts";
import type { Shelf } from "../../src/shelf.ts";
import { life } from "../fake_model.ts";
import { idOf } from "./told.ts";

function shelf(content: Record<string, string> = {}): Shelf & { content: Record<string, string> } {
  return {
    content,
    getItem: (name) => content[name] ?? null,
    setItem: (name, value) => {
      content[name] = value;
    },
  };
}

test("a view is remembered, by experiment", () => {
  const store = shelf();
  new View("one", { shelf: store }).set({ columns: [idOf("number")] });

  expect(new View("one", { shelf: store }).state.columns).toEqual([idOf("number")]);
  expect(new View("two", { shelf: store }).state.columns).toBeNull();
});

test("resetting brings back what the data say, and keeps the colours", () => {
  const view = new View("one", { shelf: shelf() });
  view.choose(["a"], true);
  view.query({ text: "svm" });

  view.reset();

  expect(view.state.query).toEqual(DEFAULT.query);
  expect(view.state.colors).toEqual([["a", 0]]);
});

test("whether child runs are listed is the kernel's word until somebody chooses", () => {
  const store = shelf();
  const view = new View("one", { shelf: store, children: true });
  expect(view.state.query.children).toBe(true);

  view.query({ children: false });

  expect(new View("one", { shelf: store, children: true }).state.query.children).toBe(false);
});

test("what is not a view is read as none", () => {
  for (const read of [null, 1, "x", [], { columns: 3 }, { query: { sort: {}, rules: [1] } }]) {
    expect(checked(read)).toEqual(DEFAULT);
  }
});

test("of a broken view what can be used is used", () => {
  const state = checked({
    columns: ["nonsense", idOf("tag:lr"), 3],
    query: { text: 5, statuses: ["Failed", 1], rules: [{ column: "x", min: "a" }], children: 1 },
    curves: { axis: "sideways", logY: true },
    widths: { a: 100, b: "wide", c: -1 },
    colors: [["a", 1], ["b", -1], "c"],
  });

  expect(state.columns).toEqual([idOf("tag:lr")]);
  expect(state.query).toEqual({ ...DEFAULT.query, statuses: ["Failed"] });
  expect(state.curves).toEqual({ ...DEFAULT.curves, logY: true });
  expect(state.widths).toEqual({ a: 100 });
  expect(state.colors).toEqual([["a", 1]]);
});

test("a shelf that refuses makes no trouble", () => {
  const broken: Shelf = {
    getItem: () => {
      throw new Error("forbidden");
    },
    setItem: () => {
      throw new Error("full");
    },
  };

  const view = new View("one", { shelf: broken });
  view.set({ page: "Compare" });

  expect(view.state.page).toBe("Compare");
});

test("runs that are chosen together have different colours, and keep them", () => {
  const view = new View("one", { shelf: shelf() });
  view.choose(["a", "b", "c"], true);
  const before = view.colors.look("b").color;

  view.choose(["a"], false);
  view.choose(["d"], true);

  expect(view.colors.look("b").color).toBe(before);
  const colors = ["b", "c", "d"].map((id) => view.colors.look(id).color);
  expect(new Set(colors).size).toBe(3);
});

test("listeners hear of changes until their life ends", () => {
  const view = new View("one", { shelf: shelf() });
  const { signal, end } = life();
  const heard: string[] = [];
  view.on(signal, (what) => heard.push(what));

  view.set({ page: "Compare" });
  view.choose(["a"], true);
  end();
  view.set({ page: "Runs" });

  expect(heard).toEqual(["state", "chosen"]);
});
