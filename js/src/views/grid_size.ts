import { h } from "../dom.ts";

export const ROW_HEIGHT = 26;
const HEAD_HEIGHT = 29;

/** Rows after which a grid scrolls. */
const MOST_ROWS = 14;

/** Of a grid's outside, in pixels. */
export type GridSize = {
  height: number;
  /** What its columns can be wide together without a horizontal scroll bar. */
  room: number;
  isCut: boolean;
};

/** How large a grid is that has so many rows, and `inside` for columns that are `wide` together. */
export function gridSize(rows: number, wide: number, inside: number): GridSize {
  const scrolls = rows > MOST_ROWS;
  const bar = scrollBar();
  const room = inside - (scrolls ? bar : 0);
  const isCut = inside > 0 && room < wide;
  // Half a row more says that there are others.
  const shown = scrolls ? MOST_ROWS + 0.5 : Math.max(1, rows);
  return { height: HEAD_HEIGHT + ROW_HEIGHT * shown + (isCut ? bar : 0), room, isCut };
}

let known: number | undefined;

/** The width of this browser's scroll bars; 0 where they lie over what they scroll. */
function scrollBar(): number {
  if (known !== undefined) return known;
  const probe = h("div");
  probe.style.cssText = "position: absolute; visibility: hidden; overflow: scroll";
  document.body.append(probe);
  known = probe.offsetWidth - probe.clientWidth;
  probe.remove();
  return known;
}
