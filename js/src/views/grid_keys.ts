import type { SlickGrid } from "slickgrid";

import { set } from "../dom.ts";

/** SlickGrid's own elements without a look, the first and the last, that get the focus for it. */
const SINK = "div:not([class])[tabindex='0']";

const PARTS = `.slick-pane, .slick-viewport, .grid-canvas, ${SINK}:last-child`;

/** Make a grid one stop on the way through the page; the arrow keys walk in it, from `column` on. */
export function walkByArrows(
  grid: SlickGrid,
  host: HTMLElement,
  column: number,
  life: AbortSignal,
): void {
  for (const part of host.querySelectorAll(PARTS)) {
    set(part, "tabindex", -1);
  }
  // What has the focus for a cell lies elsewhere, so the page would stay where it is.
  const reveal = () => grid.getActiveCellNode()?.scrollIntoView({ block: "nearest" });
  grid.onActiveCellChanged.subscribe(reveal);
  // Who comes by Tab stands on the first row in sight, so that the arrow keys walk from there.
  host.addEventListener(
    "focusin",
    ({ target }) => {
      const isEntry = target instanceof HTMLElement && target.parentElement === host;
      if (!isEntry || !target.matches(SINK)) return;
      if (grid.getActiveCell()) reveal();
      else if (grid.getDataLength() > 0) grid.setActiveCell(grid.getViewport().top, column);
    },
    { signal: life },
  );
  // SlickGrid would lead Tab through every cell of ten thousand rows.
  host.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Tab") event.stopPropagation();
    },
    { capture: true, signal: life },
  );
}
