/** What can be done with runs in JupyterLab: by palette, menu, launcher and the side panel alike. */

import type { ILabShell, JupyterFrontEnd } from "@jupyterlab/application";
import {
  Clipboard,
  Dialog,
  InputDialog,
  Notification,
  showDialog,
  type WidgetTracker,
} from "@jupyterlab/apputils";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import type { ReadonlyPartialJSONObject } from "@lumino/coreutils";

import { RunServer, reasonOf } from "../server.ts";
import { codeOfRun, FIRST_RUN } from "./code.ts";
import { experimentIcon, runsIcon } from "./icons.ts";
import type { LiveRuns } from "./live.ts";
import { groupKey } from "./order.ts";
import { isOver, keyOf, type LiveRun, nameOf } from "./run.ts";
import type { RunsPanel } from "./side_panel.ts";
import { ExperimentTab, RunTab } from "./tabs.ts";

export const COMMANDS = {
  showRuns: "run-widgets:show-runs",
  openRun: "run-widgets:open-run",
  openExperiment: "run-widgets:open-experiment",
  insertCell: "run-widgets:insert-cell",
  copyId: "run-widgets:copy-id",
  stop: "run-widgets:stop",
  openPage: "run-widgets:open-page",
  begin: "run-widgets:new-notebook",
} as const;

/** JupyterLab's own. */
const NEW_NOTEBOOK = "notebook:create-new";

/** What people choose from in a dialog; whoever has more finds them in the side panel. */
const MOST_CHOICES = 500;

export type House = {
  app: JupyterFrontEnd;
  shell: ILabShell;
  /** Where the server's addresses begin. */
  root: string;
  live: LiveRuns;
  panel: () => RunsPanel;
  notebooks: INotebookTracker | null;
  runs: WidgetTracker<RunTab>;
  experiments: WidgetTracker<ExperimentTab>;
};

/** Where a run is, as commands get it and layouts keep it. */
type Place = { workspace: string; run_id: string };

export function addCommands(house: House): void {
  const { app, shell, live, panel, notebooks } = house;
  const { commands } = app;
  const canBegin = () => commands.hasCommand(NEW_NOTEBOOK);

  commands.addCommand(COMMANDS.showRuns, {
    label: (args) => (args.isLauncher ? "Runs" : "Show Runs"),
    caption: "Every run of every experiment, live",
    icon: runsIcon,
    execute: () => {
      shell.activateById(panel().id);
    },
  });
  commands.addCommand(COMMANDS.openRun, {
    label: (args) => (isPlace(args) || args.clicked ? "Open Run" : "Open Run…"),
    icon: runsIcon,
    execute: async (args) => {
      const place = await placeOf(house, args, "Open a run");
      if (place) openRun(house, place);
    },
  });
  commands.addCommand(COMMANDS.openExperiment, {
    label: (args) => (args.experiment || args.clicked ? "Compare Runs" : "Open Experiment…"),
    icon: experimentIcon,
    execute: async (args) => {
      const { workspace, experiment } = args;
      if (typeof workspace === "string" && typeof experiment === "string") {
        openExperiment(house, { workspace, experiment });
        return;
      }
      const place = args.clicked ? clickedGroup(house) : await chosenExperiment(live);
      if (place) openExperiment(house, place);
    },
  });
  commands.addCommand(COMMANDS.insertCell, {
    label: "Insert RunDetails Cell",
    caption: "Insert a cell that shows a run into the notebook, or into a new one",
    isEnabled: () => Boolean(notebooks?.currentWidget) || canBegin(),
    execute: async (args) => {
      const place = await placeOf(house, args, "Insert a cell that shows a run");
      if (place) await insertCell(house, codeOfRun(place.workspace, place.run_id));
    },
  });
  commands.addCommand(COMMANDS.copyId, {
    label: "Copy Run ID",
    execute: async (args) => {
      const place = await placeOf(house, args, "Copy the id of a run");
      if (place) Clipboard.copyToSystem(place.run_id);
    },
  });
  commands.addCommand(COMMANDS.stop, {
    label: "Stop Run",
    caption: "Ask it to end at its next step",
    isEnabled: (args) => !args.clicked || !isOver(clicked(house) ?? { status: "Completed" }),
    execute: async (args) => {
      const place = await placeOf(house, args, "Stop a run");
      if (place) await stop(house, place);
    },
  });
  commands.addCommand(COMMANDS.openPage, {
    label: "Open Run’s Page in New Browser Tab",
    execute: async (args) => {
      const place = await placeOf(house, args, "Open the page of a run");
      const server = place && serverOf(house, place);
      if (server) window.open(server.page(), "_blank", "noopener");
    },
  });
  commands.addCommand(COMMANDS.begin, {
    label: "New Tracked-Run Notebook",
    caption: "A notebook with a first run in it",
    icon: runsIcon,
    isEnabled: canBegin,
    execute: () => insertIntoNew(house, FIRST_RUN),
  });

  // In the order in which they are wanted, on the entries of the side panel.
  const onRun = [
    COMMANDS.openRun,
    COMMANDS.insertCell,
    COMMANDS.openPage,
    COMMANDS.copyId,
    COMMANDS.stop,
  ];
  for (const [rank, command] of onRun.entries()) {
    app.contextMenu.addItem({ command, selector: ".rw-lab-run", rank, args: { clicked: true } });
  }
  const [selector, args] = [".rw-lab-group", { clicked: true }];
  app.contextMenu.addItem({ command: COMMANDS.openExperiment, selector, rank: 0, args });
}

export function openRun(house: House, place: Place): void {
  const { runs, root } = house;
  const here = runs.find((tab) => sameRun(tab.place, place));
  const tab =
    here ??
    new RunTab(root, place, (run_id) => openRun(house, { workspace: place.workspace, run_id }));
  show(house, runs, tab);
}

export function openExperiment(
  house: House,
  place: { workspace: string; experiment: string },
): void {
  const { experiments, root } = house;
  const here = experiments.find(
    ({ place: known }) =>
      known.workspace === place.workspace && known.experiment === place.experiment,
  );
  const { workspace } = place;
  const tab =
    here ?? new ExperimentTab(root, place, (run_id) => openRun(house, { workspace, run_id }));
  show(house, experiments, tab);
}

function show<T extends RunTab | ExperimentTab>(
  { shell }: House,
  tracker: WidgetTracker<T>,
  tab: T,
): void {
  if (!tab.isAttached) {
    void tracker.add(tab);
    shell.add(tab, "main");
  }
  shell.activateById(tab.id);
}

/** Insert code below the active cell of the notebook that was active last, else into a new one. */
export async function insertCell(house: House, source: string): Promise<void> {
  const panel = house.notebooks?.currentWidget;
  if (!panel) return insertIntoNew(house, source);
  insertAt(house, panel, source, panel.content.activeCellIndex + 1);
}

async function insertIntoNew(house: House, source: string): Promise<void> {
  const { commands, serviceManager } = house.app;
  const kernelName = serviceManager.kernelspecs.specs?.default;
  const options = { activate: true, ...(kernelName && { kernelName }) }; // else it asks which
  const panel: NotebookPanel = await commands.execute(NEW_NOTEBOOK, options);
  await panel.context.ready;
  insertAt(house, panel, source, 0);
}

function insertAt({ shell }: House, { id, content }: NotebookPanel, source: string, at: number) {
  const cell = { cell_type: "code", source, metadata: { trusted: true } } as const;
  content.model?.sharedModel.insertCell(at, cell);
  content.activeCellIndex = at;
  shell.activateById(id);
}

export function placeOfRun(live: LiveRuns, run: LiveRun): Place {
  return { workspace: live.workspaces[run.workspace] ?? "", run_id: run.id };
}

export async function stop(house: House, place: Place): Promise<void> {
  const run = runOf(house.live, place);
  const what = run ? `${nameOf(run)} (run ${run.number} of ${run.experiment})` : place.run_id;
  const { button } = await showDialog({
    title: "Stop this run?",
    body: `${what} is asked to end at its next step. A submitted run’s processes end now.`,
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: "Stop" })],
  });
  if (!button.accept) return;
  try {
    await serverOf(house, place)?.stop();
  } catch (error) {
    Notification.error(reasonOf(error));
  }
}

function serverOf({ root }: House, { workspace, run_id }: Place): RunServer | null {
  return new RunServer(root, "_", workspace).other(run_id);
}

function runOf(live: LiveRuns, { workspace, run_id }: Place): LiveRun | null {
  for (const run of live.runs.values()) {
    if (run.id === run_id && live.workspaces[run.workspace] === workspace) return run;
  }
  return null;
}

function sameRun(one: Place, other: Place): boolean {
  return one.workspace === other.workspace && one.run_id === other.run_id;
}

function isPlace(args: ReadonlyPartialJSONObject): args is Place {
  return typeof args.workspace === "string" && typeof args.run_id === "string";
}

/** The run that a command is for: as it was told, as it was clicked on, else as somebody chooses. */
async function placeOf(
  house: House,
  args: ReadonlyPartialJSONObject,
  title: string,
): Promise<Place | null> {
  if (isPlace(args)) return { workspace: args.workspace, run_id: args.run_id };
  const run = args.clicked ? clicked(house) : await chosenRun(house.live, title);
  return run && placeOfRun(house.live, run);
}

/** The run that the context menu was opened on. */
function clicked({ app, live }: House): LiveRun | null {
  const node = app.contextMenuHitTest(({ classList }) => classList.contains("rw-lab-run"));
  return (node && live.runs.get(node.dataset.key ?? "")) ?? null;
}

function clickedGroup({ app, live }: House): { workspace: string; experiment: string } | null {
  const node = app.contextMenuHitTest(({ classList }) => classList.contains("rw-lab-group"));
  return (node && groupsOf(live).get(node.dataset.key ?? "")) ?? null;
}

function groupsOf(live: LiveRuns): Map<string, { workspace: string; experiment: string }> {
  const groups = new Map<string, { workspace: string; experiment: string }>();
  for (const run of live.runs.values()) {
    const { experiment } = run;
    groups.set(groupKey(run), { experiment, workspace: live.workspaces[run.workspace] ?? "" });
  }
  return groups;
}

async function chosenRun(live: LiveRuns, title: string): Promise<LiveRun | null> {
  const newest = [...live.runs.values()].sort((one, other) => other.created - one.created);
  const label = (run: LiveRun) => `${run.experiment} #${run.number} ${run.name ?? ""}`.trim();
  return chosen(title, newest, label, keyOf, "a run");
}

async function chosenExperiment(live: LiveRuns) {
  const groups = [...groupsOf(live).values()];
  const twice = (name: string) => groups.filter(({ experiment }) => experiment === name).length > 1;
  const label = (group: { workspace: string; experiment: string }) =>
    twice(group.experiment) ? `${group.experiment} — ${group.workspace}` : group.experiment;
  return chosen("Open an experiment", groups, label, label, "an experiment");
}

/** Let somebody choose; null where they did not, or there is nothing. */
async function chosen<T>(
  title: string,
  all: T[],
  labelOf: (one: T) => string,
  keyOf: (one: T) => string,
  what: string,
): Promise<T | null> {
  const by = new Map<string, T>();
  for (const one of all.slice(0, MOST_CHOICES)) {
    const label = labelOf(one);
    by.set(by.has(label) ? `${label} (${keyOf(one)})` : label, one);
  }
  if (by.size === 0) {
    Notification.info(`There is not ${what} yet.`.replace("not a", "no"), { autoClose: 5000 });
    return null;
  }
  const { value } = await InputDialog.getItem({ title, items: [...by.keys()], label: "Which?" });
  return (value !== null && by.get(value)) || null;
}
