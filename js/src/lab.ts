/** What only JupyterLab has: all runs at its side, and what one does with them. Loaded there alone. */

import "../style/lab.css";

import { ILabShell, ILayoutRestorer, type JupyterFrontEnd } from "@jupyterlab/application";
import { ICommandPalette, Notification, WidgetTracker } from "@jupyterlab/apputils";
import { ILauncher } from "@jupyterlab/launcher";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { IStatusBar } from "@jupyterlab/statusbar";
import { codeOfRun } from "./lab/code.ts";
import {
  addCommands,
  COMMANDS,
  type House,
  insertCell,
  openExperiment,
  openRun,
  placeOfRun,
  stop,
} from "./lab/commands.ts";
import { runsIcon } from "./lab/icons.ts";
import { LiveRuns } from "./lab/live.ts";
import { type Notice, type NoticeKind, Notices } from "./lab/notices.ts";
import { RunsPanel } from "./lab/side_panel.ts";
import { RunningItem } from "./lab/status.ts";
import type { ExperimentTab, RunTab } from "./lab/tabs.ts";
import { baseUrl } from "./server.ts";
import { MODULE_NAME } from "./version.ts";

const CATEGORY = "Runs";

/** How long a notification of something good stays; of something bad until somebody takes note. */
const BRIEF_MS = 8000;

export async function activate(app: JupyterFrontEnd): Promise<void> {
  const root = baseUrl();
  const shell = await app.resolveOptionalService(ILabShell);
  if (root === null || !shell) return;
  const [restorer, palette, launcher, statusBar, notebooks, settings] = await Promise.all([
    app.resolveOptionalService(ILayoutRestorer),
    app.resolveOptionalService(ICommandPalette),
    app.resolveOptionalService(ILauncher),
    app.resolveOptionalService(IStatusBar),
    app.resolveOptionalService(INotebookTracker),
    app.resolveOptionalService(ISettingRegistry),
  ]);

  const live = new LiveRuns(root);
  const house: House = {
    ...{ app, shell, root, live, notebooks },
    panel: () => panel,
    runs: new WidgetTracker<RunTab>({ namespace: "run-widgets-run" }),
    experiments: new WidgetTracker<ExperimentTab>({ namespace: "run-widgets-experiment" }),
  };
  addCommands(house);

  const panel: RunsPanel = new RunsPanel(live, {
    openRun: (run) => openRun(house, placeOfRun(live, run)),
    openExperiment: ({ workspace, experiment }) =>
      openExperiment(house, { workspace: live.workspaces[workspace] ?? "", experiment }),
    insert: (run) => {
      const { workspace, run_id } = placeOfRun(live, run);
      void insertCell(house, codeOfRun(workspace, run_id));
    },
    stop: (run) => void stop(house, placeOfRun(live, run)),
    begin: () => void app.commands.execute(COMMANDS.begin),
  });
  panel.id = "run-widgets-runs";
  panel.title.icon = runsIcon;
  panel.title.caption = "Runs";
  shell.add(panel, "left", { rank: 250, type: "Runs" });

  restorer?.add(panel, panel.id);
  void restorer?.restore(house.runs, {
    command: COMMANDS.openRun,
    args: ({ place }) => place,
    name: ({ id }) => id,
  });
  void restorer?.restore(house.experiments, {
    command: COMMANDS.openExperiment,
    args: ({ place }) => place,
    name: ({ id }) => id,
  });

  const { showRuns, openRun: open, openExperiment: compare, insertCell: insert, begin } = COMMANDS;
  for (const command of [showRuns, open, compare, insert, begin]) {
    palette?.addItem({ command, category: CATEGORY });
  }
  launcher?.add({ command: showRuns, category: "Other", rank: 10, args: { isLauncher: true } });

  const running = new RunningItem(live, () => shell.activateById(panel.id));
  statusBar?.registerStatusItem("run-widgets:running", {
    item: running,
    align: "left",
    rank: 50,
    isActive: () => running.isActive,
    activeStateChanged: running.activeStateChanged,
  });

  const wants = await wishes(settings);
  const life = new AbortController().signal; // as long as the page
  const notices = new Notices();
  live.on(life, (changed) => {
    const isChild = (run: (typeof changed)[number]) => live.parentOf(run) !== null;
    for (const notice of notices.of(changed, isChild, wants)) notify(house, notice);
  });
  void app.restored.then(() => live.follow(life));
}

/** Which notifications somebody wants, as the settings say at any time. */
async function wishes(settings: ISettingRegistry | null): Promise<(kind: NoticeKind) => boolean> {
  let wanted: Partial<Record<string, unknown>> = {};
  const read = async () => {
    const loaded = await settings?.load(`${MODULE_NAME}:lab`);
    const note = () => {
      wanted = loaded?.composite ?? {};
    };
    loaded?.changed.connect(note);
    note();
  };
  // Not waited for: settings come from the server, and all are on without them.
  void read().catch((error) => console.warn("The settings of run-widgets cannot be read:", error));
  const names = {
    completed: "notifyCompleted",
    failed: "notifyFailed",
    canceled: "notifyCompleted",
    nan: "notifyNaN",
  };
  return (kind) => wanted[names[kind]] !== false;
}

function notify(house: House, { kind, text, run }: Notice): void {
  const label = run ? "Open" : "Show";
  const callback = () => {
    if (run) openRun(house, placeOfRun(house.live, run));
    else void house.app.commands.execute(COMMANDS.showRuns);
  };
  const isBad = kind === "failed" || kind === "nan";
  const types = {
    completed: "success",
    failed: "error",
    canceled: "info",
    nan: "warning",
  } as const;
  Notification.emit(text, types[kind], {
    autoClose: isBad ? false : BRIEF_MS,
    actions: [{ label, callback, displayType: "link" }],
  });
}
