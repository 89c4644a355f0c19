/** One run: its facts, metrics and files, followed while it goes on. */

import { bytes, elapsed, follow, h, isFinal, say, status, time, withWorkspace } from "./dom.js";

const id = decodeURIComponent(location.pathname.split("/").pop());
const PREVIEW_BYTES = 65_536;
const PICTURE = /\.(png|jpe?g|gif|webp|bmp|svg)$/i;

const problem = h("p", { class: "rw-problem", role: "alert", hidden: true });
const warning = h("p", { class: "rw-problem", hidden: true });
const title = h("h1");
const facts = h("dl", { class: "rw-facts" });
const failure = h("section", { class: "rw-failure", hidden: true });
const metrics = h("section");
const labels = h("section");
const files = h("section");
const preview = h("section", { class: "rw-preview", hidden: true });

document.body.append(
  h(
    "header",
    {},
    h("nav", {}, h("a", { href: withWorkspace("../") }, "All runs")),
    title,
    facts,
    problem,
    warning,
    failure,
  ),
  h("main", {}, h("div", {}, metrics, labels), h("div", {}, files, preview)),
);

function draw(state) {
  const run = state.facts;
  document.title = `${run.experiment}, run ${run.number}`;
  const experiment = withWorkspace(`../${encodeURIComponent(run.experiment)}`);
  title.replaceChildren(
    h("a", { href: experiment }, run.experiment),
    h("span", {}, `run ${run.number}`),
    status(run.status),
  );
  drawFacts(run);
  drawFailure(run.error);
  drawMetrics(state.metrics);
  labels.replaceChildren(...table("Tags", run.tags), ...table("Properties", run.properties));
  drawFiles(state.files);
  say(warning, state.problem);
}

function drawFacts(run) {
  const parent = run.parent && h("a", { href: address("", run.parent) }, run.parent);
  const rows = {
    Name: run.display_name,
    Description: run.description,
    Started: time(run.started_at),
    Duration: elapsed(run),
    "Run id": h("code", {}, run.run_id),
    Script: run.script,
    Arguments: run.arguments.join(" "),
    Parent: parent,
    "Waits for": run.waiting_for,
  };
  facts.replaceChildren(
    ...Object.entries(rows)
      .filter(([, value]) => value)
      .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

function drawFailure(error) {
  failure.hidden = !error;
  if (!error) return;
  failure.replaceChildren(
    h("h2", {}, error.message || error.code),
    error.traceback
      ? h("details", {}, h("summary", {}, "Traceback"), h("pre", {}, error.traceback))
      : "",
  );
}

function drawMetrics(list) {
  const rows = list.map(({ name, text }) => h("tr", {}, h("th", {}, name), h("td", {}, text)));
  metrics.replaceChildren(
    h("h2", {}, "Metrics"),
    rows.length
      ? h("table", { class: "rw-pairs" }, h("tbody", {}, ...rows))
      : h("p", {}, "Nothing logged yet."),
  );
}

function table(heading, pairs) {
  const rows = Object.entries(pairs).map(([name, value]) =>
    h("tr", {}, h("th", {}, name), h("td", {}, value)),
  );
  return rows.length
    ? [h("h2", {}, heading), h("table", { class: "rw-pairs" }, h("tbody", {}, ...rows))]
    : [];
}

function drawFiles(list) {
  const rows = list.map((file) =>
    h(
      "tr",
      {},
      h("th", {}, h("button", { onclick: () => show(file.path) }, file.path)),
      h("td", { class: "rw-number" }, bytes(file.bytes)),
      h("td", {}, time(file.modified_at)),
      h("td", {}, h("a", { href: fileAddress(file.path, true), download: true }, "Download")),
    ),
  );
  files.replaceChildren(
    h("h2", {}, "Files"),
    rows.length
      ? h("table", { class: "rw-files" }, h("tbody", {}, ...rows))
      : h("p", {}, "No files yet."),
  );
}

/** Show a file below the list: a picture as itself, anything else as the end of its text. */
async function show(path) {
  const heading = h("h2", {}, path);
  preview.hidden = false;
  if (PICTURE.test(path)) {
    preview.replaceChildren(heading, h("img", { src: fileAddress(path), alt: path }));
  } else {
    preview.replaceChildren(heading, await text(path));
  }
  preview.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

async function text(path) {
  const answer = await fetch(fileAddress(path), { headers: { Range: `bytes=-${PREVIEW_BYTES}` } });
  if (answer.status === 416) return h("p", {}, "The file is empty.");
  if (!answer.ok) return h("p", {}, `It cannot be read: ${answer.statusText}.`);
  const content = await answer.text();
  if (content.includes("\0")) return h("p", {}, "The file is not text; it can be downloaded.");
  const whole = Number(answer.headers.get("Content-Range")?.split("/")[1] ?? 0);
  const cut =
    whole > PREVIEW_BYTES && h("p", {}, `The last ${bytes(PREVIEW_BYTES)} of ${bytes(whole)}.`);
  return h("div", {}, cut, h("pre", {}, content));
}

function fileAddress(path, download = false) {
  const name = path.split("/").map(encodeURIComponent).join("/");
  const base = withWorkspace(`../files/${encodeURIComponent(id)}/${name}`);
  return download ? `${base}${base.includes("?") ? "&" : "?"}download=1` : base;
}

function address(folder, runId) {
  return withWorkspace(`${folder}${encodeURIComponent(runId)}`);
}

const goesOn = (state) => !isFinal(state.facts.status);
follow(address("../api/runs/", id), goesOn, draw, (why) => say(problem, why));
