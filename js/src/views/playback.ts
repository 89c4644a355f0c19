import { svg } from "../charts/paths.ts";
import type { Range } from "../charts/series.ts";
import { every, h, set, write } from "../dom.ts";
import { duration, iso, time } from "../format.ts";
import { isFinal } from "../model.ts";
import { activity, type PastRun } from "../run/past.ts";

/** How fast it plays: seconds of the run in one second, or all of it in so many. */
const SPEEDS = {
  "all-30": "all in 30 s",
  "all-10": "all in 10 s",
  "1": "1×",
  "10": "10×",
  "60": "60×",
  "600": "600×",
} as const;
type Speed = keyof typeof SPEEDS;

/** Shares of the whole that the keys move by. */
const STRIDE = 1 / 200;
const LONG_STRIDE = 1 / 20;

/** After a pause of the page, what counts as gone by; in seconds. */
const LONGEST_FRAME_S = 0.25;

/** How often it moves for readers who want less motion. */
const CALM_S = 1;

const BINS = 160;

/** A button that leads back into the run's time, and the bar that then says to when. */
export function playback(
  run: PastRun,
  life: AbortSignal,
): { button: HTMLElement; bar: HTMLElement } {
  const { board } = run;
  const button = h(
    "button",
    {
      type: "button",
      class: "rw-button rw-playback-open",
      title: "Replay it: see the run as it was at any moment",
      onclick: () => (board.moment === null ? enter() : leave()),
    },
    "Play back",
  );
  const play = h("button", { type: "button", class: "rw-button rw-play", onclick: toggle });
  const when = h("output", { class: "rw-playback-when" }, h("b"), h("span"));
  const density = svg("svg", { class: "rw-playback-activity", "aria-hidden": "true" });
  density.setAttribute("viewBox", `0 0 ${BINS} 1`);
  density.setAttribute("preserveAspectRatio", "none");
  const slider = h("input", {
    type: "range",
    class: "rw-playback-slider",
    min: 0,
    max: 1,
    step: "any",
    "aria-label": "Moment of the run",
  });
  slider.addEventListener("input", () => {
    const [from, to] = span;
    const moment = from + slider.valueAsNumber * (to - from);
    stop(); // which puts the slider where the run is seen
    board.go(moment);
  });
  const speed = h(
    "select",
    { class: "rw-select", "aria-label": "Speed", title: "How fast it plays" },
    ...Object.entries(SPEEDS).map(([value, text]) => h("option", { value }, text)),
  );
  speed.value = "all-30";
  const close = h(
    "button",
    {
      type: "button",
      class: "rw-button",
      title: "Show the run as it is now (Escape)",
      onclick: () => leave(),
    },
    "Back to now",
  );
  const bar = h(
    "section",
    {
      class: "rw-playback",
      "aria-label": "Play back",
      "data-lm-suppress-shortcuts": "true",
      hidden: true,
    },
    play,
    h("div", { class: "rw-playback-track" }, density, slider),
    when,
    speed,
    close,
  );
  bar.addEventListener("keydown", keys);

  let span: Range = [0, 0];
  let frame = 0;
  let last = 0;

  function enter(): void {
    board.go(run.span[1]);
    slider.focus();
  }

  function leave(): void {
    const inside = bar.contains(document.activeElement);
    stop();
    board.go(null);
    if (inside) button.focus();
  }

  // -- playing --

  function toggle(): void {
    if (frame) {
      stop();
      return;
    }
    const [from, to] = span;
    if ((board.moment ?? to) >= to) board.go(from);
    last = performance.now();
    frame = requestAnimationFrame(step);
    draw();
  }

  function stop(): void {
    cancelAnimationFrame(frame);
    frame = 0;
    draw();
  }

  function step(now: number): void {
    if (life.aborted || board.moment === null) return;
    frame = requestAnimationFrame(step);
    const passed = (now - last) / 1000;
    if (isCalm() && passed < CALM_S) return;
    last = now;
    const seconds = isCalm() ? passed : Math.min(LONGEST_FRAME_S, passed);
    const to = span[1];
    const next = board.moment + seconds * rate();
    if (next >= to) stop();
    board.go(Math.min(to, next));
  }

  function rate(): number {
    const chosen = speed.value as Speed;
    if (!chosen.startsWith("all-")) return Number(chosen);
    return (span[1] - span[0]) / Number(chosen.slice(4));
  }

  // -- by the keys --

  function keys(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      leave();
      return;
    }
    if (event.target !== slider) return;
    const [from, to] = span;
    const here = board.moment ?? to;
    const stride = (to - from) * (event.shiftKey ? LONG_STRIDE : STRIDE);
    const places: Record<string, number> = {
      ArrowLeft: here - stride,
      ArrowDown: here - stride,
      ArrowRight: here + stride,
      ArrowUp: here + stride,
      PageDown: here - 2 * LONG_STRIDE * (to - from),
      PageUp: here + 2 * LONG_STRIDE * (to - from),
      Home: from,
      End: to,
    };
    const place = places[event.key];
    if (place === undefined && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    if (place === undefined) {
      toggle();
      return;
    }
    stop();
    board.go(Math.max(from, Math.min(to, place)));
  }

  // -- drawing --

  function draw(): void {
    const { moment } = board;
    const isOpen = moment !== null;
    const isOver = isFinal(run.factsNow);
    // Another view of the run may have gone back.
    if (isOpen && bar.hidden) measure();
    bar.hidden = !isOpen;
    set(button, "aria-expanded", String(isOpen));
    write(close, isOver ? "Back to the end" : "Back to now");
    set(play, "data-playing", frame !== 0);
    set(play, "aria-label", frame ? "Pause" : "Play");
    set(play, "title", frame ? "Pause (space)" : "Play (space)");
    if (!isOpen) return;
    const [from, to] = span;
    const share = to > from ? (moment - from) / (to - from) : 1;
    slider.value = String(share);
    bar.style.setProperty("--rw-share", `${100 * share}%`);
    const after = `${duration(moment - from)} of ${duration(to - from)}`;
    set(slider, "aria-valuetext", `${after}, ${time(moment)}`);
    write(when.children[0] as Element, after);
    write(when.children[1] as Element, time(moment));
    set(when, "title", iso(moment));
  }

  function measure(): void {
    span = run.span;
    const d = activity(run, span, BINS)
      .map((share, i) => (share > 0 ? `M${i} 1V${1 - share}H${i + 0.8}V1Z` : ""))
      .join("");
    density.replaceChildren(svg("path", { d }));
  }

  board.on("moment", life, draw);
  // A run that goes on has more to see with each second.
  every(1, life, () => {
    if (board.moment === null || isFinal(run.factsNow)) return;
    measure();
    draw();
  });
  run.on("change:facts change:charts change:metrics", offer);
  life.addEventListener(
    "abort",
    () => {
      cancelAnimationFrame(frame);
      run.off("change:facts change:charts change:metrics", offer);
    },
    { once: true },
  );

  /** Nothing to go back to: a run that has logged nothing, or has not begun. */
  function offer(): void {
    if (board.moment !== null) return;
    const [from, to] = run.span;
    button.hidden = !(to > from) || run.get("metrics").length === 0;
  }

  offer();
  draw();
  return { button, bar };
}

function isCalm(): boolean {
  return globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false;
}
