/** What both pages draw with. All that was logged enters a page as text, never as HTML. */

/** Make an element; `on…` attributes are functions, a value that is null or false is left out. */
export function h(tag, attributes = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") el.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) el.setAttribute(name, value === true ? "" : value);
  }
  el.append(
    ...children.filter((child) => child !== null && child !== undefined && child !== false),
  );
  return el;
}

/** Show a message, or nothing where `text` is empty. */
export function say(el, text) {
  el.hidden = !text;
  el.textContent = text;
}

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function time(at) {
  const date = new Date(1000 * at);
  return at === null || Number.isNaN(date.getTime()) ? "" : dates.format(date);
}

/** `7 s`, `1 min 05 s`, `2 h 03 min`, `4 d 07 h`. */
function duration(seconds) {
  const pad = (value) => String(value).padStart(2, "0");
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${pad(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${pad(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86_400)} d ${pad(Math.floor((s % 86_400) / 3600))} h`;
}

/** How long a run has taken; counts on while it goes on. */
export function elapsed(run) {
  if (run.elapsed_s === null) return null;
  const since = isFinal(run.status) ? null : Date.now() - 1000 * run.elapsed_s;
  return h("span", { "data-since": since }, duration(run.elapsed_s));
}

setInterval(() => {
  for (const el of document.querySelectorAll("[data-since]")) {
    el.textContent = duration((Date.now() - el.dataset.since) / 1000);
  }
}, 1000);

/** `512 B`, `1.2 kB`, `3.4 GB`. */
export function bytes(size) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  for (; size >= 999.95 && unit < units.length - 1; unit++) size /= 1000;
  return `${unit ? size.toFixed(1) : size} ${units[unit]}`;
}

/** `NotStarted` as a dot and `Not started`. */
export function status(value) {
  const words = String(value).replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return h("span", { class: "rw-status", "data-status": value }, words);
}

export const isFinal = (value) => ["Completed", "Failed", "Canceled"].includes(value);

/** The workspace that this page was asked to look in, to be handed on to every link. */
const workspace = new URLSearchParams(location.search).get("workspace");

export function withWorkspace(address, folder = workspace) {
  return folder ? `${address}?workspace=${encodeURIComponent(folder)}` : address;
}

/**
 * Call `draw` with the JSON at `address`, now and when it has changed, while `goesOn` says so.
 *
 * Slower while nothing changes, and not at all while nobody looks. `tell` gets why it could not
 * be read, and "" when it could.
 */
export async function follow(address, goesOn, draw, tell) {
  let pause_s = 1;
  let etag = null;
  for (let going = true; going; ) {
    try {
      // Asked for by hand, as the browser's own cache would bring back an old duration.
      const headers = etag ? { "If-None-Match": etag } : {};
      const answer = await fetch(address, { cache: "no-store", headers });
      if (answer.status === 304) {
        tell("");
        pause_s = Math.min(1.5 * pause_s, 10);
      } else {
        const text = await answer.text();
        if (!answer.ok) throw new Error(reason(answer, text));
        const state = JSON.parse(text);
        tell("");
        draw(state);
        pause_s = 1;
        etag = answer.headers.get("ETag");
        going = goesOn(state);
      }
    } catch (error) {
      tell(error.message);
      pause_s = Math.min(2 * pause_s, 30);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 * pause_s));
    await looked();
  }
}

function looked() {
  if (!document.hidden) return null;
  return new Promise((resolve) =>
    document.addEventListener("visibilitychange", resolve, { once: true }),
  );
}

function reason(answer, text) {
  try {
    return JSON.parse(text).message;
  } catch {
    return `the server answered ${answer.status} ${answer.statusText}`;
  }
}
