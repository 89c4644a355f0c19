/** A chart as a file that somebody keeps: CSV, SVG or PNG, made here from what is drawn. */

import { count, iso } from "../format.ts";
import { type Frame, textWidth } from "./figure.ts";
import { gapLabels } from "./gap_labels.ts";
import { join } from "./join.ts";
import { DOT, dashes, dotsOf, pathOf, pen, share, svg } from "./paths.ts";
import type { Curve, Picture, Trace } from "./picture.ts";
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
const [INK, QUIET, GRID, PAPER, ALARM] = ["#1f2328", "#656d76", "#e4e6e9", "#ffffff", "#b3261e"];
const EDGE = 12;
/** Room for half of the last tick. */
const RIGHT = 20;
const HEAD = 26;
const ROW = 18;
/** Pixels of a line's sample in the legend, and what follows it and its name. */
const [SAMPLE, AFTER_SAMPLE, AFTER_NAME] = [18, 6, 16];

/** The chart as a picture of its own, on white paper, as large as it is on screen. */
export function svgOf(
  title: string,
  labels: { x: string; y: string },
  picture: Picture,
  seen: Frame,
): string {
  const width = seen.left + seen.width + RIGHT;
  const legend = picture.curves.length > 1 ? rowsOf(picture.curves, width - 2 * EDGE) : [];
  const lines = Math.max(0, ...legend.map(({ row }) => row + 1));
  const frame = { ...seen, top: seen.top + HEAD + lines * ROW };
  const bottom = frame.top + frame.height;
  const height = bottom + (labels.x ? 40 : 24);
  const text = (x: number, y: number, words: string, more: Record<string, string | number> = {}) =>
    svg("text", { x, y, fill: QUIET, style: `font: ${FONT}`, ...more }, legible(words));
  const line = (x1: number, y1: number, x2: number, y2: number, stroke = GRID) =>
    svg("line", { x1, y1, x2, y2, stroke });
  const el = svg("svg", {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
  });
  const heading = { fill: INK, style: "font: 600 13px system-ui, sans-serif" };
  el.append(
    svg("title", {}, legible(title)),
    svg("rect", { width, height, fill: PAPER }),
    // Bold and larger than what is measured.
    text(EDGE, 18, shortened(title, (width - 2 * EDGE) / 1.3), heading),
  );
  for (const { trace, name, x, row } of legend) {
    const y = HEAD + row * ROW + 5;
    const sample = { x1: x, y1: y, x2: x + SAMPLE, y2: y, stroke: trace.color, "stroke-width": 2 };
    el.append(svg("line", { ...sample, "stroke-dasharray": dashes(trace) }));
    el.append(text(x + SAMPLE + AFTER_SAMPLE, y + 4, name, { fill: INK }));
  }
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
  const [middle, center] = [frame.left + frame.width / 2, frame.top + frame.height / 2];
  const upwards = { "text-anchor": "middle", transform: `rotate(-90 ${EDGE} ${center})` };
  if (labels.x) el.append(text(middle, bottom + 32, labels.x, { "text-anchor": "middle" }));
  if (labels.y) el.append(text(EDGE, center, labels.y, upwards));

  const clip = svg("clipPath", { id: "plot" });
  const { left: x, top: y } = frame;
  clip.append(svg("rect", { x, y, width: frame.width, height: frame.height }));
  const curves = svg("g", { "clip-path": "url(#plot)", fill: "none" });
  for (const curve of picture.raw) {
    curves.append(svg("path", { d: pathOf(curve, frame), ...pen(curve, { isRaw: true }) }));
  }
  const dots = svg("g", { fill: "none", "stroke-width": DOT, "stroke-linecap": "round" });
  for (const curve of picture.curves) {
    curves.append(svg("path", { d: pathOf(curve, frame), ...pen(curve) }));
    const d = dotsOf(curve, frame);
    if (d) dots.append(svg("path", { d, stroke: curve.trace.color }));
  }
  el.append(clip, curves, dots);

  for (const gap of gapLabels(picture, frame)) {
    const anchor = gap.side === "left" ? "end" : "start";
    const aside = gap.side === "left" ? -4 : 4;
    el.append(line(gap.x, gap.top, gap.x, gap.top + 14, ALARM));
    el.append(text(gap.x + aside, gap.top + 11, gap.text, { fill: ALARM, "text-anchor": anchor }));
  }
  const outside = (isAbove: boolean) => {
    const n = picture.outside.filter(({ above }) => above === isAbove).length;
    return n > 0 ? `${count(n)} ${isAbove ? "above" : "below"}` : "";
  };
  el.append(text(frame.left + 5, frame.top + 12, outside(true)));
  el.append(text(frame.left + 5, bottom - 5, outside(false)));
  return new XMLSerializer().serializeToString(el);
}

/** Where each line's name is in the legend, in as many rows as they need. */
function rowsOf(curves: Curve[], width: number) {
  let [x, row] = [EDGE, 0];
  return curves.map(({ trace }) => {
    const name = shortened(trace.name, width - SAMPLE - AFTER_SAMPLE);
    const wide = SAMPLE + AFTER_SAMPLE + textWidth(name);
    if (x > EDGE && x + wide > EDGE + width) [x, row] = [EDGE, row + 1];
    const place = { trace, name, x, row };
    x += wide + AFTER_NAME;
    return place;
  });
}

/** As much of a text as has room. */
function shortened(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const letters = [...text];
  while (letters.length > 0 && textWidth(`${letters.join("")}…`) > width) letters.pop();
  return `${letters.join("")}…`;
}

/** A text without what XML cannot have: control characters and half surrogates. */
function legible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd");
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
  download(address, name);
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Give somebody what an address of this page's server has. */
export function download(address: string, name: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name.replace(/[^\p{L}\p{N}._ -]+/gu, "_").slice(-120);
  link.click();
}
