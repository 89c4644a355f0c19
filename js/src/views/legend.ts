import type { Chart } from "../charts/chart.ts";
import { h, list, set, write } from "../dom.ts";
import { roving } from "./roving.ts";

const HELP = "Click to hide or show; double click, or Alt and click, to show it alone";

/** The names of a chart's lines, which hides and brings them back; not there for a single one. */
export function legend(data: Chart): { el: HTMLElement; draw(): void } {
  const el = h("ul", { class: "rw-legend", role: "toolbar", "aria-label": "Lines" });
  const settle = roving(el, () => [...el.querySelectorAll("button")]);
  return {
    el,
    draw() {
      const { traces } = data;
      el.hidden = traces.length < 2;
      list(
        el,
        el.hidden ? [] : traces,
        ({ name }) => name,
        ({ name }) => {
          const act = (event: MouseEvent) => {
            if (event.detail === 2) data.toggle(name); // what the first of two clicks did
            if (event.altKey || event.detail === 2) data.isolate(name);
            else if (event.detail < 2) data.toggle(name);
          };
          const button = h(
            "button",
            { type: "button", title: HELP, onclick: act },
            h("i"),
            h("span"),
          );
          return h("li", { role: "none" }, button);
        },
        (item, { name, color, dash, hidden }) => {
          const button = item.firstElementChild as HTMLElement;
          const [swatch, text] = button.children as unknown as HTMLElement[];
          if (!swatch || !text) return;
          set(button, "aria-pressed", String(!hidden));
          swatch.style.color = color;
          set(swatch, "data-dash", dash);
          write(text, name);
        },
      );
      settle();
    },
  };
}
