/** An experiment in a file that somebody was sent: its runs as they were, nobody to ask. */

import type { Model } from "../model.ts";
import type { CodeChanges } from "../server.ts";
import { LiveExperiment } from "./live.ts";
import type { ExperimentFacts, ExperimentModel, Message, Told, ToldCurve } from "./model.ts";
import { PlainModel } from "./plain_model.ts";

/** As `run_widgets/export/list_file.py` makes it. */
export type ExperimentState = {
  facts: ExperimentFacts;
  told: Told;
  /** base64 of each array that `told` and the curves name by its place. */
  buffers: string[];
  /** By metric, of the runs that the file has curves of. */
  curves: Record<string, ToldCurve[]>;
  /** Packages, and which of these sets each run had. */
  environments: Record<string, string>[];
  environment_of: Record<string, number>;
  /** How the code of runs differs, by the first and the second. */
  code: { before: string; after: string; changes: CodeChanges }[];
  /** Runs that the file opens with, compared. */
  chosen: string[];
  include_children: boolean;
  problem: string;
};

/** What shows it, as if a kernel told of it: the answers are in the file. */
export function embeddedExperiment(state: ExperimentState): {
  model: Model<ExperimentModel>;
  live: LiveExperiment;
} {
  const buffers = state.buffers.map(bytesOf);
  const model = new PlainModel<ExperimentModel>({
    facts: state.facts,
    table: { told: state.told, buffers },
    loading: false,
    include_children: state.include_children,
    problem: state.problem,
  });
  const tell = (message: Message) => model.trigger("msg:custom", message, buffers);
  const live = new LiveExperiment(
    model,
    (question) => {
      const { request } = question;
      if (question.type === "packages") {
        const known = question.runs.map((run) => [
          run,
          state.environments[state.environment_of[run] ?? -1] ?? {},
        ]);
        tell({ type: "packages", request, packages: Object.fromEntries(known) });
        return;
      }
      if (question.type === "code") {
        const [before, after] = question.runs;
        const known = state.code.find((pair) => pair.before === before && pair.after === after);
        const code = known?.changes ?? { files: [], total: 0, note: NOT_HERE };
        tell({ type: "code", request, runs: question.runs, code });
        return;
      }
      const asked = new Set(question.runs.map(([run]) => run));
      for (const curve of state.curves[question.metric] ?? []) {
        if (asked.delete(curve.run)) tell({ type: "curve", request, curve });
      }
      // Those that the file has not are without points, so that nobody waits for them.
      const nothing = { total: 0, outline: NOWHERE, means: null };
      for (const run of asked) tell({ type: "curve", request, curve: { run, ...nothing } });
    },
    () => {}, // there is no more than this
  );
  live.table.stop();
  if (state.chosen.length > 0) {
    live.view.choose(state.chosen, true);
    live.view.set({ page: "Compare" });
  }
  return { model, live };
}

const NOT_HERE = "the code of these two is not in this file";

/** Of buffers that there are not. */
const NOWHERE: ToldCurve["outline"] = [-1, -1, -1];

function bytesOf(base64: string): DataView {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  return new DataView(bytes.buffer);
}
