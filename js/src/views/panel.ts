import { h, set, write } from "../dom.ts";
import { count } from "../format.ts";
import { isLog } from "../logs/log_window.ts";
import { type Model, type RunModel, watch } from "../model.ts";
import { pastOf } from "../run/past.ts";
import type { Mount } from "./chart.ts";
import { charts } from "./charts.ts";
import { children, type Open } from "./children.ts";
import { details } from "./details.ts";
import { documents } from "./documents.ts";
import { files } from "./files.ts";
import { header } from "./header.ts";
import { images } from "./images.ts";
import { logs } from "./logs.ts";
import { metrics, properties } from "./metrics.ts";
import { playback } from "./playback.ts";
import { replay } from "./replay.ts";
import { snapshot } from "./snapshot.ts";
import { tables } from "./tables.ts";
import { tabs } from "./tabs.ts";

/**
 * All of a run: what it is on top, what it measured below, the rest one tab away.
 *
 * @param open shows another run within this one's panel, where that can be
 */
export function panel(
  run: Model<RunModel>,
  mount: Mount,
  life: AbortSignal,
  open?: Open,
): HTMLElement {
  // All but the bar that chooses the moment shows the run as it was then.
  const model = pastOf(run);
  const past = playback(model, life);
  const problem = h("p", { class: "rw-problem", role: "status", hidden: true });
  const nothing = h("p", { class: "rw-empty" });
  const below = h("button", {
    type: "button",
    class: "rw-more",
    onclick: () => pages.choose("Children"),
  });
  const overview = h(
    "div",
    { class: "rw-overview" },
    metrics(model, life),
    h(
      "div",
      { class: "rw-main" },
      charts(model, mount, life),
      documents(model, life),
      images(model, life),
      nothing,
      below,
    ),
    properties(model, life),
  );
  const pages = tabs([
    { name: "Overview", content: overview },
    { name: "Tables", content: tables(model, life) },
    { name: "Outputs", content: files(model, life) },
    { name: "Logs", content: logs(model, life) },
    { name: "Children", content: children(model, open, life) },
    { name: "Snapshot", content: snapshot(model, life) },
    { name: "Details", content: details(model, life) },
  ]);
  const el = h(
    "div",
    { class: "rw-panel" },
    problem,
    // Above what the moment changes, or it would move away beneath the pointer.
    past.bar,
    header(model, life, past.button),
    replay(model, life),
    pages.el,
  );

  watch(model, ["problem"], life, () => {
    write(problem, model.get("problem"));
    problem.hidden = !model.get("problem");
  });
  watch(model, ["tables", "files", "facts"], life, () => {
    const [files, { file_count, child_count }] = [model.get("files"), model.get("facts")];
    pages.count("Tables", model.get("tables").length);
    pages.count("Outputs", Math.max(files.length, file_count));
    pages.count("Logs", files.filter(isLog).length);
    pages.count("Children", child_count);
  });
  watch(model, ["metrics", "following", "facts"], life, () => {
    const following = model.get("following");
    const { child_count } = model.get("facts");
    nothing.hidden = model.get("metrics").length > 0;
    below.hidden = nothing.hidden || child_count === 0;
    write(below, `See its ${count(child_count)} child ${child_count === 1 ? "run" : "runs"}`);
    write(nothing, following ? "No metrics yet" : "No metrics were logged");
    set(el, "data-following", String(following));
  });
  return el;
}
