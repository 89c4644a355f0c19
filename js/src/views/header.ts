import { every, h, link, list, runLink, set, write } from "../dom.ts";
import { ago, count, duration, iso, time, took, words } from "../format.ts";
import { age_s, type Facts, isFinal, type Model, type RunModel, watch } from "../model.ts";
import { baseUrl, serverOf } from "../server.ts";
import { copyButton } from "./buttons.ts";
import { keepButton } from "./keep.ts";
import { progress } from "./progress.ts";
import { stopButton } from "./stop.ts";

/** What the run is, how it does, since when, and why it failed. */
export function header(
  model: Model<RunModel>,
  life: AbortSignal,
  ...buttons: HTMLElement[]
): HTMLElement {
  const status = h("span", { class: "rw-status" });
  const title = h("h3", { class: "rw-title" }, h("span"), h("small"));
  const portal = h("span", { class: "rw-portal" });
  const facts = h("dl", { class: "rw-facts" });
  const chips = h("ul", { class: "rw-chips", "aria-label": "Tags" });
  const about = h("p", { class: "rw-about" });
  const failure = error();
  const steps = progress();
  const stop = stopButton();
  const keep = keepButton();
  const actions = h("div", { class: "rw-actions" }, ...buttons, stop.el, keep.el, portal);
  const el = h(
    "div",
    { class: "rw-header" },
    h("div", { class: "rw-headline" }, status, title, actions),
    about,
    failure.el,
    steps.el,
    facts,
    chips,
  );

  let shownPath: string | null = null;
  watch(model, ["facts"], life, () => {
    const run = model.get("facts");
    age_s(run); // counts from now on
    write(status, words(run.status));
    set(status, "data-status", run.status.toLowerCase());
    write(title.children[0] as Element, run.display_name || run.title);
    write(title.children[1] as Element, run.display_name ? ` ${run.title}` : "");
    const remarks = remarksOf(run);
    about.hidden = remarks.length === 0;
    write(about, remarks.join(" · "));
    steps.draw(run);
    stop.draw(run);
    keep.draw(serverOf(run)?.exported() ?? null, pythonOf(run));
    failure.draw(run.error);
    drawFacts(facts, run);
    list(
      chips,
      Object.entries(run.tags),
      ([name]) => name,
      () => h("li", { class: "rw-chip" }, h("span"), h("b")),
      (chip, [name, value]) => {
        write(chip.children[0] as Element, name);
        write(chip.children[1] as Element, value ?? "");
      },
    );
    chips.hidden = chips.childElementCount === 0;
    const path = `${run.portal_path} ${run.portal_url}`;
    if (path !== shownPath) {
      shownPath = path;
      portal.replaceChildren(...(portalLink(run) ?? []));
    }
  });
  every(1, life, () => {
    const run = model.get("facts");
    if (isFinal(run)) return;
    drawFacts(facts, run);
    steps.draw(run);
  });
  return el;
}

/** What writes the run into a file, in a cell. */
function pythonOf(run: Facts): string {
  const [experiment, id] = [run.experiment, run.run_id].map((text) => JSON.stringify(text));
  return `Run(Experiment(name=${experiment}), ${id}).to_html("run-${run.number}.html")`;
}

/** What is to be said of how the run goes on, besides its status. */
function remarksOf(run: Facts): string[] {
  const remarks: string[] = [];
  if (run.waiting_for) remarks.push(`Waiting: ${run.waiting_for}`);
  if (run.interrupted && !isFinal(run)) remarks.push(`The last cell ended with ${run.interrupted}`);
  if (run.description) remarks.push(run.description);
  return remarks;
}

type Fact = {
  name: string;
  text: string;
  at?: number;
  code?: boolean;
  copy?: boolean;
  /** Where a click leads. */
  href?: string | undefined;
};

function drawFacts(parent: HTMLElement, run: Facts): void {
  list(
    parent,
    [...factsOf(run)],
    (fact) => `${fact.name} ${fact.href ?? ""}`,
    (fact) => {
      const value = fact.href
        ? h("a", { ...runLink(), href: fact.href }, fact.text)
        : fact.code
          ? h("code")
          : h(fact.at === undefined ? "span" : "time");
      const dd = h(
        "dd",
        {},
        value,
        fact.copy && copyButton(fact.name, () => value.textContent ?? ""),
      );
      return h("div", {}, h("dt", {}, fact.name), dd);
    },
    (row, fact) => {
      const value = row.querySelector("dd")?.firstElementChild;
      if (!value) return;
      write(value, fact.text);
      if (fact.code) set(value, "title", fact.text);
      if (fact.at !== undefined) set(value, "datetime", iso(fact.at));
    },
  );
}

function* factsOf(run: Facts): Generator<Fact> {
  const ticking = isFinal(run) ? 0 : age_s(run);
  const began = run.started_at ?? run.created_at;
  if (began !== null) {
    yield { name: run.started_at === null ? "Created" : "Started", text: time(began), at: began };
  }
  if (run.elapsed_s !== null) {
    const text = isFinal(run) ? took(run.elapsed_s) : duration(run.elapsed_s + ticking);
    yield { name: "Duration", text };
  }
  if (run.last_value_at !== null && !isFinal(run)) {
    // By the kernel's clock up to the sending, by ours since.
    const sent = run.started_at === null ? null : run.started_at + (run.elapsed_s ?? 0);
    const age = sent === null ? ticking : Math.max(0, sent - run.last_value_at) + ticking;
    yield { name: "Last value", text: ago(age) };
  }
  if (run.points > 0) yield { name: "Values", text: count(run.points) };
  if (run.file_count > 0) yield { name: "Outputs", text: count(run.file_count) };
  yield { name: "Run id", text: run.run_id, code: true, copy: true };
  if (run.parent) {
    const href = serverOf(run)?.other(run.parent)?.page();
    yield { name: "Parent", text: run.parent, code: true, href };
  }
  const command = [run.script, ...run.arguments].filter(Boolean).join(" ");
  if (command) {
    yield { name: run.script ? "Command" : "Arguments", text: command, code: true };
  }
}

/** The message on top, its traceback one click away; keeps what the reader opened open. */
function error(): { el: HTMLElement; draw(error: Facts["error"]): void } {
  const message = h("p", { class: "rw-error-message" });
  const traceback = h("pre", { tabindex: 0 });
  const details = h("details", {}, h("summary", {}, "Traceback"), traceback);
  const el = h("div", { class: "rw-error", role: "alert", hidden: true }, message, details);
  return {
    el,
    draw(error) {
      el.hidden = error === null;
      if (!error) return;
      const named = error.type && !error.message.includes(error.type);
      write(message, named ? `${error.type}: ${error.message}` : error.message);
      write(traceback, error.traceback);
      details.hidden = !error.traceback;
    },
  };
}

/** By way of the server behind this page, else of the portal that the kernel knows of. */
function portalLink(run: Facts): HTMLElement[] | null {
  const base = run.portal_path ? baseUrl() : null;
  const address = base !== null ? `${base}${run.portal_path}` : run.portal_url;
  return address ? [link(address, "Open run page", { class: "rw-button" })] : null;
}
