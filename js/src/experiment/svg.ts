/** The only way to make SVG elements; text enters as text. */

type Attributes = Record<string, string | number | null | undefined>;

/** Make an SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
  put(el, attributes);
  el.append(...children);
  return el;
}

/** Set attributes; those of nothing are removed. */
export function put(el: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) el.removeAttribute(name);
    else el.setAttribute(name, String(value));
  }
}
