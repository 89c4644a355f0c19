import type { Chart } from "../charts/chart.ts";
import { csvOf, download, pngOf, save, svgOf } from "../charts/export.ts";
import type { Frame } from "../charts/figure.ts";
import type { Trace } from "../charts/picture.ts";
import { h, set } from "../dom.ts";
import { count } from "../format.ts";
import { roving } from "./roving.ts";

type About = {
  shape(): Frame | null;
  name(): string;
  labels(): { x: string; y: string };
  table: { toggle(): void; readonly isShown: boolean };
};

/** A line as fine as it is here. */
const asHere = ({ detail, line }: Trace) => detail ?? line;

/** What can be done with a chart, unseen until somebody comes near: pin, enlarge, and a menu. */
export function actions(data: Chart, about: About): { el: HTMLElement; draw(): void } {
  const { board } = data;
  const name = () => data.model.get("name");
  const button = (sign: string, act: () => void) =>
    h("button", { type: "button", class: "rw-tool", onclick: act }, sign);
  const pin = button("☆", () => board.pin(name()));
  const wide = button("⤢", () => board.widen(name()));
  const more = button("⋯", () => (menu.hidden ? open() : close()));
  const item = (text: string, act: () => void) =>
    h(
      "button",
      {
        type: "button",
        role: "menuitem",
        onclick: () => {
          close();
          act();
        },
      },
      text,
    );
  const table = item("", () => {
    about.table.toggle();
    draw();
  });
  const picture = () => {
    const [frame, drawn] = [about.shape(), data.picture];
    return frame && drawn ? svgOf(about.name(), about.labels(), drawn, frame) : null;
  };
  const saveSvg = () => {
    const drawn = picture();
    if (drawn) save(new Blob([drawn], { type: "image/svg+xml" }), `${about.name()}.svg`);
  };
  const csv = item("", () => {
    const address = isAllHere() ? null : everyValue();
    if (address) {
      download(address, `${about.name()}.csv`);
      return;
    }
    const over = data.across?.chart ? data.across.name : null;
    const rows = csvOf(data.traces, data.model.get("x_label"), asHere, over);
    save(new Blob([rows], { type: "text/csv" }), `${about.name()}.csv`);
  });
  const menu = h(
    "div",
    { class: "rw-menu", role: "menu", "aria-label": "Chart", hidden: true },
    table,
    item("Save as PNG", async () => {
      const drawn = picture();
      const image = drawn && (await pngOf(drawn).catch(() => null));
      if (image) save(image, `${about.name()}.png`);
      else saveSvg(); // a browser that draws no such picture, or one too large
    }),
    item("Save as SVG", saveSvg),
    csv,
  );
  const el = h(
    "div",
    { class: "rw-tools", role: "toolbar", "aria-label": "Chart" },
    pin,
    wide,
    more,
    menu,
  );
  const settle = roving(el, () => [pin, wide, more]);

  function open(): void {
    const here = data.traces.reduce((sum, trace) => sum + asHere(trace).length, 0);
    const isAll = isAllHere() || everyValue() !== null;
    csv.textContent = `Save ${isAll ? "values" : `the ${count(here)} values here`} as CSV`;
    menu.hidden = false;
    set(more, "aria-expanded", "true");
    (menu.firstElementChild as HTMLElement).focus();
  }
  function close(): void {
    if (menu.hidden) return;
    const inside = menu.contains(document.activeElement);
    menu.hidden = true;
    set(more, "aria-expanded", "false");
    if (inside) more.focus();
  }
  el.addEventListener("focusout", (event) => {
    if (!el.contains(event.relatedTarget as Node | null)) close();
  });
  menu.addEventListener("keydown", (event) => {
    const items = [...menu.children] as HTMLElement[];
    const here = items.indexOf(event.target as HTMLElement);
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[
      event.key
    ];
    if (event.key === "Escape") close();
    else if (to !== undefined) items.at(to % items.length)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function isAllHere(): boolean {
    return data.traces.every((trace) => asHere(trace).total === asHere(trace).length);
  }

  /** Where the server has every value of the lines; null without one, and for what is not a metric's. */
  function everyValue(): string | null {
    const models = [data, ...data.companions].map(({ model }) => model);
    const isOnlyMetrics = models.every((model) => model.get("kind") === "metric");
    const isWhole = board.moment === null && !data.across;
    if (!board.server || !isOnlyMetrics || !isWhole) return null;
    const names = models.map((model) => model.get("name"));
    return board.server.values(names, data.model.get("x_label") || "x");
  }

  function draw(): void {
    const pinned = board.arranged.pinned.includes(name());
    const enlarged = board.arranged.wide.includes(name());
    pin.hidden = wide.hidden = !board.isShared;
    pin.textContent = pinned ? "★" : "☆";
    for (const [tool, words, on] of [
      [pin, pinned ? "Unpin" : "Pin: show this chart first", pinned],
      [wide, enlarged ? "As small as the others" : "Enlarge", enlarged],
    ] as const) {
      set(tool, "aria-pressed", String(on));
      set(tool, "title", words);
      set(tool, "aria-label", words);
    }
    set(more, "aria-haspopup", "menu");
    set(more, "aria-expanded", String(!menu.hidden));
    set(more, "aria-label", "More");
    table.textContent = about.table.isShown ? "View as chart" : "View as table";
    settle();
  }
  draw();
  return { el, draw };
}
