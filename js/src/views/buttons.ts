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

/** A button that puts what `text` gives into the clipboard, and says so. */
export function copyButton(what: string, text: () => string): HTMLElement {
  const button = h("button", {
    type: "button",
    class: "rw-copy",
    "aria-label": `Copy ${what.toLowerCase()}`,
    title: `Copy ${what.toLowerCase()}`,
    onclick: async () => {
      try {
        await navigator.clipboard.writeText(text());
        button.dataset.state = "copied";
      } catch {
        button.dataset.state = "failed"; // pages without https have no clipboard
      }
      setTimeout(() => delete button.dataset.state, 1500);
    },
  });
  return button;
}
