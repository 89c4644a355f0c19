/** A chart as a file that somebody keeps: CSV, SVG or PNG, made here from what is drawn. */

import { iso } from "../format.ts";
import type { Frame } from "./figure.ts";
import { join } from "./join.ts";
import { pathOf, STROKES, share, svg } from "./paths.ts";
import type { Picture, Trace } from "./picture.ts";
import type { Series } from "./series.ts";

/**
 * Every point that is here, a row for each: the line, its x, its time and its value.
 *
 * @param over the metric that they are drawn over, whose value at each is then told too
 */
export function csvOf(
  traces: Trace[],
  xLabel: string,
  raw: (trace: Trace) => Series,
  over: string | null = null,
): string {
  const more = over === null ? [] : [over];
  const rows = [["line", xLabel || "x", "time", "value", ...more].map(cell).join(",")];
  for (const trace of traces) {
    const line = raw(trace);
    const name = cell(trace.name);
    const others = trace.across && join(line, trace.across.line, trace.across.key).values;
    line.x.forEach((x, i) => {
      const row = [name, x, iso(line.at[i] as number), line.y[i]];
      if (over !== null) row.push(others?.[i] ?? "");
      rows.push(row.join(","));
    });
  }
  return `${rows.join("\r\n")}\r\n`;
}

/** A text in a CSV file; a spreadsheet is not to take it for a formula. */
export function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const FONT = "11px system-ui, sans-serif";
const [INK, GRID, PAPER] = ["#1f2328", "#e4e6e9", "#ffffff"];
const HEAD = 26;
const LEGEND = 18;

/** The chart as a picture of its own, on white paper, as large as it is on screen. */
export function svgOf(
  title: string,
  labels: { x: string; y: string },
  picture: Picture,
  seen: Frame,
): string {
  const legend = picture.curves.length > 1 ? LEGEND : 0;
  const frame = { ...seen, top: seen.top + HEAD + legend };
  const bottom = frame.top + frame.height;
  const [width, height] = [frame.left + frame.width + 12, bottom + 40];
  const text = (x: number, y: number, words: string, more: Record<string, string | number> = {}) =>
    svg("text", { x, y, fill: INK, style: `font: ${FONT}`, ...more }, words);
  const line = (x1: number, y1: number, x2: number, y2: number) =>
    svg("line", { x1, y1, x2, y2, stroke: GRID });
  const el = svg("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
  });
  el.append(
    svg("rect", { width, height, fill: PAPER }),
    text(frame.left, 18, title, { style: "font: 600 13px system-ui, sans-serif" }),
  );
  seen.xTicks.places.forEach((place, i) => {
    const x = frame.left + frame.width * share(place, frame.x);
    const label = seen.xTicks.labels[i] ?? "";
    el.append(line(x, frame.top, x, bottom));
    el.append(text(x, bottom + 15, label, { "text-anchor": "middle" }));
  });
  seen.yTicks.places.forEach((place, i) => {
    const y = frame.top + frame.height * (1 - share(place, frame.y));
    const label = seen.yTicks.labels[i] ?? "";
    el.append(line(frame.left, y, frame.left + frame.width, y));
    el.append(text(frame.left - 6, y + 4, label, { "text-anchor": "end" }));
  });
  const middle = frame.left + frame.width / 2;
  el.append(text(middle, bottom + 32, labels.x, { "text-anchor": "middle" }));
  const clip = svg("clipPath", { id: "plot" });
  const { left: x, top: y } = frame;
  clip.append(svg("rect", { x, y, width: frame.width, height: frame.height }));
  const curves = svg("g", { "clip-path": "url(#plot)", fill: "none" });
  for (const [opacity, drawn] of [
    [0.28, picture.raw],
    [1, picture.curves],
  ] as const) {
    for (const curve of drawn) {
      const { color: stroke, dash } = curve.trace;
      const dashes = STROKES[dash] ?? "none";
      const pen = {
        stroke,
        "stroke-opacity": curve.trace.behind ? 0.6 * opacity : opacity,
        "stroke-width": 1.5,
        "stroke-dasharray": dashes,
      };
      curves.append(svg("path", { d: pathOf(curve, frame), "stroke-linecap": "round", ...pen }));
    }
  }
  el.append(clip, curves);
  let left = frame.left;
  for (const { trace } of legend ? picture.curves : []) {
    el.append(svg("rect", { x: left, y: HEAD + 3, width: 14, height: 3, fill: trace.color }));
    el.append(text(left + 19, HEAD + 9, trace.name));
    left += 34 + 6.2 * trace.name.length;
  }
  return new XMLSerializer().serializeToString(el);
}

/** The same as a PNG, twice as fine. */
export async function pngOf(picture: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * image.width;
  canvas.height = 2 * image.height;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser draws no pictures");
  pen.scale(2, 2);
  pen.drawImage(image, 0, 0);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture came of it"))));
  });
}

/** Give somebody a file. */
export function save(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name.replace(/[^\p{L}\p{N}._ -]+/gu, "_").slice(-120);
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
