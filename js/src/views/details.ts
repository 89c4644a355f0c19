import { h, link, list, set, write } from "../dom.ts";
import { count, dateTime, words } from "../format.ts";
import { type Facts, isFinal, type Model, type RunModel, watch } from "../model.ts";
import type { Source } from "../server.ts";
import { copyButton } from "./buttons.ts";
import { whenSourced } from "./source.ts";

/** Packages that are listed before somebody asks for all. */
const FEW_PACKAGES = 12;

/** How properties begin that this package, and not a person, has set. */
const OWN = /^(?:azureml\.|mlflow\.|run_widgets\.|ContentSnapshotId$)/;

/** A property that a person has set. */
export function isPersons(name: string): boolean {
  return !OWN.test(name);
}

/** All that is known of what was run, where, by whom and from what. */
export function details(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const run = pairs("Run");
  const code = pairs("Code");
  const tags = pairs("Tags");
  const properties = pairs("Properties");
  const environment = environmentOf();
  const problem = h("p", { class: "rw-empty", role: "status", hidden: true });
  const el = h(
    "div",
    { class: "rw-details" },
    ...[run, code, environment, tags, properties].map(({ el }) => el),
    problem,
  );

  watch(model, ["facts"], life, () => {
    const facts = model.get("facts");
    run.draw(runFacts(facts));
    code.draw(codeFacts(facts));
    tags.draw(Object.entries(facts.tags));
    properties.draw(Object.entries(facts.properties).filter(([name]) => !(name in GIT)));
  });
  whenSourced(
    el,
    model,
    life,
    (known) => {
      problem.hidden = true;
      environment.draw(known?.environment ?? null);
    },
    (reason) => {
      problem.hidden = false;
      write(problem, reason);
    },
  );
  return el;
}

type Pair = [name: string, value: string | null];

function runFacts(facts: Facts): Pair[] {
  const when = (at: number | null) => (at === null ? "" : dateTime(at));
  return [
    ["Name", facts.display_name],
    ["Experiment", facts.experiment],
    ["Number", String(facts.number)],
    ["Run id", facts.run_id],
    ["Status", words(facts.status)],
    ["Type", facts.type ?? ""],
    ["Ran on", facts.target],
    ["By", facts.created_by],
    ["Created", when(facts.created_at)],
    ["Started", when(facts.started_at)],
    ["Ended", isFinal(facts) ? when(facts.ended_at) : ""],
    ["Script", facts.script],
    ["Arguments", facts.arguments.join(" ")],
    ["Parent", facts.parent ?? ""],
  ].filter(([, value]) => value !== "") as Pair[];
}

/** Properties that say where the code is from, in words; each is set under two names. */
const GIT: Record<string, string> = {
  "azureml.git.repository_uri": "Repository",
  "azureml.git.branch": "Branch",
  "azureml.git.commit": "Commit",
  "azureml.git.dirty": "Uncommitted changes",
  "azureml.git.build_id": "Build",
  "azureml.git.build_uri": "Build page",
  "mlflow.source.git.repoURL": "",
  "mlflow.source.git.branch": "",
  "mlflow.source.git.commit": "",
  ContentSnapshotId: "Snapshot",
  "run_widgets.no_snapshot": "No snapshot",
  "run_widgets.started_in": "Started in run",
  "run_widgets.replay_of": "Replay of run",
};

function codeFacts({ properties }: Facts): Pair[] {
  return Object.entries(GIT).flatMap(([key, name]): Pair[] => {
    const value = properties[key];
    if (!name || !value) return [];
    return [[name, key.endsWith("dirty") ? (value === "True" ? "yes" : "none") : value]];
  });
}

/** Names and values, each of which can be copied; not there while there are none. */
function pairs(heading: string): { el: HTMLElement; draw(pairs: Pair[]): void } {
  const rows = h("dl");
  const el = h("section", { class: "rw-card", "aria-label": heading }, h("h4", {}, heading), rows);
  return {
    el,
    draw(pairs) {
      el.hidden = pairs.length === 0;
      list(
        rows,
        pairs,
        ([name]) => name,
        ([name]) => {
          const value = h("span");
          const copy = copyButton(name, () => value.textContent ?? "");
          return h("div", {}, h("dt", { title: name }, name), h("dd", {}, value, copy));
        },
        (row, [, value]) => {
          const shown = row.querySelector("dd > span") as HTMLElement;
          const text = value ?? "";
          if (shown.textContent === text) return;
          shown.replaceChildren(/^https?:\/\//i.test(text) ? link(text, text) : text);
        },
      );
    },
  };
}

/** Python, the machine and the installed packages. */
function environmentOf(): { el: HTMLElement; draw(known: Source["environment"]): void } {
  const facts = pairs("Environment");
  const packages = h("ul", { class: "rw-packages" });
  const all = h("button", { type: "button", class: "rw-more" });
  const wanted = h("input", {
    type: "search",
    class: "rw-input",
    placeholder: "Filter packages",
    "aria-label": "Filter packages",
    oninput: () => sift(),
  });
  let isShort = true;

  /** Show the first packages, or all, or those that are looked for. */
  function sift(): void {
    const text = wanted.value.trim().toLowerCase();
    // As high as before, or the cards would be dealt out anew, and the field with them.
    packages.style.minHeight = text && (packages.style.minHeight || `${packages.offsetHeight}px`);
    [...packages.children].forEach((item, i) => {
      const fits = item.textContent?.toLowerCase().includes(text);
      set(item, "hidden", text ? !fits : isShort && i >= FEW_PACKAGES);
    });
    all.hidden = !isShort || packages.childElementCount <= FEW_PACKAGES;
    all.style.visibility = text ? "hidden" : "";
  }

  const text = () => [...packages.children].map((item) => item.textContent).join("\n");
  const head = h("h5", {}, "Packages", copyButton("packages", text), wanted);
  facts.el.append(head, packages, all);
  facts.el.hidden = true;
  return {
    el: facts.el,
    draw(known) {
      if (!known) return;
      const names: Record<string, string> = {
        python: "Python",
        implementation: "Implementation",
        platform: "Platform",
      };
      facts.draw(Object.entries(known.facts).map(([name, value]) => [names[name] ?? name, value]));
      facts.el.hidden = false;
      const found = Object.entries(known.packages);
      head.hidden = found.length === 0;
      packages.replaceChildren(
        ...found.map(([name, version]) => h("li", {}, `${name}==${version}`)),
      );
      wanted.hidden = found.length <= FEW_PACKAGES;
      sift();
      write(all, `Show all ${count(found.length)}`);
      all.onclick = () => {
        isShort = false;
        sift();
      };
    },
  };
}
