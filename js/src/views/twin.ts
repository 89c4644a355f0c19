import type { Chart } from "../charts/chart.ts";
import { along } from "../charts/picture.ts";
import { h, list, set, write } from "../dom.ts";
import { count, duration, number, time } from "../format.ts";

/** Rows of the table; of more points, those that keep the line's outline. */
const ROWS = 500;

/** A chart's values as a table, in the chart's place while somebody wants it. */
export function twin(
  data: Chart,
  plot: HTMLElement,
): { el: HTMLElement; draw(): void; toggle(): void; readonly isShown: boolean } {
  const head = h("tr");
  const body = h("tbody");
  const note = h("caption", { class: "rw-note" });
  const table = h("table", {}, note, h("thead", {}, head), body);
  const el = h(
    "div",
    { class: "rw-twin", tabindex: 0, role: "region", "aria-label": "Values", hidden: true },
    table,
  );
  const self = {
    el,
    get isShown() {
      return !el.hidden;
    },
    toggle() {
      el.hidden = !el.hidden;
      plot.inert = !el.hidden;
      set(plot, "aria-hidden", el.hidden ? null : "true");
      self.draw();
      if (!el.hidden) el.focus({ preventScroll: true });
    },
    draw() {
      if (el.hidden) return;
      const { settings } = data.board;
      const traces = data.traces.filter(({ hidden }) => !hidden);
      const columns = traces.map((trace) => {
        const line = trace.detail ?? trace.line;
        const axis = along(trace, line, settings.x, data.startedAt);
        const kept = line.seen(axis, data.zoom.x, Math.floor(ROWS / 3), (x) => x);
        return new Map([...kept].map((i) => [(axis.values[i] as number) - axis.offset, line.y[i]]));
      });
      // Newest first, as what is new is what one looks for.
      const xs = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort(
        (a, b) => b - a,
      );
      const words = { step: data.model.get("x_label") || "x", relative: "from the first" };
      const over = data.across && (data.across.chart ? data.across.name : words.step);
      const label = over ?? words[settings.x as keyof typeof words] ?? settings.x;
      list(
        head,
        [label, ...traces.map(({ name }) => name)],
        (name, i) => `${i} ${name}`,
        (name) => h("th", { scope: "col", class: "rw-number" }, name),
      );
      const total = data.traces.reduce((most, { line }) => Math.max(most, line.total), 0);
      const shown = Math.min(ROWS, xs.length);
      write(note, shown < total ? `${count(shown)} of ${count(total)} steps` : "");
      list(
        body,
        xs.slice(0, ROWS),
        (x) => String(x),
        () => h("tr"),
        (row, x) => {
          const cells = columns.map((column) => column.get(x));
          list(
            row,
            [place(settings.x, x), ...cells.map((y) => (y === undefined ? "" : number(y)))],
            (_, i) => String(i),
            () => h("td", { class: "rw-number" }),
            (cell, text) => write(cell, text),
          );
        },
      );
    },
  };
  return self;
}

function place(x: string, value: number): string {
  if (x === "time") return time(value);
  return x === "elapsed" && value >= 60 ? duration(value) : number(value);
}
