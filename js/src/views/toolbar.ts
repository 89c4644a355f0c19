import { whenIdle } from "../charts/frames.ts";
import type { Grid } from "../charts/grid.ts";
import { type Board, metricOf, overMetric, type Settings } from "../charts/look.ts";
import { h, list, set, write } from "../dom.ts";
import { count } from "../format.ts";
import { smoothField } from "./smooth_field.ts";

/** Charts from which it pays to look for one by its name. */
const SEARCHED = 4;

/** Metrics that are offered at once: a browser measures all of a list before it shows any of it. */
const OFFERED = 100;

/** How long a filter waits for the next letter. */
const TYPING_MS = 150;

/** The thin line above the charts: which of them to see, and how. */
export function toolbar(
  board: Board,
  life: AbortSignal,
): { el: HTMLElement; draw(grid: Grid): void } {
  let typing: ReturnType<typeof setTimeout> | undefined;
  let most = OFFERED;
  const find = h("input", {
    type: "search",
    class: "rw-filter",
    placeholder: "Filter charts",
    "aria-label": "Filter charts by name",
    title: "A part of a name, several with commas between, val/* or /regex/",
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => board.change({ filter: find.value }), TYPING_MS);
    },
    onkeydown: (event: KeyboardEvent) => {
      if (event.key !== "Escape" || !find.value) return;
      event.stopPropagation();
      find.value = "";
      board.change({ filter: "" });
    },
  });
  const found = h("span", { class: "rw-note", role: "status" });
  const x = choice(board, "x", "Horizontal axis", {
    step: "step",
    relative: "relative step",
    elapsed: "elapsed",
    time: "time of day",
  });
  const metrics = h("optgroup", { label: "another metric, step by step" });
  x.el.append(metrics);
  const scales = { linear: "linear", log: "log", symlog: "symlog" };
  const y = choice(board, "y_scale", "Scale of the vertical axis", scales);
  const smooth = smoothField((smoothing) => board.change({ smoothing }));
  const overlay = h(
    "button",
    {
      type: "button",
      class: "rw-press",
      title: "Metrics that differ only before the last slash share a chart",
      onclick: () => board.change({ overlay: !board.settings.overlay }),
    },
    "overlay",
  );
  const clip = h("input", {
    type: "checkbox",
    onchange: () => board.change({ clip: clip.checked }),
  });
  const xScale = choice(board, "x_scale", "Scale of the horizontal axis", scales);
  const columns = choice(board, "columns", "Columns", {
    0: "as many as fit",
    ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [n, String(n)])),
  });
  const size = choice(board, "size", "Height", { small: "low", medium: "medium", large: "high" });
  const row = (name: string, control: HTMLElement) => h("label", {}, h("span", {}, name), control);
  const sheet = h(
    "div",
    {
      class: "rw-sheet",
      hidden: true,
      role: "group",
      "aria-label": "More about the charts",
      "data-side": "end",
    },
    row("x scale", xScale.el),
    row("leave outliers out", clip),
    row("columns", columns.el),
    row("height", size.el),
  );
  const more = h(
    "button",
    {
      type: "button",
      class: "rw-tool",
      "aria-label": "More about the charts",
      title: "More",
      "aria-expanded": "false",
      onclick: () => unfold(Boolean(sheet.hidden)),
    },
    "⋯",
  );
  function unfold(open: boolean): void {
    sheet.hidden = !open;
    set(more, "aria-expanded", String(open));
  }
  const corner = h("div", { class: "rw-corner" }, more, sheet);
  corner.addEventListener("focusout", (event) => {
    if (!corner.contains(event.relatedTarget as Node | null)) unfold(false);
  });
  corner.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || sheet.hidden) return;
    event.stopPropagation();
    unfold(false);
    more.focus();
  });

  /** Offer each metric that has a line, and the one that was asked for though it is not there. */
  function drawMetrics(): void {
    const names = board.metricCharts.map((chart) => chart.get("name"));
    const asked = metricOf(board.settings.x);
    if (asked !== null && !names.includes(asked)) names.push(asked);
    metrics.hidden = names.length < 2 && asked === null;
    const isLong = names.length > most;
    const offered = isLong ? names.filter((name) => name === asked) : names;
    list(
      metrics,
      metrics.hidden ? [] : offered,
      (name) => name,
      (name) => h("option", { value: overMetric(name) }, name),
    );
    if (!isLong) return;
    most = Number.POSITIVE_INFINITY;
    whenIdle(drawMetrics);
  }

  const search = h("span", { class: "rw-find" }, find, found);
  const el = h(
    "div",
    {
      class: "rw-toolbar",
      role: "group",
      "aria-label": "How the charts are looked at",
      "data-lm-suppress-shortcuts": "true",
    },
    search,
    h("label", {}, h("span", {}, "x"), x.el),
    h("label", {}, h("span", {}, "y"), y.el),
    smooth.el,
    h("span", { class: "rw-together" }, overlay, corner),
  );
  life.addEventListener("abort", () => clearTimeout(typing), { once: true });

  return {
    el,
    draw(grid) {
      const { settings } = board;
      search.hidden = grid.total < SEARCHED && !settings.filter;
      if (document.activeElement !== find) find.value = settings.filter;
      set(find, "aria-invalid", grid.wrong ? "true" : null);
      const few = grid.shown < grid.total;
      const wrong = grid.wrong ? "no regular expression" : "";
      write(found, wrong || (few ? `${count(grid.shown)} of ${count(grid.total)}` : ""));
      drawMetrics();
      for (const each of [x, y, xScale, columns, size]) each.draw();
      smooth.show(settings.smoothing);
      overlay.hidden = !grid.canOverlay;
      set(overlay, "aria-pressed", String(settings.overlay));
      clip.checked = settings.clip;
      xScale.el.disabled = settings.x === "time";
      set(corner, "data-changed", settings.clip || settings.x_scale !== "linear");
    },
  };
}

/** One setting of a few. */
function choice(
  board: Board,
  field: keyof Settings,
  about: string,
  options: Record<string | number, string>,
): { el: HTMLSelectElement; draw(): void } {
  const numeric = typeof board.settings[field] === "number";
  const el = h(
    "select",
    {
      "aria-label": about,
      title: about,
      onchange: () => board.change({ [field]: numeric ? Number(el.value) : el.value }),
    },
    ...Object.entries(options).map(([value, text]) => h("option", { value }, text)),
  );
  return {
    el,
    draw() {
      el.value = String(board.settings[field]);
    },
  };
}
