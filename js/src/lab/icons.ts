/** Our own icons, in the colour of the text around them. */

import { LabIcon } from "@jupyterlab/ui-components";

/** JupyterLab colours what is of class jp-icon3 as it colours its own icons. */
const drawn = (lines: string, dots = "") =>
  // What has both class and fill is filled: the lines' fill is that of the whole.
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" fill="none">` +
  `<g class="jp-icon3 jp-icon-selectable" stroke="currentColor" stroke-width="1.5" ` +
  `stroke-linecap="round" stroke-linejoin="round">${lines}</g>${dots}</svg>`;

const AXES = '<path d="M1.75 1.75v11a1.5 1.5 0 0 0 1.5 1.5h11"/>';

/** A curve that comes down, and where it is now. */
export const runsIcon = new LabIcon({
  name: "run-widgets:runs",
  svgstr: drawn(
    `${AXES}<path d="M4.75 3.5c.9 4.6 2.3 6.9 6 7.2"/>`,
    '<circle class="jp-icon3 jp-icon-selectable" cx="12.6" cy="10.75" r="1.6" fill="currentColor"/>',
  ),
});

/** Several curves. */
export const experimentIcon = new LabIcon({
  name: "run-widgets:experiment",
  svgstr: drawn(
    `${AXES}<path d="M4.75 3.5c.9 4.6 2.8 6.9 8.5 7.2"/><path d="M4.75 8.5c2.6.2 5-1.8 8.5-5"/>`,
  ),
});
