/**
 * What is used of @jupyterlab/notebook, which JupyterLab shares with extensions at run time.
 *
 * Its own types bring a hundred and fifty packages, editors of a dozen languages among them.
 */
declare module "@jupyterlab/notebook" {
  import type { Token } from "@lumino/coreutils";
  import type { Widget } from "@lumino/widgets";

  interface NotebookPanel extends Widget {
    readonly content: Widget & {
      activeCellIndex: number;
      readonly model: {
        readonly sharedModel: {
          insertCell(
            index: number,
            cell: { cell_type: "code"; source: string; metadata: { trusted: boolean } },
          ): unknown;
        };
      } | null;
    };
    readonly context: { readonly ready: Promise<void> };
  }

  interface INotebookTracker {
    readonly currentWidget: NotebookPanel | null;
  }

  const INotebookTracker: Token<INotebookTracker>;
}
