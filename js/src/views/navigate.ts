import type { Chart } from "../charts/chart.ts";
import type { Frame } from "../charts/figure.ts";
import type { Axis } from "../charts/picture.ts";
import type { Range } from "../charts/series.ts";
import { marked, moved, type Part, scaled, settled } from "../charts/zoom.ts";
import { h } from "../dom.ts";

/** Pixels that a pointer moves before that is a stroke and no click. */
const STROKE = 4;

/**
 * Zooming and moving in a chart, by pointer, wheel and keys.
 *
 * The wheel alone scrolls the page, as it does everywhere else: it zooms with Ctrl, ⌘ or Alt.
 */
export function navigate(
  plot: HTMLElement,
  life: AbortSignal,
  data: Chart,
  shape: () => Frame | null,
): void {
  const box = h("div", { class: "rw-marked", hidden: true });
  plot.append(box);

  /** Look at the part of both axes whose places are these; null leaves an axis as it is. */
  function look(x: Part | undefined, y: Part | undefined): void {
    const { picture } = data;
    if (!picture) return;
    const values = (part: Part, axis: Axis): Part => part && (part.map(axis.map.from) as Range);
    data.look({
      ...(x !== undefined && { x: values(x, picture.x) }),
      ...(y !== undefined && { y: values(y, picture.y) }),
    });
  }

  /** Zoom in by a factor below 1, out by one above, around a share of the chart's width. */
  function zoom(factor: number, anchor: number): void {
    const [frame, picture] = [shape(), data.picture];
    if (!frame || !picture) return;
    const at = frame.x[0] + anchor * (frame.x[1] - frame.x[0]);
    const x = scaled(frame.x, factor, at, picture.x.whole);
    look(x, x === null ? null : undefined);
  }

  /** Move by a share of the chart's width and height. */
  function move(across: number, up: number, from: Frame | null = shape()): void {
    const { picture } = data;
    if (!from || !picture) return;
    const by = (range: Range, share: number, { whole, zoomed }: Axis) =>
      zoomed && share !== 0 ? moved(range, share * (range[1] - range[0]), whole) : undefined;
    look(by(from.x, across, picture.x), by(from.y, up, picture.y));
  }

  const reset = () => data.look({ x: null, y: null });

  function placeOf(event: PointerEvent, frame: Frame) {
    const rect = plot.getBoundingClientRect();
    const within = (value: number, most: number) => Math.max(0, Math.min(most, value));
    return {
      x: within(event.clientX - rect.left - frame.left, frame.width),
      y: within(event.clientY - rect.top - frame.top, frame.height),
    };
  }

  function stroke(down: PointerEvent): void {
    const frame = shape();
    // A finger scrolls the page.
    if (!frame || down.button !== 0 || down.pointerType === "touch") return;
    const from = placeOf(down, frame);
    const moves = down.shiftKey;
    const stroke = new AbortController();
    const signal = AbortSignal.any([life, stroke.signal]);
    let begun = false;
    const end = () => {
      stroke.abort();
      box.hidden = true;
      plot.classList.remove("rw-moving");
    };
    const drag = (event: PointerEvent) => {
      const to = placeOf(event, frame);
      const far = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY);
      if (!begun && far < STROKE) return;
      begun = true;
      if (moves) {
        plot.classList.add("rw-moving");
        move((from.x - to.x) / frame.width, (to.y - from.y) / frame.height, frame);
        return;
      }
      const part = marked(from, to, frame);
      const [left, right] = part.x ?? [0, frame.width];
      const [top, bottom] = part.y ?? [0, frame.height];
      box.hidden = false;
      box.style.left = `${frame.left + left}px`;
      box.style.top = `${frame.top + top}px`;
      box.style.width = `${right - left}px`;
      box.style.height = `${bottom - top}px`;
    };
    const lift = (event: PointerEvent) => {
      const [to, { picture }] = [placeOf(event, frame), data];
      end();
      if (!begun || moves || !picture) return;
      const part = marked(from, to, frame);
      const place = (range: Range, share: number) => range[0] + share * (range[1] - range[0]);
      const x = part.x?.map((each) => place(frame.x, each / frame.width)) as Range | undefined;
      const y = part.y?.map((each) => place(frame.y, 1 - each / frame.height)) as Range | undefined;
      look(x && settled(x, picture.x.whole), y && settled(y, picture.y.whole));
    };
    const options = { signal };
    window.addEventListener("pointermove", drag, options);
    window.addEventListener("pointerup", lift, options);
    window.addEventListener("pointercancel", end, options);
    window.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Escape") end();
      },
      options,
    );
  }

  function wheel(event: WheelEvent): void {
    const frame = shape();
    if (!frame || !(event.ctrlKey || event.metaKey || event.altKey)) return;
    event.preventDefault();
    const across = event.clientX - plot.getBoundingClientRect().left - frame.left;
    const anchor = Math.max(0, Math.min(1, across / frame.width));
    // A notch of a wheel, in whatever unit the browser counts.
    const notches = Math.max(-1, Math.min(1, event.deltaY / (event.deltaMode === 0 ? 100 : 3)));
    zoom(1.25 ** notches, anchor);
  }

  function key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey) return;
    const frame = shape();
    const { board, picture } = data;
    // Around what is read, if that is seen.
    const x = frame && picture && board.source === data && board.x !== null ? board.x : null;
    const at =
      x === null || !frame || !picture
        ? 0.5
        : (picture.x.map.to(x) - frame.x[0]) / (frame.x[1] - frame.x[0]);
    const acts: Record<string, () => void> = {
      "+": () => zoom(0.5, at),
      "=": () => zoom(0.5, at),
      "-": () => zoom(2, at),
      "0": reset,
      PageUp: () => move(-0.5, 0),
      PageDown: () => move(0.5, 0),
    };
    const act = acts[event.key];
    const moves = event.key.startsWith("Page");
    if (!act || event.altKey || (moves && !picture?.x.zoomed)) return;
    event.preventDefault();
    act();
  }

  const options = { signal: life };
  plot.addEventListener("pointerdown", stroke, options);
  plot.addEventListener("wheel", wheel, { ...options, passive: false });
  plot.addEventListener("keydown", key, options);
  plot.addEventListener("dblclick", reset, options);
}
