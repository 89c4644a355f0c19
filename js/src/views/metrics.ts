import { h, list, set, write } from "../dom.ts";
import { type Model, type RunModel, watch } from "../model.ts";

/** Every tracked metric with its value, or with its form where it has many. */
export function metrics(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const names = h("dl", { class: "rw-pairs" });
  const properties = h("dl", { class: "rw-pairs" });
  const propertiesSection = section("Properties", properties);
  const el = h("aside", { class: "rw-side" }, section("Tracked metrics", names), propertiesSection);

  watch(model, ["metrics"], life, () => {
    const entries = model.get("metrics");
    drawPairs(
      names,
      entries.map(({ name, text, kind }) => [name, text, kind]),
    );
    el.hidden = entries.length === 0 && Object.keys(model.get("facts").properties).length === 0;
    (names.parentElement as HTMLElement).hidden = entries.length === 0;
  });
  watch(model, ["facts"], life, () => {
    const entries = Object.entries(model.get("facts").properties);
    drawPairs(
      properties,
      entries.map(([name, value]) => [name, value ?? "", "property"]),
    );
    propertiesSection.hidden = entries.length === 0;
    el.hidden = entries.length === 0 && model.get("metrics").length === 0;
  });
  return el;
}

function section(name: string, content: HTMLElement): HTMLElement {
  return h("section", {}, h("h4", {}, name), content);
}

type Pair = [name: string, value: string, kind: string];

function drawPairs(parent: HTMLElement, pairs: Pair[]): void {
  list(
    parent,
    pairs,
    ([name]) => name,
    () => h("div", {}, h("dt"), h("dd")),
    (row, [name, value, kind]) => {
      write(row.children[0] as Element, name);
      write(row.children[1] as Element, value);
      set(row, "title", `${name}: ${value}`);
      set(row, "data-kind", kind);
    },
  );
}
