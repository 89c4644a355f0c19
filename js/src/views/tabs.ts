import { h, set, write } from "../dom.ts";
import { count } from "../format.ts";
import { placeAfter } from "./roving.ts";

export type Page = { name: string; content: HTMLElement };

let made = 0;

/**
 * Pages of which one is seen, the first to begin with; the arrow keys walk along their names.
 *
 * @param chosen is told which page a person has chosen
 */
export function tabs(
  pages: Page[],
  chosen: (name: string) => void = () => {},
): {
  el: HTMLElement;
  count(name: string, n: number, isOffered?: boolean): void;
  choose(name: string): void;
} {
  const id = `rw-tabs-${++made}`;
  const buttons = pages.map(({ name }, i) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        class: "rw-tab",
        id: `${id}-tab-${i}`,
        "aria-controls": `${id}-page-${i}`,
        onclick: () => choose(i, true),
      },
      name,
      h("small", { hidden: true }),
    ),
  );
  const sheets = pages.map(({ content }, i) =>
    h(
      "div",
      { role: "tabpanel", id: `${id}-page-${i}`, "aria-labelledby": `${id}-tab-${i}` },
      content,
    ),
  );
  const bar = h("div", { class: "rw-tabs", role: "tablist", "data-lm-suppress-shortcuts": "true" });
  bar.append(...buttons);
  bar.addEventListener("keydown", (event) => {
    const shown = buttons.filter((button) => !button.hidden);
    const here = shown.indexOf(event.target as HTMLButtonElement);
    const next = shown[placeAfter(event, bar, here, shown.length) ?? -1];
    if (!next) return;
    event.preventDefault();
    choose(buttons.indexOf(next), true);
    next.focus();
  });

  function choose(place: number, isTold = false): void {
    buttons.forEach((button, i) => {
      set(button, "aria-selected", String(i === place));
      set(button, "tabindex", i === place ? 0 : -1);
    });
    sheets.forEach((sheet, i) => {
      sheet.hidden = i !== place;
    });
    if (isTold) chosen(pages[place]?.name ?? "");
  }

  choose(0);
  return {
    el: h("div", {}, bar, ...sheets),
    /** Say how many things a page has; one without any is not offered, unless it is to be. */
    count(name, n, isOffered = n > 0) {
      const i = pages.findIndex((page) => page.name === name);
      const [button, sheet] = [buttons[i], sheets[i]];
      if (!button || !sheet) return;
      const small = button.lastElementChild as HTMLElement;
      write(small, ` ${count(n)}`); // a name of two words to whoever hears it
      small.hidden = n === 0;
      button.hidden = !isOffered;
      if (!isOffered && !sheet.hidden) choose(0);
      bar.hidden = buttons.filter((each) => !each.hidden).length < 2;
    },
    choose(name) {
      const i = pages.findIndex((page) => page.name === name);
      if (sheets[i]?.hidden) choose(i);
    },
  };
}
