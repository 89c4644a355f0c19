import { h, set, write } from "../dom.ts";
import { type Facts, isFinal } from "../model.ts";
import { reasonOf, serverOf } from "../server.ts";

/** How long the button waits for the second click, in milliseconds. */
const SURE_MS = 4000;

/** Types of run that have processes of their own. */
const SUBMITTED = ["azureml.scriptrun", "azureml.notebookrun"];

const NO_WAY =
  "It cannot be stopped from here, as no Jupyter server with run-widgets is behind this page: " +
  "run.cancel() in a cell, or interrupting the kernel, does";

/** A button that asks the run to end; a second click confirms. */
export function stopButton(): { el: HTMLElement; draw(run: Facts): void } {
  const button = h("button", { type: "button", class: "rw-button rw-stop" });
  const told = h("span", { class: "rw-note", role: "status" });
  const el = h("span", { class: "rw-stopping" }, told, button);
  let run: Facts | null = null;
  let asked = "";
  let timer: ReturnType<typeof setTimeout> | undefined;

  function draw(next: Facts): void {
    if (next.run_id !== run?.run_id) asked = "";
    run = next;
    const isAsked = next.stop_requested || asked !== "" || next.status === "CancelRequested";
    el.hidden = isFinal(next) || !next.status;
    button.disabled = isAsked;
    const sure = button.dataset.sure !== undefined;
    write(button, isAsked ? "Stop requested" : sure ? "Really stop?" : "Stop");
    set(button, "title", isAsked ? "It ends when it hears of it" : meaning(next));
  }

  function redraw(): void {
    if (run) draw(run);
  }

  async function stop(): Promise<void> {
    const server = run && serverOf(run);
    write(told, server ? "" : NO_WAY);
    if (!server) return;
    asked = server.runId;
    redraw();
    try {
      await server.stop();
    } catch (error) {
      asked = "";
      write(told, reasonOf(error));
      redraw();
    }
  }

  button.addEventListener("click", () => {
    clearTimeout(timer);
    const sure = button.dataset.sure !== undefined;
    delete button.dataset.sure;
    if (sure) void stop();
    else {
      button.dataset.sure = "";
      timer = setTimeout(() => {
        delete button.dataset.sure;
        redraw();
      }, SURE_MS);
    }
    redraw();
  });
  return { el, draw };
}

function meaning(run: Facts): string {
  return SUBMITTED.includes(run.type ?? "")
    ? "End its processes"
    : "Ask it to end at its next step; run.track(…) and run.should_stop() hear that";
}
