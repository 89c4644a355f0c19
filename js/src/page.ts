/** A page of runs: the portal's, or a file that somebody was sent. */

import "@lumino/widgets/style/widget.css";
import "../style/index.css";
import "../style/page.css";

import * as base from "@jupyter-widgets/base";
import { Widget } from "@lumino/widgets";

import { h, write } from "./dom.ts";
import { type ExperimentState, embeddedExperiment } from "./experiment/embedded.ts";
import { ServedExperiment } from "./experiment/served.ts";
import { showExperiment } from "./experiment/show.ts";
import type { Facts } from "./model.ts";
import { serveEmbedded } from "./run/embedded.ts";
import { type FollowedRun, looked, openRun, sleep } from "./run/follow.ts";
import { viewOf } from "./run/host.ts";
import { LocalManager } from "./run/local_manager.ts";
import { LocalRun, type RunState } from "./run/local_run.ts";
import { acceptModules, moduleOf, provide } from "./run/modules.ts";
import { ask, type LogNote, RunServer, reasonOf } from "./server.ts";
import { experiments, type Listed, NEWEST } from "./views/experiments.ts";
import { isSure, twice } from "./views/twice.ts";
import * as ours from "./widget.ts";

const RETRY_MS = 5000;

/** Between two looks at the list of experiments. */
const LIST_MS = 3000;

document.body.dataset.rwPage = "";
provide("@jupyter-widgets/base", base);
provide("run-widgets", ours);
acceptModules();

const manager = new LocalManager(async (module, name) => {
  const found = ((await moduleOf(module)) as Record<string, unknown>)[name];
  if (!found) throw new Error(`there is no ${name} in ${module}`);
  return found;
});

async function show(run: LocalRun, main: HTMLElement): Promise<void> {
  Widget.attach(await viewOf(run.model), main);
}

/** Of a file: the run as it was when the file was made. */
async function showEmbedded(text: string): Promise<void> {
  const { contents, log_times, ...state } = JSON.parse(text) as RunState & {
    contents: Record<string, string>;
    log_times: Record<string, LogNote[]>;
  };
  document.body.dataset.run = "embedded";
  const pictures = state.images.flatMap(({ path, data }) => (data ? [[path, data]] : []));
  serveEmbedded({ ...contents, ...Object.fromEntries(pictures) }, log_times);
  const main = h("main");
  document.body.append(main);
  await show(await LocalRun.make(manager, state, async () => null), main);
}

/** Of a file: an experiment's runs as they were when the file was made. */
async function showEmbeddedList(text: string): Promise<void> {
  const { model, live } = embeddedExperiment(JSON.parse(text) as ExperimentState);
  document.body.dataset.run = "embedded";
  const main = h("main");
  document.body.append(main);
  await showExperiment(main, model, live, life);
}

/** As long as the page. */
const life = new AbortController().signal;

const workspace = new URLSearchParams(location.search).get("workspace");

/** Do `what` until it can be done; say meanwhile why it cannot. */
async function persist(problem: HTMLElement, what: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await what();
    } catch (error) {
      write(problem, reasonOf(error));
      problem.hidden = false;
      await sleep(RETRY_MS, life);
    }
  }
}

/** The parts of a page of the server, whose addresses begin with what is before `mark`. */
function frame(mark: RegExp) {
  const [root = "/", rest = ""] = location.pathname.split(mark);
  document.body.dataset.baseUrl = root;
  const problem = h("p", { class: "rw-unreachable", role: "alert", hidden: true });
  const nav = h("nav");
  const main = h("main");
  document.body.append(nav, problem, main);
  return { root, name: decodeURIComponent(rest), problem, nav, main };
}

/** Of a server: every experiment. */
async function showHome(): Promise<void> {
  const { root, problem, main } = frame(/(?<=\/)run-widgets\//);
  main.classList.add("rw");
  document.title = "Experiments";
  const query = (folder: string) => `?${new URLSearchParams({ workspace: folder })}`;
  const view = experiments({
    experiment: (name, folder) => `./${encodeURIComponent(name)}${query(folder)}`,
    run: (id, folder) => `./runs/${encodeURIComponent(id)}${query(folder)}`,
  });
  const asked = new URLSearchParams({ newest: String(NEWEST) });
  if (workspace !== null) asked.set("workspace", workspace);
  let tag: string | null = null;
  await persist(problem, async () => {
    for (;;) {
      const headers: Record<string, string> = tag ? { "If-None-Match": tag } : {};
      const answer = await ask(`${root}run-widgets/api/runs?${asked}`, { headers });
      problem.hidden = true;
      if (answer.status !== 304) {
        view.draw((await answer.json()) as Listed);
        main.append(view.el);
        tag = answer.headers.get("ETag");
      }
      await sleep(LIST_MS, life);
      await looked(life);
    }
  });
}

/** Of a server: an experiment's runs as they are. */
async function showList(): Promise<void> {
  const { root, name, problem, nav, main } = frame(/(?<=\/)run-widgets\//);
  nav.append(crumbs(` › ${name}`), copyLink());
  document.title = name;
  await persist(problem, async () => {
    const served = await ServedExperiment.open(root, name, workspace);
    problem.hidden = true;
    await showExperiment(main, served.model, served.live, life);
    await served.follow(life);
  });
}

/** Of a server: the run as it is, followed while it goes on. */
async function showServed(): Promise<void> {
  const { root, name, problem, nav, main } = frame(/(?<=\/)run-widgets\/runs\//);
  const server = new RunServer(root, name, workspace);
  nav.append(crumbs(` › ${name}`)); // a run that is not there needs a way out, too
  await persist(problem, async () => {
    const run = await openRun(manager, server);
    problem.hidden = true;
    const facts: Facts = run.run.model.get("facts");
    nav.replaceChildren(crumbsOf(facts), refresh(run), copyLink(), resubmit(server));
    document.title = facts.title;
    await show(run.run, main);
    await run.follow(life);
  });
}

/** Brings what is new at once; the page does so by itself while its run goes on. */
function refresh(run: FollowedRun): HTMLElement {
  return h("button", { type: "button", onclick: () => void run.refresh() }, "Refresh");
}

/** The page's address, without anything that would sign somebody in. */
function copyLink(): HTMLElement {
  const button = h("button", { type: "button" }, "Copy link");
  button.addEventListener("click", async () => {
    const address = new URL(location.href);
    address.searchParams.delete("token");
    try {
      await navigator.clipboard.writeText(address.href);
      write(button, "Copied");
    } catch {
      // Pages without https have no clipboard: the browser's own dialog lets one copy.
      window.prompt("Link to this page", address.href);
    }
    setTimeout(() => write(button, "Copy link"), 1500);
  });
  return button;
}

/** Runs again what the run ran, where it is known how, and leads to the new run. */
function resubmit(server: RunServer): HTMLElement {
  const told = h("span", { class: "rw-unreachable", role: "status" });
  const button = h("button", { type: "button" });
  const el = h("span", { hidden: true }, told, button);
  const draw = () => {
    write(button, isSure(button) ? "Really run it again?" : "Resubmit");
    button.title = "Start what it ran once more, from its snapshot, as a new run";
  };
  twice(button, draw, async () => {
    button.disabled = true;
    try {
      location.assign((await server.resubmit()).page());
    } catch (error) {
      write(told, `${reasonOf(error)} `);
      button.disabled = false;
    }
  });
  draw();
  server.source().then(
    ({ can_repeat }) => {
      el.hidden = !can_repeat;
    },
    () => {}, // what it was started from is not to be had
  );
  return el;
}

/** What is around the page, and where it is in that. */
function crumbs(...below: (HTMLElement | string)[]): HTMLElement {
  return h(
    "span",
    { class: "rw-crumbs" },
    h("a", { href: pageAt("") }, "All experiments"),
    ...below,
  );
}

function crumbsOf({ experiment, number }: Facts): HTMLElement {
  const list = h("a", { href: pageAt(encodeURIComponent(experiment)) }, experiment);
  return crumbs(" › ", list, ` › run ${number}`);
}

/** The address of another page, of the same workspace. */
function pageAt(path: string): string {
  const query = workspace === null ? "" : `?${new URLSearchParams({ workspace })}`;
  return `${document.body.dataset.baseUrl}run-widgets/${path}${query}`;
}

function begin(): Promise<void> {
  const run = document.getElementById("rw-run")?.textContent;
  if (run) return showEmbedded(run);
  const list = document.getElementById("rw-experiment")?.textContent;
  if (list) return showEmbeddedList(list);
  if (location.pathname.includes("/run-widgets/runs/")) return showServed();
  return location.pathname.endsWith("/run-widgets/") ? showHome() : showList();
}

void begin();
