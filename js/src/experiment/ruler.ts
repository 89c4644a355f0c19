/** How wide texts are, in pixels. */

/** Of a letter, where there is no canvas to measure with. */
const LETTER = 7.4;

/** Measures texts in the font of `el`, which must be on the page. */
export function ruler(el: Element): (text: string) => number {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return (text) => Math.ceil(LETTER * text.length);
  // Not its short form, which is empty where a font has tabular figures.
  const { fontWeight, fontSize, fontFamily } = getComputedStyle(el);
  context.font = `${fontWeight} ${fontSize} ${fontFamily}`;
  return (text) => Math.ceil(context.measureText(text).width);
}
