import { h, set, write } from "../dom.ts";
import { type Model, type RunModel, watch } from "../model.ts";
import type { Mount } from "./chart.ts";
import { charts } from "./charts.ts";
import { files } from "./files.ts";
import { header } from "./header.ts";
import { images } from "./images.ts";
import { metrics, properties } from "./metrics.ts";
import { tables } from "./tables.ts";
import { tabs } from "./tabs.ts";

/** All of a run: what it is on top, what it measured below, the rest one tab away. */
export function panel(model: Model<RunModel>, mount: Mount, life: AbortSignal): HTMLElement {
  const problem = h("p", { class: "rw-problem", role: "status", hidden: true });
  const nothing = h("p", { class: "rw-empty" });
  const overview = h(
    "div",
    { class: "rw-overview" },
    metrics(model, life),
    h("div", { class: "rw-main" }, charts(model, mount, life), images(model, life), nothing),
    properties(model, life),
  );
  const pages = tabs([
    { name: "Overview", content: overview },
    { name: "Tables", content: tables(model, life) },
    { name: "Files", content: files(model, life) },
  ]);
  const el = h("div", { class: "rw-panel" }, problem, header(model, life), pages.el);

  watch(model, ["problem"], life, () => {
    write(problem, model.get("problem"));
    problem.hidden = !model.get("problem");
  });
  watch(model, ["tables", "files"], life, () => {
    pages.count("Tables", model.get("tables").length);
    pages.count("Files", model.get("files").length);
  });
  watch(model, ["metrics", "following"], life, () => {
    const following = model.get("following");
    nothing.hidden = model.get("metrics").length > 0;
    write(nothing, following ? "Nothing logged yet" : "Nothing was logged");
    set(el, "data-following", String(following));
  });
  return el;
}
