import { expect, test } from "vitest";

import { h } from "../src/dom.ts";
import { roving } from "../src/views/roving.ts";

function row(dir: "ltr" | "rtl" = "ltr") {
  const buttons = ["one", "two", "three"].map((name) => h("button", { id: name }, name));
  const el = h("div", { role: "toolbar", style: `direction: ${dir}` }, ...buttons);
  document.body.replaceChildren(el);
  const settle = roving(el, () => buttons);
  const stops = () => buttons.filter((button) => button.tabIndex === 0).map(({ id }) => id);
  return { buttons, settle, stops };
}

function press(key: string): boolean {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  document.activeElement?.dispatchEvent(event);
  return event.defaultPrevented;
}

test("a row is one stop, along which the arrow keys lead and around its ends", () => {
  const { buttons, stops } = row();
  expect(stops()).toEqual(["one"]);

  buttons[0]?.focus();
  press("ArrowRight");
  expect([document.activeElement?.id, stops()]).toEqual(["two", ["two"]]);
  press("End");
  press("ArrowRight");
  expect(document.activeElement?.id).toBe("one");
  press("ArrowLeft");
  expect([document.activeElement?.id, stops()]).toEqual(["three", ["three"]]);
  expect(press("x")).toBe(false);
});

test("where one reads from right to left, the left arrow leads on", () => {
  const { buttons } = row("rtl");
  buttons[0]?.focus();

  press("ArrowLeft");

  expect(document.activeElement?.id).toBe("two");
});

test("the stop that is hidden gives its place to the first", () => {
  const { buttons, settle, stops } = row();
  buttons[1]?.focus();
  const [, second] = buttons;
  if (second) second.hidden = true;

  settle();

  expect(stops()).toEqual(["one"]);
  buttons[0]?.focus();
  press("ArrowRight");
  expect(document.activeElement?.id).toBe("three");
});
