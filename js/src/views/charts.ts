import { h, list, whenNear } from "../dom.ts";
import { type Model, type RunChartModel, type RunModel, watch } from "../model.ts";
import type { Mount } from "./chart.ts";

/** A grid of the run's charts, each drawn when it first comes near the screen. */
export function charts(model: Model<RunModel>, mount: Mount, life: AbortSignal): HTMLElement {
  const el = h("div", { class: "rw-charts" });
  const keys = new Map<Model<RunChartModel>, string>();
  const key = (chart: Model<RunChartModel>) => {
    if (!keys.has(chart)) keys.set(chart, String(keys.size));
    return keys.get(chart) as string;
  };

  watch(model, ["charts"], life, () => {
    const entries = model.get("charts");
    el.hidden = entries.length === 0;
    list(el, entries, key, (chart) => {
      const slot = h("div", { class: "rw-slot" });
      whenNear(slot, life, () => void mount(chart as Model<never>, slot));
      return slot;
    });
  });
  return el;
}
