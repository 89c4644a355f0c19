/** The difference of two runs in a notebook's output, which holds all of it and needs no kernel. */

import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Widget } from "@lumino/widgets";

export const DIFF_MIME = "application/vnd.run-widgets.diff+json";

export class DiffOutput extends Widget implements IRenderMime.IRenderer {
  #draw: ((data: unknown) => void) | null = null;

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    if (!this.#draw) {
      const { diffOf, runDiff } = await import("./views/diff.ts");
      const view = runDiff();
      this.#draw = (data) => view.draw(diffOf(data));
      this.node.replaceChildren(view.el);
    }
    this.#draw(model.data[DIFF_MIME]);
  }
}
