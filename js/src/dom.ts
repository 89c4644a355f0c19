/** The only ways to make elements. What people log is untrusted and enters the page as text. */

type Attribute = string | number | boolean | null | undefined | ((event: never) => void);
type Child = Node | string | null | undefined | false;

/** Make an element. An attribute that is a function, `onclick` say, listens to that event. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      el.addEventListener(name.replace(/^on/, ""), value as (event: Event) => void);
    } else if (name.startsWith("on")) {
      throw new TypeError(`${name} of <${tag}> takes a function, got ${value}`);
    } else {
      set(el, name, value);
    }
  }
  el.append(...children.filter((child): child is Node | string => !isNothing(child)));
  return el;
}

function isNothing(child: Child): child is null | undefined | false {
  return child === null || child === undefined || child === false;
}

/** Set an attribute; `false` and nothing remove it, `true` leaves it without a value. */
export function set(el: Element, name: string, value: Exclude<Attribute, () => void>): void {
  const text = value === true ? "" : String(value);
  if (value === false || value === null || value === undefined) el.removeAttribute(name);
  else if (el.getAttribute(name) !== text) el.setAttribute(name, text);
}

/** Write `text` where it differs, so that what a reader has selected stays selected. */
export function write(el: Element, text: string): void {
  if (el.textContent !== text) el.textContent = text;
}

/** A link to a web page, opening beside this one; plain text where `url` leads anywhere else. */
export function link(url: string, text: string, attributes: Record<string, Attribute> = {}) {
  if (!isWebAddress(url)) return h("span", {}, text);
  return h("a", { ...attributes, href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}

/** How a run's page opens: beside a notebook, which stays; in place of another page of ours. */
export function runLink(): { target?: string; rel?: string } {
  if ("rwPage" in document.body.dataset) return {};
  return { target: "_blank", rel: "noopener noreferrer" };
}

/** Open a run's page as a click on a link in `place` does, so that whoever shows it hears of both. */
export function openRun(place: Element, address: string): void {
  const link = h("a", { ...runLink(), href: address });
  place.append(link);
  link.click();
  link.remove();
}

function isWebAddress(url: string): boolean {
  try {
    return ["http:", "https:"].includes(new URL(url, document.baseURI).protocol);
  } catch {
    return false;
  }
}

/**
 * Make `parent`'s children those of `items`, in their order, keeping the elements of known keys.
 *
 * `make` builds an element once, `update` brings it up to date each time.
 */
export function list<T, E extends HTMLElement>(
  parent: Element,
  items: readonly T[],
  key: (item: T, index: number) => string,
  make: (item: T) => E,
  update: (el: E, item: T, index: number) => void = () => {},
): void {
  const known = (children.get(parent) ?? new Map()) as Map<string, E>;
  const kept = new Map<string, E>();
  items.forEach((item, index) => {
    let name = key(item, index);
    while (kept.has(name)) name += "'"; // two items claim one key
    const el = known.get(name) ?? make(item);
    update(el, item, index);
    kept.set(name, el);
  });
  for (const [name, el] of known) if (kept.get(name) !== el) el.remove();
  place(parent, kept.values());
  children.set(parent, kept);
}

/** Make `items` the first children of `parent`, in this order, moving only what is elsewhere. */
export function place(parent: Element, items: Iterable<Element>): void {
  let here = parent.firstElementChild;
  for (const item of items) {
    if (item === here) here = here.nextElementSibling;
    else parent.insertBefore(item, here);
  }
}

const children = new WeakMap<Element, Map<string, HTMLElement>>();

/** Call `tick` every `seconds` until `life` ends. */
export function every(seconds: number, life: AbortSignal, tick: () => void): void {
  const timer = setInterval(tick, 1000 * seconds);
  life.addEventListener("abort", () => clearInterval(timer), { once: true });
}

/** Call `act` once, when `el` is on screen or close to it; at once where that cannot be told. */
export function whenNear(el: Element, life: AbortSignal, act: () => void): void {
  const done = new AbortController();
  whileNear(el, AbortSignal.any([life, done.signal]), (near) => {
    if (!near) return;
    done.abort();
    act();
  });
}

type Near = (near: boolean) => void;

const watched = new Map<Element, Set<Near>>();

/** One for the whole page: a thousand of them would each look at every frame. */
let observer: IntersectionObserver | undefined;

/** Tell `act` whenever `el` comes close to what is on screen, or leaves it. */
export function whileNear(el: Element, life: AbortSignal, act: Near): void {
  if (typeof IntersectionObserver === "undefined") {
    act(true);
    return;
  }
  const margins = { rootMargin: "300px", scrollMargin: "300px" };
  observer ??= new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      for (const tell of [...(watched.get(target) ?? [])]) tell(isIntersecting);
    }
  }, margins);
  const acts = watched.get(el) ?? new Set();
  watched.set(el, acts);
  acts.add(act);
  observer.unobserve(el); // whoever watches it already is told once more
  observer.observe(el);
  const end = () => {
    acts.delete(act);
    if (acts.size > 0) return;
    watched.delete(el);
    observer?.unobserve(el);
  };
  life.addEventListener("abort", end, { once: true });
}

/** How long another size must last before it is told: a window is drawn out step by step. */
const SETTLED_MS = 100;

/** Call `act` with `el`'s size, now and when it has changed; never while it is not shown. */
export function whenSized(
  el: Element,
  life: AbortSignal,
  act: (width: number, height: number) => void,
): void {
  let told = "";
  const measure = () => {
    const { width, height } = el.getBoundingClientRect();
    if (!(width > 0 && height > 0) || told === `${width} ${height}`) return;
    told = `${width} ${height}`;
    act(width, height);
  };
  measure();
  if (typeof ResizeObserver === "undefined") return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const observer = new ResizeObserver(() => {
    clearTimeout(timer);
    if (told) timer = setTimeout(measure, SETTLED_MS);
    else measure();
  });
  observer.observe(el);
  const end = () => {
    observer.disconnect();
    clearTimeout(timer);
  };
  life.addEventListener("abort", end, { once: true });
}
