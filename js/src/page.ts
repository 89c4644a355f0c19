/** A page that is one run: the portal's, or a file that somebody was sent. */

import "@lumino/widgets/style/widget.css";
import "../style/index.css";
import "../style/page.css";

import * as base from "@jupyter-widgets/base";
import { Widget } from "@lumino/widgets";

import { h, write } from "./dom.ts";
import { serveEmbedded } from "./embedded.ts";
import { ServedExperiment } from "./experiment/served.ts";
import { showExperiment } from "./experiment/show.ts";
import { openRun, sleep } from "./follow.ts";
import { viewOf } from "./host.ts";
import { LocalManager } from "./local_manager.ts";
import { LocalRun, type RunState } from "./local_run.ts";
import type { Facts } from "./model.ts";
import { acceptModules, moduleOf, provide } from "./modules.ts";
import { RunServer, reasonOf } from "./server.ts";
import * as ours from "./widget.ts";

const RETRY_MS = 5000;

document.body.dataset.rwPage = "";
provide("@jupyter-widgets/base", base);
provide("run-widgets", ours);
acceptModules();

const manager = new LocalManager(async (module, name) => {
  const found = ((await moduleOf(module)) as Record<string, unknown>)[name];
  if (!found) throw new Error(`there is no ${name} in ${module}`);
  return found;
});

async function show(run: LocalRun): Promise<void> {
  const main = h("main");
  document.body.append(main);
  Widget.attach(await viewOf(run.model), main);
}

/** Of a file: the run as it was when the file was made. */
async function showEmbedded(text: string): Promise<void> {
  const { contents, ...state } = JSON.parse(text) as RunState & {
    contents: Record<string, string>;
  };
  document.body.dataset.run = "embedded";
  const pictures = state.images.flatMap(({ path, data }) => (data ? [[path, data]] : []));
  serveEmbedded({ ...contents, ...Object.fromEntries(pictures) });
  await show(await LocalRun.make(manager, state, async () => null));
}

/** Of a server: an experiment's runs as they are. */
async function showList(): Promise<void> {
  const [root = "/", name = ""] = location.pathname.split(/(?<=\/)run-widgets\//);
  document.body.dataset.baseUrl = root;
  const workspace = new URLSearchParams(location.search).get("workspace");
  const problem = h("p", { class: "rw-unreachable", role: "alert", hidden: true });
  const main = h("main");
  const nav = h("nav", {}, h("a", { href: `./${location.search}` }, "All experiments"));
  document.body.append(nav, problem, main);
  document.title = decodeURIComponent(name);
  const life = new AbortController().signal; // as long as the page
  for (;;) {
    try {
      const served = await ServedExperiment.open(root, decodeURIComponent(name), workspace);
      problem.hidden = true;
      await showExperiment(main, served.model, served.live, life);
      return await served.follow(life);
    } catch (error) {
      write(problem, reasonOf(error));
      problem.hidden = false;
      await sleep(RETRY_MS, life);
    }
  }
}

/** Of a server: the run as it is, followed while it goes on. */
async function showServed(): Promise<void> {
  const [root = "/", rest = ""] = location.pathname.split(/(?<=\/)run-widgets\/runs\//);
  document.body.dataset.baseUrl = root;
  const workspace = new URLSearchParams(location.search).get("workspace");
  const server = new RunServer(root, decodeURIComponent(rest), workspace);
  const problem = h("p", { class: "rw-unreachable", role: "alert", hidden: true });
  const nav = h("nav");
  document.body.append(nav, problem);
  const life = new AbortController().signal; // as long as the page
  for (;;) {
    try {
      const run = await openRun(manager, server);
      problem.hidden = true;
      nav.append(...crumbs(run.run.model.get("facts"), workspace), keep(server));
      document.title = run.run.model.get("facts").title;
      await show(run.run);
      await run.follow(life);
      return;
    } catch (error) {
      write(problem, reasonOf(error));
      problem.hidden = false;
      await sleep(RETRY_MS, life);
    }
  }
}

/** To keep the run as a file, or to send it. */
function keep(server: RunServer): HTMLElement {
  return h("a", { class: "rw-keep-page", href: server.exported(), download: true }, "Export");
}

/** Where the run is one of several. */
function crumbs(facts: Facts, workspace: string | null): (HTMLElement | string)[] {
  const query = workspace === null ? "" : `?workspace=${encodeURIComponent(workspace)}`;
  const experiment = encodeURIComponent(facts.experiment);
  return [
    h("a", { href: `../${query}` }, "All experiments"),
    " › ",
    h("a", { href: `../${experiment}${query}` }, facts.experiment),
    ` › run ${facts.number}`,
  ];
}

const embedded = document.getElementById("rw-run")?.textContent;
const isRun = location.pathname.includes("/run-widgets/runs/");
void (embedded ? showEmbedded(embedded) : isRun ? showServed() : showList());
