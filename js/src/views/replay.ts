import { h, list, runLink, set, write } from "../dom.ts";
import { number } from "../format.ts";
import { type Model, type Original, type RunModel, type Verdict, watch } from "../model.ts";
import { serverOf } from "../server.ts";

/** The sign of each verdict; a word of Python's that is not here has none. */
export const SIGNS: Record<string, string> = {
  bitwise: "=",
  "within tolerance": "≈",
  different: "≠",
  missing: "–",
  new: "+",
  "not yet": "…",
};

/** Of a run that does another one again: which, and metric by metric whether it came to the same. */
export function replay(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const original = h("span", { class: "rw-replay-of" });
  const headline = h("span", { class: "rw-replay-headline" });
  const note = h("p", { class: "rw-note" });
  const body = h("tbody");
  const head = ["Metric", "Verdict", "First", "Again"].map((name) =>
    h("th", { scope: "col" }, name),
  );
  const table = h(
    "div",
    { class: "rw-scroll", tabindex: 0, role: "region", "aria-label": "Verdicts" },
    h("table", {}, h("thead", {}, h("tr", {}, ...head)), body),
  );
  const more = h("details", {}, h("summary", {}, "Metric by metric"), table);
  const el = h(
    "section",
    { class: "rw-replay", "aria-label": "Replay", hidden: true },
    h("p", { role: "status" }, original, headline),
    note,
    more,
  );
  let shown = "";
  watch(model, ["original", "facts"], life, () => {
    const known = model.get("original");
    el.hidden = !known;
    if (!known) return;
    set(el, "data-outcome", known.outcome);
    const href = serverOf(model.get("facts"))?.other(known.run_id)?.page();
    const name = known.title || known.run_id;
    if (shown !== `${name} ${href}`) {
      shown = `${name} ${href}`;
      const link = href ? h("a", { ...runLink(), href }, name) : h("b", {}, name);
      original.replaceChildren("Replay of ", link, " · ");
    }
    write(headline, sentence(known));
    write(note, known.note);
    note.hidden = !known.note;
    more.hidden = known.metrics.length === 0;
    list(
      body,
      known.metrics,
      (metric) => metric.name,
      (metric) => h("tr", {}, h("th", { scope: "row" }, metric.name), h("td"), h("td"), h("td")),
      drawVerdict,
    );
  });
  return el;
}

function sentence({ headline, outcome }: Original): string {
  if (outcome === "gone") return "which is no longer there";
  return headline;
}

function drawVerdict(row: HTMLElement, metric: Verdict): void {
  const [, verdict, before, after] = row.children as unknown as HTMLElement[];
  if (!verdict || !before || !after) return;
  set(row, "data-verdict", metric.verdict);
  const by = metric.largest ? `, by ${number(metric.largest)} at the most` : "";
  write(verdict, `${SIGNS[metric.verdict] ?? ""} ${metric.verdict}${by}`);
  for (const [cell, text] of [
    [before, metric.before],
    [after, metric.after],
  ] as const) {
    write(cell, text);
    set(cell, "title", text);
  }
}
