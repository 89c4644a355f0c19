import { h, set } from "../dom.ts";

/** A button that is on or off; whoever made it says with `press` when that changes. */
export function toggle(name: string, about: string): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: "rw-button", "aria-pressed": "false", title: about },
    name,
  );
}

export function press(button: HTMLElement, on: boolean): void {
  set(button, "aria-pressed", String(on));
}

export function isOn(button: HTMLElement): boolean {
  return button.getAttribute("aria-pressed") === "true";
}
