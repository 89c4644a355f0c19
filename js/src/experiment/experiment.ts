/** What shows an experiment is made for: its data, what was chosen of it, and where more can be asked. */

import type { RunServer } from "../server.ts";
import type { CodeShelf } from "./code.ts";
import type { CurveShelf } from "./curves.ts";
import type { Packages } from "./differences.ts";
import type { RunTable } from "./table.ts";
import type { View } from "./view_state.ts";

export type Experiment = {
  table: RunTable;
  view: View;
  curves: CurveShelf;
  packages: Packages;
  askPackages: (runs: string[]) => void;
  code: CodeShelf;
  /** Call `draw` whenever the table, or what was asked for, has changed, until `life` ends. */
  on(life: AbortSignal, draw: () => void): void;
  /** Where a run can be changed; null on a page without a server. */
  serverOf(run: string): RunServer | null;
  /** Where the Jupyter server's addresses begin; null on a page without one. */
  root: string | null;
};
