/** A run, and an experiment's list, as tabs of the main area. */

import { Panel, Widget } from "@lumino/widgets";

import { h, write } from "../dom.ts";
import type { Facts } from "../model.ts";
import { RunServer, reasonOf } from "../server.ts";
import { experimentIcon, runsIcon } from "./icons.ts";

const RETRY_MS = 5000;

/** Where a run is: what a tab is opened with, and restored with after a reload. */
export type RunPlace = { workspace: string; run_id: string };
export type ExperimentPlace = { workspace: string; experiment: string };

/** What both tabs are: something at a place, which the server is asked for until it is there. */
abstract class Tab<Place extends { workspace: string }> extends Panel {
  readonly #life = new AbortController();
  readonly #problem = h("p", { class: "rw-problem", role: "alert", hidden: true });

  /**
   * @param root where the server's addresses begin
   * @param openRun opens a run that somebody has clicked on, of the same workspace
   */
  constructor(
    protected readonly root: string,
    readonly place: Place,
    openRun: (runId: string) => void,
  ) {
    super();
    this.addClass("rw-lab-tab");
    this.title.closable = true;
    this.node.tabIndex = -1;
    this.node.append(this.#problem);
    // A link to a run opens it here, as JupyterLab opens files; with a key held, where it says.
    this.node.addEventListener(
      "click",
      (event) => {
        const runId = runOfLink(event);
        if (runId === null) return;
        event.preventDefault();
        event.stopPropagation();
        openRun(runId);
      },
      { capture: true },
    );
    void this.#begin();
  }

  override dispose(): void {
    this.#life.abort();
    super.dispose();
  }

  protected override onActivateRequest(): void {
    this.node.focus();
  }

  /** Show what there is, until the tab is closed; reject where it is not to be had. */
  protected abstract showUntil(life: AbortSignal): Promise<void>;

  async #begin(): Promise<void> {
    const life = this.#life.signal;
    const { sleep } = await import("../run/host.ts");
    while (!life.aborted) {
      try {
        await this.showUntil(life);
        return;
      } catch (error) {
        if (life.aborted) return;
        this.say(reasonOf(error));
        await sleep(RETRY_MS, life);
      }
    }
  }

  protected say(problem: string): void {
    write(this.#problem, problem);
    this.#problem.hidden = !problem;
  }
}

export class RunTab extends Tab<RunPlace> {
  constructor(root: string, place: RunPlace, openRun: (runId: string) => void) {
    super(root, place, openRun);
    this.id = `run-widgets-run-${place.run_id}`;
    this.title.icon = runsIcon;
    this.title.label = "Run";
  }

  protected override async showUntil(life: AbortSignal): Promise<void> {
    const { workspace, run_id } = this.place;
    const host = await import("../run/host.ts");
    const manager = new host.LocalManager(host.labClassOf);
    // Its address names no other run, whatever a restored layout says.
    const server = new RunServer(this.root, "_", workspace).other(run_id);
    if (!server) throw new Error(`${run_id} is not the id of a run`);
    const run = await host.openRun(manager, server);
    const view = await host.viewOf(run.run.model);
    if (life.aborted) return view.dispose();
    const facts: Facts = run.run.model.get("facts");
    this.title.label = `${facts.display_name || `Run ${facts.number}`} · ${facts.experiment}`;
    this.title.caption = `Run ${facts.number} of ${facts.experiment}\n${run_id}\n${workspace}`;
    this.say("");
    this.addWidget(view);
    life.addEventListener("abort", () => void manager.close());
    await run.follow(life);
  }
}

export class ExperimentTab extends Tab<ExperimentPlace> {
  constructor(root: string, place: ExperimentPlace, openRun: (runId: string) => void) {
    super(root, place, openRun);
    this.id = `run-widgets-experiment-${encodeURIComponent(JSON.stringify(Object.values(place)))}`;
    this.title.icon = experimentIcon;
    this.title.label = place.experiment;
    this.title.caption = `The runs of ${place.experiment}\n${place.workspace}`;
  }

  protected override async showUntil(life: AbortSignal): Promise<void> {
    const [{ ServedExperiment }, { showExperiment }] = await Promise.all([
      import("../experiment/served.ts"),
      import("../experiment/show.ts"),
    ]);
    const { workspace, experiment } = this.place;
    const served = await ServedExperiment.open(this.root, experiment, workspace);
    if (life.aborted) return;
    const widget = new Widget();
    this.say("");
    this.addWidget(widget);
    await showExperiment(widget.node, served.model, served.live, life);
    await served.follow(life);
  }
}

/** The id of the run that a plain click on a link leads to; null for any other click. */
function runOfLink(event: MouseEvent): string | null {
  const { button, ctrlKey, metaKey, shiftKey, altKey, target } = event;
  if (button !== 0 || ctrlKey || metaKey || shiftKey || altKey) return null;
  const link = target instanceof Element ? target.closest("a") : null;
  const id = /\/run-widgets\/runs\/([^/?#]+)(?:[?#]|$)/.exec(link?.href ?? "")?.[1];
  // The panel's own link is to the run's page, which is for sending.
  return id === undefined || link?.closest(".rw-portal") ? null : decodeURIComponent(id);
}
