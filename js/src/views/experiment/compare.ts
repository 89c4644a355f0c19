import { h, write } from "../../dom.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { ComparisonKind } from "../../experiment/view_state.ts";
import { count } from "../../format.ts";
import { curvesView } from "./curves_view.ts";
import { differencesView } from "./differences_view.ts";
import { segments } from "./fields.ts";
import { parallelView } from "./parallel_view.ts";
import type { OpenRun } from "./points.ts";
import { scatterView } from "./scatter_view.ts";

/** Runs compared where nobody has chosen any: the first that the table shows. */
const UNCHOSEN = 20;

const KINDS: [ComparisonKind, string][] = [
  ["curves", "Curves"],
  ["differences", "Differences"],
  ["scatter", "Scatter"],
  ["parallel", "Parallel coordinates"],
];

/** The chosen runs compared, in one of four ways. */
export function compare(
  { table, view, curves, packages, askPackages, code }: Experiment,
  open: OpenRun,
  life: AbortSignal,
): { el: HTMLElement; draw(rows: Uint32Array): void } {
  const kinds = segments("Compare", KINDS, (comparison) => view.set({ comparison }));
  const about = h("span", { class: "rw-note", role: "status" });
  const none = h(
    "button",
    { type: "button", class: "rw-button", onclick: () => view.choose([...view.chosen], false) },
    "Choose none",
  );
  const body = h("div");
  const el = h(
    "section",
    { class: "rw-compare", "aria-label": "Comparison" },
    h("header", { class: "rw-bar" }, kinds.el, none, about),
    body,
  );
  const views = new Map<ComparisonKind, { el: HTMLElement; draw(rows: Uint32Array): void }>();

  const make = {
    curves: () => curvesView(table, view, curves, life),
    differences: () => differencesView(table, view, packages, askPackages, code),
    scatter: () => scatterView(table, view, open, life),
    parallel: () => parallelView(table, view, open, life),
  };

  function draw(rows: Uint32Array): void {
    const kind = view.state.comparison;
    const ids = [...view.chosen].flatMap((id) => table.rowOf(id) ?? []);
    const chosen = Uint32Array.from(ids);
    kinds.show(kind);
    none.hidden = chosen.length === 0;
    // Dots and lines across axes tell something of all runs, the chosen ones among them.
    const isOfAll = kind === "scatter" || kind === "parallel";
    const compared = isOfAll ? rows : chosen.length > 0 ? chosen : rows.slice(0, UNCHOSEN);
    write(about, told(isOfAll, compared.length, chosen.length));
    const shown = views.get(kind) ?? make[kind]();
    views.set(kind, shown);
    if (body.firstElementChild !== shown.el) body.replaceChildren(shown.el);
    shown.draw(compared);
  }

  return { el, draw };
}

function told(isOfAll: boolean, compared: number, chosen: number): string {
  const runs = (n: number) => `${count(n)} ${n === 1 ? "run" : "runs"}`;
  if (isOfAll) {
    const some = chosen > 0 ? `, ${count(chosen)} of them chosen` : "";
    return `${runs(compared)} of the table${some} · click to choose, double-click to open`;
  }
  if (chosen > 0) return `${runs(chosen)} chosen`;
  return compared === 0
    ? ""
    : `The first ${runs(compared)} of the table: tick runs there to choose others`;
}
