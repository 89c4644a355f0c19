import type { Chart } from "../chart.ts";
import { h, list, write } from "../dom.ts";
import type { Frame } from "../figure.ts";
import { number } from "../format.ts";
import type { Model, RunChartModel } from "../model.ts";
import { nearest, type Range, type Series } from "../series.ts";

/**
 * What each line has where one points, or where the arrow keys have led.
 *
 * bqplot has no such thing: its tooltip knows the line, not the value.
 *
 * @returns a function to call after the chart was drawn anew
 */
export function readout(
  plot: HTMLElement,
  life: AbortSignal,
  model: Model<RunChartModel>,
  data: Chart,
  shape: () => Frame | null,
): () => void {
  const cross = h("div", { class: "rw-cross" });
  const dots = h("div", { class: "rw-dots" });
  const where = h("div", { class: "rw-where" });
  const values = h("ul");
  const box = h("div", { class: "rw-readout", role: "status" }, where, values);
  const layer = h("div", { class: "rw-overlay", hidden: true }, cross, dots, box);
  plot.append(layer);
  let x: number | null = null;

  function draw(): void {
    const frame = shape();
    const found =
      x === null || !frame ? [] : data.lines.map((line, k) => point(line, x as number, k));
    const points = found.filter((each): each is Point => each !== null);
    layer.hidden = points.length === 0;
    const at = closest(points, x ?? 0);
    if (!frame || at === null) return;
    const left = frame.left + frame.width * share(at, frame.x);
    cross.style.left = `${left}px`;
    cross.style.top = `${frame.top}px`;
    cross.style.height = `${frame.height}px`;
    write(where, `${model.get("x_label") || "x"} ${number(at)}`);
    const series = model.get("series");
    list(
      values,
      points,
      ({ k }) => String(k),
      () => h("li", {}, h("i"), h("span"), h("b")),
      (item, { k, y }) => {
        (item.children[0] as HTMLElement).style.color = series[k]?.color ?? "";
        write(item.children[1] as Element, series.length > 1 ? (series[k]?.name ?? "") : "");
        write(item.children[2] as Element, number(y));
      },
    );
    list(
      dots,
      points.filter(({ y }) => Number.isFinite(y)),
      ({ k }) => String(k),
      () => h("i"),
      (dot, { k, x, y }) => {
        dot.style.color = series[k]?.color ?? "";
        dot.style.left = `${frame.left + frame.width * share(x, frame.x)}px`;
        dot.style.top = `${frame.top + frame.height * (1 - share(y, frame.y))}px`;
      },
    );
    // On the side that has room, so that it never covers what is pointed at.
    const right = left > frame.left + frame.width / 2;
    box.style.left = right ? "" : `${left + 10}px`;
    box.style.right = right ? `${plot.clientWidth - left + 10}px` : "";
  }

  function point_at(event: PointerEvent): void {
    const frame = shape();
    if (!frame) return;
    const across = (event.clientX - plot.getBoundingClientRect().left - frame.left) / frame.width;
    x = frame.x[0] + Math.max(0, Math.min(1, across)) * (frame.x[1] - frame.x[0]);
    draw();
  }

  function leave(): void {
    x = null;
    draw();
  }

  function step(event: KeyboardEvent): void {
    const line = data.lines.reduce<Series | null>(
      (longest, each) => (each.length > (longest?.length ?? 0) ? each : longest),
      null,
    );
    if (!line) return;
    const last = line.length - 1;
    const here = x === null ? last : nearest(line.x, x, line.sorted);
    const stride = event.shiftKey ? Math.max(1, Math.round(line.length / 20)) : 1;
    const places: Record<string, number> = {
      ArrowLeft: x === null ? last : here - stride,
      ArrowRight: x === null ? last : here + stride,
      Home: 0,
      End: last,
    };
    if (event.key === "Escape") leave();
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    x = line.x[Math.max(0, Math.min(last, place))] ?? null;
    draw();
  }

  const options = { signal: life };
  plot.addEventListener("pointermove", point_at, options);
  plot.addEventListener("pointerleave", leave, options);
  plot.addEventListener("blur", leave, options);
  plot.addEventListener("keydown", step, options);
  return draw;
}

type Point = { k: number; x: number; y: number };

/** The point of a line that is nearest to `x`, or null where the line has none. */
function point(line: Series, x: number, k: number): Point | null {
  const place = nearest(line.x, x, line.sorted);
  return place < 0 ? null : { k, x: line.x[place] as number, y: line.y[place] as number };
}

/** The x nearest to `target` among `points`. */
function closest(points: Point[], target: number): number | null {
  const sorted = [...points].sort((a, b) => Math.abs(a.x - target) - Math.abs(b.x - target));
  return sorted[0]?.x ?? null;
}

function share(value: number, [min, max]: Range): number {
  return (value - min) / (max - min);
}
