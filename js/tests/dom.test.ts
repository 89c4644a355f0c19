import { afterEach, expect, test, vi } from "vitest";

import { every, h, link, list, set, whenSized, write } from "../src/dom.ts";
import { life } from "./fake_model.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const HOSTILE = "<img src=x onerror=alert(1)>";

test("what is logged enters as text and as attributes, never as markup", () => {
  const el = h("p", { title: HOSTILE }, HOSTILE);
  write(el, HOSTILE);
  set(el, "aria-label", HOSTILE);

  expect(el.querySelector("img")).toBeNull();
  expect(el.textContent).toBe(HOSTILE);
  expect(el.title).toBe(HOSTILE);
});

test("a text cannot become an event's handler", () => {
  expect(() => h("p", { onclick: "alert(1)" })).toThrow(/takes a function/);
});

test.each(["javascript:alert(1)", "data:text/html,x", "vbscript:x", "http://[", " java\nscript:x"])(
  "a link to %j is only text",
  (url) => {
    const el = link(url, "here");

    expect(el.tagName).toBe("SPAN");
    expect(el.textContent).toBe("here");
  },
);

test("a link to a web page opens beside this one and tells it nothing", () => {
  const el = link("/user/jo/run-widgets/runs/1", "page") as HTMLAnchorElement;

  expect(el.tagName).toBe("A");
  expect(el.rel).toBe("noopener noreferrer");
  expect(el.target).toBe("_blank");
});

test("a list keeps the elements of what stays, in the order of what is", () => {
  const el = h("ul");
  const draw = (items: string[]) =>
    list(
      el,
      items,
      (item) => item,
      (item) => h("li", {}, item),
    );
  draw(["a", "b", "c"]);
  const [, b] = el.children;

  draw(["c", "b", "d"]);

  expect([...el.children].map((child) => child.textContent)).toEqual(["c", "b", "d"]);
  expect(el.children[1]).toBe(b);
});

test("what goes from a list leaves the others where they are", () => {
  const el = h("ul");
  const draw = (items: string[]) =>
    list(
      el,
      items,
      (item) => item,
      (item) => h("li", {}, item),
    );
  draw(["a", "b", "c", "d"]);
  const moved = vi.spyOn(el, "insertBefore");

  draw(["b", "d"]);

  expect(el.textContent).toBe("bd");
  expect(moved).not.toHaveBeenCalled();
});

test("a list has one element for each key, also where two items claim one", () => {
  const el = h("ul");
  const draw = (items: string[]) =>
    list(
      el,
      items,
      (item) => item,
      (item) => h("li", {}, item),
    );

  draw(["a", "a", "b"]);
  draw(["b"]);

  expect([...el.children].map((child) => child.textContent)).toEqual(["b"]);
});

test("a timer ends with the life it belongs to", async () => {
  const { signal, end } = life();
  let ticks = 0;
  every(0.005, signal, () => ticks++);
  await new Promise((resolve) => setTimeout(resolve, 30));
  end();
  const before = ticks;

  await new Promise((resolve) => setTimeout(resolve, 30));

  expect(before).toBeGreaterThan(0);
  expect(ticks).toBe(before);
});

test("a first size is told at once, a later one when it has lasted", () => {
  vi.useFakeTimers();
  let resize = () => {};
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(heard: () => void) {
        resize = heard;
      }
      observe() {}
      disconnect() {}
    },
  );
  const el = h("div");
  let width = 0; // not in the page yet
  el.getBoundingClientRect = () => new DOMRect(0, 0, width, 100);
  const told: number[] = [];
  whenSized(el, life().signal, (width) => told.push(width));
  expect(told).toEqual([]);

  width = 400;
  resize();
  expect(told).toEqual([400]);

  for (width of [390, 380]) resize();
  expect(told).toEqual([400]);
  vi.advanceTimersByTime(200);
  expect(told).toEqual([400, 380]);
});
