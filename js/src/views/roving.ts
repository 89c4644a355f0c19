/** Rows of buttons that the tab key stops at once: the arrow keys lead along them, as ARIA has it. */

import { set } from "../dom.ts";

/** Where a key leads from place `here` of `count` in a row, by the direction in which it is read. */
export function placeAfter(
  event: KeyboardEvent,
  row: HTMLElement,
  here: number,
  count: number,
): number | null {
  const forth = getComputedStyle(row).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const back = forth === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
  const places: Record<string, number> = {
    [forth]: (here + 1) % count,
    [back]: (here + count - 1) % count,
    Home: 0,
    End: count - 1,
  };
  return here < 0 || event.altKey || event.ctrlKey || event.metaKey
    ? null
    : (places[event.key] ?? null);
}

/**
 * Make the buttons of `row` one stop of the tab key: the one that had the focus last.
 *
 * @param buttons those of the row as they are now
 * @returns a function to call when there are others, or some are hidden
 */
export function roving(row: HTMLElement, buttons: () => HTMLElement[]): () => void {
  let last: EventTarget | null = null;
  const shown = () => buttons().filter((button) => !button.hidden);
  const settle = () => {
    const stop = shown().find((button) => button === last) ?? shown()[0];
    for (const button of buttons()) set(button, "tabindex", button === stop ? 0 : -1);
  };
  row.addEventListener("focusin", ({ target }) => {
    if (!shown().includes(target as HTMLElement)) return;
    last = target;
    settle();
  });
  row.addEventListener("keydown", (event) => {
    const all = shown();
    const to = placeAfter(event, row, all.indexOf(event.target as HTMLElement), all.length);
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation();
    all[to]?.focus();
  });
  settle();
  return settle;
}
