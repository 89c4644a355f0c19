/** Python that shows a run or an experiment. Pure. */

/** A Python string literal: JSON's escapes are Python's too. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

export function codeOfRun(workspace: string, runId: string): string {
  return [
    "from run_widgets import RunDetails, Workspace",
    "",
    `run = Workspace(${quoted(workspace)}).get_run(${quoted(runId)})`,
    "RunDetails(run).show()",
  ].join("\n");
}

/** What somebody may begin with who has no runs yet. */
export const FIRST_RUN = `from run_widgets import Experiment, RunDetails

run = Experiment(name="first").start_logging()
RunDetails(run).show()
for step in run.track(range(100)):
    run.log("loss", 1 / (1 + step))
run.complete()`;
