import { h, set, write } from "../dom.ts";
import { type Facts, isFinal, isStill } from "../model.ts";
import { reasonOf, serverOf } from "../server.ts";
import { isSure, twice } from "./twice.ts";

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

  function draw(next: Facts): void {
    if (next.run_id !== run?.run_id) asked = "";
    run = next;
    const isAsked = next.stop_requested || asked !== "" || next.status === "CancelRequested";
    // Of a moment long ago there is nothing to be stopped.
    el.hidden = isFinal(next) || isStill(next) || !next.status;
    button.disabled = isAsked;
    write(button, isAsked ? "Stop requested" : isSure(button) ? "Really stop?" : "Stop");
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

  twice(button, redraw, () => void stop());
  return { el, draw };
}

function meaning(run: Facts): string {
  return SUBMITTED.includes(run.type ?? "")
    ? "End its processes"
    : "Ask it to end at its next step; run.track(…) and run.should_stop() hear that";
}
