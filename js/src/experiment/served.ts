/** An experiment as the Jupyter server has it: where there is no kernel, or it is busy. */

import type { Model } from "../model.ts";
import { sleep } from "../run/follow.ts";
import { ask, reasonOf, ServerError } from "../server.ts";
import { LiveExperiment } from "./live.ts";
import type { ExperimentFacts, ExperimentModel, Told } from "./model.ts";
import { unpacked } from "./packed.ts";
import { PlainModel } from "./plain_model.ts";

/** Between two questions; where nobody can see the page, the second. */
const PAUSE_MS = 1000;
const UNSEEN_MS = 10_000;

/** The answer of `run_widgets/portal/experiments.py`. */
type Answer = {
  facts: ExperimentFacts;
  loading: boolean;
  told: Told | null;
};

export class ServedExperiment {
  readonly model: Model<ExperimentModel>;
  readonly live: LiveExperiment;
  readonly #address: string;
  readonly #client = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
  #version = -1;

  private constructor(address: string, facts: ExperimentFacts) {
    this.#address = address;
    this.model = new PlainModel<ExperimentModel>({
      facts,
      table: {},
      loading: true,
      include_children: false,
      problem: "",
    });
    this.live = new LiveExperiment(
      this.model,
      () => {}, // there is no kernel to ask
      () => {
        this.#version = -1;
      },
    );
  }

  /**
   * The experiment as it is now; call `follow` to keep it up to date.
   *
   * @param root where the server's addresses begin
   * @throws ServerError where the server has no such experiment, or is none of ours
   */
  static async open(root: string, name: string, workspace: string | null) {
    const query = new URLSearchParams(workspace === null ? {} : { workspace });
    const address = `${root}run-widgets/api/experiments/${encodeURIComponent(name)}/table?${query}`;
    const nothing = { experiment: name, id: "", workspace: "", portal_path: "" };
    const served = new ServedExperiment(address, { ...nothing, runs_path: "", query: "" });
    await served.#look();
    return served;
  }

  /** Ask again and again, until `life` ends. */
  async follow(life: AbortSignal): Promise<void> {
    while (!life.aborted) {
      if (!this.model.get("loading")) await sleep(document.hidden ? UNSEEN_MS : PAUSE_MS, life);
      if (life.aborted) return;
      try {
        await this.#look();
      } catch (error) {
        this.model.set_state({ problem: reasonOf(error) });
        await sleep(UNSEEN_MS, life);
      }
    }
  }

  async #look(): Promise<void> {
    const version = this.#version;
    const answer = await ask(`${this.#address}&client=${this.#client}&version=${version}`);
    const found = unpacked<Answer>(new Uint8Array(await answer.arrayBuffer()));
    if (!found) throw new ServerError("The Jupyter server broke off its answer");
    const { head, buffers } = found.first;
    const { facts, loading, told } = head;
    this.model.set_state({ facts, loading, problem: "" });
    if (!told) return;
    this.#version = told.version;
    this.model.trigger("msg:custom", { type: "rows", told }, buffers);
  }
}
