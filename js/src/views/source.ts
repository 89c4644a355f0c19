import { whenNear } from "../dom.ts";
import { type Facts, isFinal, type Model, type RunModel, watch } from "../model.ts";
import { reasonOf, type Source, serverOf } from "../server.ts";

/** The property that says that a snapshot was taken. */
export const TAKEN = "ContentSnapshotId";

/** The property that says why none was. */
export const NOT_TAKEN = "run_widgets.no_snapshot";

/** What was last asked of each run, by how the run was then. */
const asked = new WeakMap<Model<RunModel>, { at: string; answer: Promise<Source | null> }>();

/**
 * Show what the server knows of what was run once somebody looks at `el`; null without a server.
 *
 * And again when it may know more: a snapshot is taken while the run goes on, and the last cell of
 * a notebook is known at its end. All parts of a panel share one question.
 */
export function whenSourced(
  el: Element,
  model: Model<RunModel>,
  life: AbortSignal,
  show: (known: Source | null) => void,
  fail: (reason: string) => void,
): void {
  let isNear = false;
  let shown: string | null = null;
  const look = async () => {
    const at = stageOf(model.get("facts"));
    if (!isNear || at === shown) return;
    shown = at;
    try {
      const known = await sourceOf(model, at);
      if (at === shown && !life.aborted) show(known);
    } catch (error) {
      if (at === shown && !life.aborted) fail(reasonOf(error));
    }
  };
  whenNear(el, life, () => {
    isNear = true;
    void look();
  });
  watch(model, ["facts"], life, () => void look());
}

function stageOf(facts: Facts): string {
  return [
    facts.run_id,
    facts.properties[TAKEN],
    facts.properties[NOT_TAKEN],
    isFinal(facts),
  ].join();
}

function sourceOf(model: Model<RunModel>, at: string): Promise<Source | null> {
  const last = asked.get(model);
  if (last?.at === at) return last.answer;
  const answer = serverOf(model.get("facts"))?.source() ?? Promise.resolve(null);
  asked.set(model, { at, answer });
  answer.catch(() => asked.delete(model)); // the next one asks anew
  return answer;
}
