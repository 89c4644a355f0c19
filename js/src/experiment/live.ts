/** An experiment that goes on: its table, brought up to date by what the kernel tells. */

import type { Model } from "../model.ts";
import { baseUrl, RunServer } from "../server.ts";
import { Asking, type Place, type Question } from "./ask.ts";
import { CodeShelf } from "./code.ts";
import { CurveShelf } from "./curves.ts";
import type { ExperimentModel, Message } from "./model.ts";
import { RunTable } from "./table.ts";
import { View } from "./view_state.ts";

/** After a drawing nothing is drawn for so many times as long: what comes meanwhile is drawn together. */
const RESTS = 3;

/** One for each model, however many views it has. */
export class LiveExperiment {
  readonly table = new RunTable();
  readonly curves: CurveShelf;
  readonly packages = new Map<string, Record<string, string>>();
  readonly code = new CodeShelf((runs) => this.#askCode(runs));
  readonly #model: Model<ExperimentModel>;
  readonly #asking: Asking;
  readonly #asked = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #frame = 0;
  #restUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #view: View | null = null;

  /** `ask` sends a question to the kernel, `lost` asks it for the whole. */
  constructor(model: Model<ExperimentModel>, ask: (question: Question) => void, lost: () => void) {
    this.#model = model;
    this.#asking = new Asking(() => this.#place(), ask);
    this.curves = new CurveShelf(
      (question) =>
        void this.#asking.curves(question, (curve, buffers) =>
          this.curves.take(question.request, curve, buffers),
        ),
    );
    model.on("change:table", () => this.#takeWhole());
    model.on("msg:custom", (message: Message, buffers: DataView[]) => {
      if (message.type === "rows") {
        if (!this.table.take(message.told, buffers)) lost();
        this.#tell();
      } else if (message.type === "curve") {
        this.curves.take(message.request, message.curve, buffers);
      } else if (message.type === "packages") {
        for (const [run, found] of Object.entries(message.packages)) this.packages.set(run, found);
        this.#tell();
      } else if (message.type === "code") {
        this.code.take(message.runs, message.code);
        this.#tell();
      }
    });
    this.#takeWhole();
  }

  askPackages(runs: string[]): void {
    const wanted = runs.filter((run) => !this.#asked.has(run));
    if (wanted.length === 0) return;
    for (const run of wanted) this.#asked.add(run);
    void this.#asking.packages({ type: "packages", request: 0, runs: wanted }, (run, found) => {
      this.packages.set(run, found);
      this.#tell();
    });
  }

  #askCode(runs: [before: string, after: string]): void {
    void this.#asking.code({ type: "code", request: 0, runs }, (code) => {
      this.code.take(runs, code);
      this.#tell();
    });
  }

  /** What a person chose to see of it; one for all places where it is shown. */
  get view(): View {
    const { id, workspace, experiment } = this.#model.get("facts");
    this.#view ??= new View(id || `${workspace}/${experiment}`, {
      children: this.#model.get("include_children"),
    });
    return this.#view;
  }

  /** Call `draw` at most once a frame, whenever something has come, until `life` ends. */
  on(life: AbortSignal, draw: () => void): void {
    this.#listeners.add(draw);
    life.addEventListener("abort", () => this.#listeners.delete(draw), { once: true });
  }

  /** The server's side of one of the runs; null on a page without a server. */
  serverOf(run: string): RunServer | null {
    const place = this.#place();
    return place && new RunServer(place.root, "_", place.workspace).other(run);
  }

  /** Where a server finds the runs; null on a page without one. */
  #place(): Place | null {
    const root = baseUrl();
    const { experiment, portal_path, query } = this.#model.get("facts");
    if (root === null || !portal_path) return null;
    return { root, experiment, workspace: new URLSearchParams(query).get("workspace") };
  }

  #takeWhole(): void {
    const whole = this.#model.get("table");
    if (!whole || !("told" in whole)) return;
    this.table.take(whole.told, whole.buffers);
    this.#tell();
  }

  #tell(): void {
    if (this.#frame || this.#timer !== undefined) return;
    const rest = this.#restUntil - performance.now();
    if (rest > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#tell();
      }, rest);
      return;
    }
    // A page out of sight has no frames, and its views need not be drawn.
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const began = performance.now();
      for (const draw of [...this.#listeners]) draw();
      const ended = performance.now();
      this.#restUntil = ended + RESTS * (ended - began);
    });
  }
}
