// The demo's own front-end extension: runs the notebook that is opened, once, and shows the panel.

const IDLE_MS = 200;

function activate(app) {
  void app.restored.then(() => run(app));
}

async function run(app) {
  const notebook = await found(() =>
    [...app.shell.widgets("main")].find((widget) => widget.context?.path?.endsWith(".ipynb")),
  );
  await notebook.context.ready;
  await notebook.sessionContext.ready;
  const { content } = notebook;
  const code = content.widgets.filter((cell) => cell.model.type === "code");
  // A page that is reloaded finds cells that have run, or a kernel that is busy with them.
  if (code.some((cell) => cell.model.executionCount !== null)) return;
  if (notebook.sessionContext.session?.kernel?.status === "busy") return;
  void app.commands.execute("notebook:run-all-cells");
  const place = await found(() => {
    const at = content.widgets.findIndex((cell) => cell.node.querySelector(".rw-panel"));
    return at >= 0 && { at };
  });
  content.deselectAll();
  content.activeCellIndex = place.at;
  await content.scrollToItem(place.at, "start");
}

async function found(look) {
  for (;;) {
    const thing = look();
    if (thing) return thing;
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  }
}

window._JUPYTERLAB ??= {};
window._JUPYTERLAB["run-widgets-demo"] = {
  init: () => {},
  get: async () => () => ({
    __esModule: true,
    default: { id: "run-widgets-demo:run", autoStart: true, activate },
  }),
};
