/** Questions to a run's kernel, which answers when it is free: for pages without a server of ours. */

import { floats } from "../charts/series.ts";
import type { Model, RunModel } from "../model.ts";
import type { Lines, Stretch } from "../server.ts";

/** What of a widget's model it takes to ask its kernel. */
type Widget = {
  comm_live?: boolean;
  send?(content: object, callbacks: object): void;
};

type Answer = { type: string; request: number; total: number; inside: number; problem?: string };

type Waiting = {
  request: number;
  resolve(stretch: Stretch): void;
  reject(reason: Error): void;
};

class RunKernel implements Lines {
  readonly #widget: Widget;
  /** By the line: who asks for another part of it no longer waits for the last one. */
  readonly #waiting = new Map<string, Waiting>();
  #asked = 0;

  constructor(run: Model<RunModel>) {
    this.#widget = run as unknown as Widget;
    run.on("msg:custom", (answer: Answer, buffers: DataView[]) => {
      if (answer.type === "series") this.#take(answer, buffers);
    });
  }

  get isThere(): boolean {
    return this.#widget.comm_live === true && this.#widget.send !== undefined;
  }

  series(name: string, part: Parameters<Lines["series"]>[1]): Promise<Stretch> {
    const request = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(name, { request, resolve, reject });
      this.#widget.send?.({ type: "series", request, name, ...part }, {});
    });
  }

  #take({ request, total, inside, problem }: Answer, buffers: DataView[]): void {
    for (const [name, waiting] of this.#waiting) {
      if (waiting.request !== request) continue;
      this.#waiting.delete(name);
      const [x, y, at] = buffers.map(floats);
      if (x && y && at) waiting.resolve({ total, inside, x, y, at });
      else waiting.reject(new Error(problem));
    }
  }
}

const kernels = new WeakMap<Model<RunModel>, RunKernel>();

/** The kernel that shows a run; null where there is none. */
export function kernelOf(run: Model<RunModel>): Lines | null {
  const kernel = kernels.get(run) ?? new RunKernel(run);
  kernels.set(run, kernel);
  return kernel.isThere ? kernel : null;
}
