import { h, set } from "../../dom.ts";

/**
 * A button and what it opens beneath itself; a click elsewhere or Escape closes it.
 *
 * @param fill makes the content anew at each opening
 */
export function popover(
  label: string,
  life: AbortSignal,
  fill: () => HTMLElement,
): { el: HTMLElement; label: HTMLElement; refill(): void; close(): void } {
  const text = h("span", {}, label);
  const button = h(
    "button",
    { type: "button", class: "rw-button", "aria-expanded": "false", "aria-haspopup": "dialog" },
    text,
  );
  const sheet = h("div", { class: "rw-sheet", role: "dialog", "aria-label": label, hidden: true });
  const el = h("div", { class: "rw-popover" }, button, sheet);

  function open(opened: boolean): void {
    const isOpen = !sheet.hidden;
    if (isOpen === opened) return;
    sheet.hidden = !opened;
    set(button, "aria-expanded", String(opened));
    if (!opened) {
      sheet.replaceChildren();
      return;
    }
    sheet.replaceChildren(fill());
    keepInside();
    sheet.querySelector<HTMLElement>("input, select, button")?.focus({ preventScroll: true });
  }

  /** Open towards the side that has room. */
  function keepInside(): void {
    sheet.dataset.side = "start";
    const page = el.closest(".rw")?.getBoundingClientRect();
    if (page && sheet.getBoundingClientRect().right > page.right) sheet.dataset.side = "end";
  }

  button.addEventListener("click", () => open(sheet.hidden !== false));
  el.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the notebook has shortcuts of its own
    if (event.key !== "Escape" || sheet.hidden) return;
    open(false);
    button.focus();
  });
  document.addEventListener(
    "pointerdown",
    (event) => {
      if (!event.composedPath().includes(el)) open(false);
    },
    { signal: life, capture: true },
  );
  return {
    el,
    label: text,
    refill: () => {
      if (!sheet.hidden) sheet.replaceChildren(fill());
    },
    close: () => open(false),
  };
}
