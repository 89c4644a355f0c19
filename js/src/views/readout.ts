import type { Chart } from "../charts/chart.ts";
import type { Frame } from "../charts/figure.ts";
import { soon } from "../charts/frames.ts";
import { share } from "../charts/paths.ts";
import { along, type Curve, smoothed, type Trace } from "../charts/picture.ts";
import { nearest, type Range, type Series } from "../charts/series.ts";
import { h, list, set, write } from "../dom.ts";
import { duration, number, time } from "../format.ts";

/** Pixels between what is pointed at and what is said of it. */
const ASIDE = 10;

/** How far beside it what is said of it may lie over lines, as a share of the plot. */
const REACH = 0.4;

/**
 * What each line has where one points, or where the arrow keys have led, here or in another chart.
 *
 * bqplot has no such thing: its tooltip knows the line, not the value.
 *
 * @returns a function to call after the chart was drawn anew
 */
export function readout(
  plot: HTMLElement,
  life: AbortSignal,
  data: Chart,
  shape: () => Frame | null,
): () => void {
  const cross = h("div", { class: "rw-cross" });
  const dots = h("div", { class: "rw-dots" });
  const where = h("div", { class: "rw-where" });
  const values = h("ul");
  const box = h("div", { class: "rw-readout" }, where, values);
  const layer = h("div", { class: "rw-overlay", hidden: true }, cross, dots, box);
  plot.append(layer);
  const { board } = data;
  let here = false;
  /** Whether what is said stands at the bottom, as the lines are above. */
  let isLow = false;
  /** The point that the keys have led to, as a line may pass one place more than once. */
  let held = { place: -1, x: Number.NaN };

  function draw(): void {
    const frame = shape();
    const { picture } = data;
    const x = board.x;
    const points = x === null || !frame || !picture ? [] : pointsAt(data, x);
    const at = closest(points, x ?? 0);
    const left = frame && picture && at ? frame.left + frame.width * share(at.px, frame.x) : 0;
    // Not outside of the part that is seen, nor far from where the pointer is in another chart.
    const near =
      here || (frame && picture && at && isNear(picture.x.map.to(x ?? 0), at.px, frame.x));
    const seen =
      near && frame !== null && left >= frame.left - 1 && left <= frame.left + frame.width + 1;
    layer.hidden = at === null || !seen;
    if (!frame || !picture || at === null || !seen) return;
    cross.style.left = `${left}px`;
    cross.style.top = `${frame.top}px`;
    cross.style.height = `${frame.height}px`;
    set(layer, "data-linked", String(!here));
    // Only where one is: a screen reader is not to hear fifty charts at once.
    set(box, "role", here ? "status" : null);
    write(where, place(data, at.x));
    const named = data.traces.length > 1;
    list(
      values,
      points,
      ({ trace }) => trace.name,
      () => h("li", {}, h("i"), h("span"), h("b"), h("small")),
      (item, { trace, y, raw }) => {
        const [swatch, name, value, logged] = item.children as unknown as HTMLElement[];
        if (!swatch || !name || !value || !logged) return;
        swatch.style.color = trace.color;
        set(swatch, "data-dash", trace.dash);
        write(name, named ? trace.name : "");
        write(value, number(y));
        write(logged, raw === null ? "" : number(raw));
      },
    );
    list(
      dots,
      points.filter(({ py }) => py >= frame.y[0] && py <= frame.y[1]),
      ({ trace }) => trace.name,
      () => h("i"),
      (dot, { trace, px, py }) => {
        dot.style.color = trace.color;
        dot.style.left = `${frame.left + frame.width * share(px, frame.x)}px`;
        dot.style.top = `${frame.top + frame.height * (1 - share(py, frame.y))}px`;
      },
    );
    // On the side that has room, and where the lines are not: it covers little, and is never cut off.
    const { first, last, lowest } = reach();
    const toLeft = left > frame.left + frame.width / 2;
    const across = toLeft
      ? `max(${first}px, ${left - ASIDE}px - 100%)`
      : `min(${left + ASIDE}px, ${last}px - 100%)`;
    const beside = toLeft ? [-REACH, 0] : [0, REACH];
    const [from, to] = beside.map((part) => at.px + part * (frame.x[1] - frame.x[0]));
    const height = meanHeight(picture.curves, [from ?? 0, to ?? 0], frame.y);
    // Not to and fro where it is about the middle.
    isLow = isLow ? height > 0.4 : height > 0.6;
    const top = isLow
      ? `max(${ASIDE}px, ${frame.top + frame.height - ASIDE}px - 100%)`
      : `${ASIDE}px`;
    box.style.translate = `${across} min(${top}, ${lowest}px - 100%)`;
  }

  /**
   * How far what is said may go, in pixels of the plot: where one points, over the charts beside,
   * but not over the panel's edges.
   */
  function reach(): { first: number; last: number; lowest: number } {
    const panel = here ? plot.closest(".rw-panel") : null;
    if (!panel) return { first: 0, last: plot.clientWidth, lowest: plot.clientHeight };
    const [whole, own] = [panel.getBoundingClientRect(), plot.getBoundingClientRect()];
    const [first, last] = [whole.left - own.left, whole.right - own.left];
    return { first, last, lowest: whole.bottom - own.top };
  }

  function pointAt(event: PointerEvent): void {
    const frame = shape();
    const { picture } = data;
    if (!frame || !picture) return;
    const across = (event.clientX - plot.getBoundingClientRect().left - frame.left) / frame.width;
    const place = frame.x[0] + Math.max(0, Math.min(1, across)) * (frame.x[1] - frame.x[0]);
    here = true;
    board.point(picture.x.map.from(place), data);
  }

  function leave(): void {
    here = false;
    board.point(null, data);
    draw();
  }

  function step(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const shown = data.traces.filter(({ hidden }) => !hidden);
    const trace = shown.reduce<Trace | null>(
      (longest, each) => (each.line.length > (longest?.line.length ?? 0) ? each : longest),
      null,
    );
    if (!trace) return;
    const line = trace.detail ?? trace.line;
    const axis = along(trace, line, board.settings.x, data.startedAt);
    const last = line.length - 1;
    const x = here ? board.x : null;
    const isHeld = held.x === x && held.place <= last;
    const near = x === null ? last : nearest(axis.values, x + axis.offset, axis.sorted);
    const now = isHeld ? held.place : near;
    const stride = event.shiftKey ? Math.max(1, Math.round(line.length / 20)) : 1;
    const places: Record<string, number> = {
      ArrowLeft: x === null ? last : now - stride,
      ArrowRight: x === null ? last : now + stride,
      Home: 0,
      End: last,
    };
    if (event.key === "Escape" && here) {
      event.stopPropagation();
      leave();
    }
    const to = places[event.key];
    if (to === undefined) return;
    event.preventDefault();
    here = true;
    const place = placed(axis.values, Math.max(0, Math.min(last, to)), Math.sign(to - now));
    const value = axis.values[place];
    held = { place, x: value === undefined ? Number.NaN : value - axis.offset };
    board.point(value === undefined ? null : held.x, data);
  }

  const options = { signal: life };
  plot.addEventListener("pointermove", pointAt, options);
  // What a finger has pointed at is read once it is lifted, and until another place is touched.
  plot.addEventListener("pointerdown", pointAt, options);
  plot.addEventListener("pointercancel", leave, options); // it scrolls the page
  plot.addEventListener(
    "pointerleave",
    ({ pointerType }) => {
      if (pointerType !== "touch") leave();
    },
    options,
  );
  plot.addEventListener("blur", leave, options);
  plot.addEventListener("keydown", step, options);
  board.on("pointed", life, () => {
    if (board.source === data) return draw();
    here = false;
    // The others when there is time for it, and only those that are on screen.
    if (shape() && plot.dataset.near !== "false") soon(draw);
  });
  life.addEventListener("abort", leave, { once: true });
  return draw;
}

/** `place`, or the next one on the way that has a place on the axis. */
function placed(values: Float64Array, place: number, direction: number): number {
  for (const way of [direction || -1, -direction || 1]) {
    for (let i = place; i >= 0 && i < values.length; i += way) {
      if (Number.isFinite(values[i])) return i;
    }
  }
  return place;
}

type Point = { trace: Trace; x: number; px: number; y: number; py: number; raw: number | null };

/** The point of each line that is nearest to `x`, of those that have any. */
function pointsAt(data: Chart, x: number): Point[] {
  const { picture, board } = data;
  if (!picture) return [];
  const { settings } = board;
  const isSmooth = picture.raw.length > 0;
  return picture.curves.flatMap(({ trace, scattered }) => {
    const placeOf = (line: Series, x: number) => {
      const axis = along(trace, line, settings.x, data.startedAt);
      const place = nearest(axis.values, x + axis.offset, axis.sorted);
      return { place, x: (axis.values[place] ?? Number.NaN) - axis.offset };
    };
    const line = trace.detail ?? trace.line;
    const found = placeOf(line, x);
    const px = picture.x.map.to(found.x);
    if (!Number.isFinite(px)) return [];
    const logged = line.y[found.place] as number;
    const hasRaw = isSmooth && !scattered;
    const smooth = hasRaw && smoothed(trace, settings)[placeOf(trace.whole.line, found.x).place];
    const y = typeof smooth === "number" ? smooth : logged;
    return [{ trace, x: found.x, px, y, py: picture.y.map.to(y), raw: hasRaw ? logged : null }];
  });
}

/** The point nearest to `target` among `points`. */
function closest(points: Point[], target: number): Point | null {
  const sorted = [...points].sort((a, b) => Math.abs(a.x - target) - Math.abs(b.x - target));
  return sorted[0] ?? null;
}

function isNear(one: number, other: number, [min, max]: Range): boolean {
  return Math.abs(one - other) <= 0.1 * (max - min);
}

/** How high up the lines are between two places, 0 at the bottom and 1 at the top; 0 where none is. */
function meanHeight(curves: Curve[], [from, to]: Range, y: Range): number {
  let [sum, size] = [0, 0];
  for (const { px, py } of curves) {
    px.forEach((place, i) => {
      const height = share(py[i] as number, y);
      if (!(place >= from && place <= to && height >= 0 && height <= 1)) return;
      sum += height;
      size += 1;
    });
  }
  return size > 0 ? sum / size : 0;
}

/** Where that is, in words. */
function place(data: Chart, x: number): string {
  const { settings } = data.board;
  if (settings.x === "time") return time(x);
  if (settings.x === "elapsed") return x < 60 ? `${number(x)} s` : duration(x);
  if (data.across?.chart) return `${data.across.name} ${number(x)}`;
  const label = data.model.get("x_label") || "x";
  return settings.x === "relative" ? `${label} +${number(x)}` : `${label} ${number(x)}`;
}
