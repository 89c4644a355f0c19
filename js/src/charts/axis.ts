/** Where an axis begins, ends and has its ticks, and what they say. Pure. */

import { exponential } from "../format.ts";
import type { Range } from "./series.ts";

/** Beyond, the difference of two values may overflow; below, what is computed of one vanishes. */
const [LARGEST, SMALLEST] = [4e307, 1e-300];

/** The range an axis of values shows: a little more than the data, also where that is one value. */
export function padded(data: Range, share = 0.06): Range {
  const [low, high] = bounded(data);
  const pad = (high - low) * share;
  if (differ(low, high)) return [low - pad, high + pad];
  const room = Math.abs(low) < SMALLEST ? 1 : Math.abs(low) * 0.1;
  return [low - room, high + room];
}

/** The range an axis of steps shows: the data exactly, or half a step around a single one. */
export function tight(data: Range): Range {
  const [low, high] = bounded(data);
  if (differ(low, high)) return [low, high];
  const room = Math.max(0.5, Math.abs(low) * 1e-6);
  return [low - room, high + room];
}

function bounded(data: Range): Range {
  return data.map((value) => Math.max(-LARGEST, Math.min(LARGEST, value))) as Range;
}

/** Whether two numbers are further apart than their own precision. */
function differ(low: number, high: number): boolean {
  return high - low > Math.max(SMALLEST, 1e-12 * Math.max(Math.abs(low), Math.abs(high)));
}

/**
 * Round values within a range, evenly spaced: multiples of 1, 2 or 5 times a power of ten.
 *
 * @param most how many there is room for, at least 1
 * @param whole whether only whole numbers make sense, as for steps
 */
export function ticks([min, max]: Range, most: number, whole = false): number[] {
  const raw = (max - min) / Math.max(1, most);
  if (!(raw > 0)) return [min];
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((step) => step * power >= raw * (1 - 1e-9)) ?? 10;
  const step = whole ? Math.max(1, factor * power) : factor * power;
  const [first, last] = [Math.ceil(min / step - 1e-9), Math.floor(max / step + 1e-9)];
  // By division where the step is a fraction: 3 / 10 is 0.3, 3 * 0.1 is not.
  const inverse = Math.round(1 / step);
  const value = (i: number) => (step < 1 && inverse < 1e15 ? i / inverse : i * step) + 0;
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => value(first + i));
}

const UNITS: [size: number, unit: string][] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** What `values`, evenly spaced, say on an axis: short, of one form, each different. */
export function tickLabels(values: number[]): string[] {
  const largest = Math.max(...values.map(Math.abs));
  const step =
    values.length > 1 ? Math.abs((values[1] as number) - (values[0] as number)) : largest;
  if (largest >= 1e15 || largest < 1e-4) {
    const digits = Math.max(0, Math.floor(Math.log10(largest)) - Math.floor(Math.log10(step)));
    return values.map((value) => (value === 0 ? "0" : exponential(value, digits)));
  }
  const plain = values.map(fixed(1, "", decimals(step)));
  const [size, unit] = (largest >= 1e5 && UNITS.find(([size]) => size <= largest)) || [1, ""];
  const short = values.map(fixed(size, unit, decimals(step / size)));
  // 1,000,002 and 1,000,004 in millions would be no shorter, 40,001,500,000 in billions is.
  const isShort = decimals(step / size) <= 2 || longest(short) + 3 < longest(plain);
  return isShort ? short : plain;
}

function longest(texts: string[]): number {
  return Math.max(...texts.map(({ length }) => length));
}

/** How many digits after the point tell multiples of `step` apart. */
function decimals(step: number): number {
  if (!(step > 0)) return 0;
  for (let digits = 0; digits < 20; digits++) {
    const scaled = step * 10 ** digits;
    if (scaled > 0.5 && Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return digits;
  }
  return 20;
}

const formats = new Map<number, Intl.NumberFormat>();

function fixed(size: number, unit: string, digits: number): (value: number) => string {
  const places = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  // Kept: making one costs more than all that it then writes.
  const format = formats.get(digits) ?? new Intl.NumberFormat(undefined, places);
  formats.set(digits, format);
  return (value) => (value === 0 ? "0" : `${format.format(value / size)}${unit}`);
}
