/** The experiments and their runs, newest first. */

import { elapsed, follow, h, say, status, time, withWorkspace } from "./dom.js";

const experiment = decodeURIComponent(location.pathname.split("/").pop());

const problem = h("p", { class: "rw-problem", role: "alert", hidden: true });
const places = h("main", { class: "rw-list" });
const back = experiment && h("nav", {}, h("a", { href: withWorkspace("./") }, "All runs"));

document.title = experiment || "Runs";
document.body.append(
  h("header", {}, back || null, h("h1", {}, experiment || "Runs"), problem),
  places,
);

function draw({ workspaces }) {
  places.replaceChildren(
    ...workspaces.flatMap(({ folder, experiments }) =>
      [
        h("p", { class: "rw-folder" }, folder),
        ...experiments.map((experiment) => section(experiment, folder)),
        experiments.length ? null : h("p", {}, "No runs yet."),
      ].filter(Boolean),
    ),
  );
}

function section({ name, runs, more }, folder) {
  const rows = runs.map((run) =>
    h(
      "tr",
      {},
      h(
        "td",
        {},
        h(
          "a",
          { href: withWorkspace(`runs/${encodeURIComponent(run.run_id)}`, folder) },
          `Run ${run.number}`,
        ),
      ),
      h("td", {}, status(run.status)),
      h("td", {}, run.display_name),
      h("td", {}, time(run.started_at)),
      h("td", {}, elapsed(run)),
    ),
  );
  return h(
    "section",
    {},
    h("h2", {}, h("a", { href: withWorkspace(encodeURIComponent(name), folder) }, name)),
    h("table", {}, h("tbody", {}, ...rows)),
    more && h("p", {}, `The newest ${runs.length}.`),
  );
}

const list = withWorkspace("api/runs");
follow(
  experiment
    ? `${list}${list.includes("?") ? "&" : "?"}experiment=${encodeURIComponent(experiment)}`
    : list,
  () => true,
  draw,
  (why) => say(problem, why),
);
