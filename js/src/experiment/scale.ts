/** Axes of any kind: where a value is on it, and what its ticks are and say. Pure. */

import { tickLabels, ticks } from "../charts/axis.ts";
import type { Range } from "../charts/series.ts";
import { duration, number } from "../format.ts";

export type Axis = {
  range: Range;
  form: "number" | "time" | "duration" | "words";
  label: string;
  log?: boolean;
  /** Only whole numbers make sense. */
  whole?: boolean;
  /** Of a "words" axis: the word at 0, 1, 2, … */
  words?: string[];
  /** The only values on it, where those are few; rising. */
  only?: number[];
};

export type Tick = { value: number; text: string };

/** Where a value is between an axis' ends: 0 to 1 within, NaN where it has no place. */
export function share(axis: Axis, value: number): number {
  const [min, max] = axis.range;
  if (!axis.log) return max > min ? (value - min) / (max - min) : 0.5;
  if (!(value > 0)) return Number.NaN;
  return Math.log(value / min) / Math.log(max / min);
}

/** The value at a place between an axis' ends. */
export function valueAt(axis: Axis, place: number): number {
  const [min, max] = axis.range;
  return axis.log ? min * (max / min) ** place : min + (max - min) * place;
}

/** A range for positive values on a logarithmic axis; null where there are none. */
export function logRange(values: Iterable<number>): Range | null {
  let [min, max] = [Number.POSITIVE_INFINITY, 0];
  for (const value of values) {
    if (!(value > 0) || !Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (max === 0) return null;
  const room = max > min ? (max / min) ** 0.04 : 2;
  return [min / room, max * room];
}

/** At most `most` ticks. */
export function ticksOf(axis: Axis, most: number): Tick[] {
  if (axis.form === "words") return wordTicks(axis, most);
  if (axis.only && isRoomFor(axis, axis.only, most)) {
    return axis.only.map((value) => ({ value, text: number(value) }));
  }
  if (axis.log)
    return axis.form === "duration" ? longTicks(axis.range, most) : logTicks(axis.range, most);
  if (axis.form === "time") return timeTicks(axis.range, most);
  if (axis.form === "duration") return durationTicks(axis.range, most);
  const values = ticks(axis.range, most, axis.whole);
  const texts = tickLabels(values);
  return values.map((value, i) => ({ value, text: texts[i] ?? "" }));
}

/** Whether values are as far apart as even ticks would be. */
function isRoomFor(axis: Axis, values: number[], most: number): boolean {
  const places = values.map((value) => share(axis, value));
  return places.every((place, i) => i === 0 || place - (places[i - 1] as number) >= 1 / most);
}

function wordTicks({ words = [], range: [min, max] }: Axis, most: number): Tick[] {
  const stride = Math.max(1, Math.ceil(words.length / Math.max(1, most)));
  return words
    .map((text, value) => ({ value, text }))
    .filter(({ value }) => value % stride === 0 && value >= min && value <= max);
}

function logTicks([min, max]: Range, most: number): Tick[] {
  const [first, last] = [Math.floor(Math.log10(min)), Math.ceil(Math.log10(max))];
  const decades = Math.max(1, Math.log10(max / min));
  const factors = decades * 3 <= most ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / Math.max(1, most)));
  const found: Tick[] = [];
  for (let power = first; power <= last; power += stride) {
    for (const factor of factors) {
      // Read as written, so that 1e-3 is not 0.0010000000000000002.
      const value = Number(`${factor}e${power}`);
      if (value >= min && value <= max) found.push({ value, text: logText(value, factor, power) });
    }
  }
  return found.length > 1
    ? found
    : [min, max].map((value) => ({ value, text: value.toPrecision(2) }));
}

function logText(value: number, factor: number, power: number): string {
  return power >= -3 && power < 5 ? String(value) : `${factor}e${power}`;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const STEPS = [
  1,
  2,
  5,
  10,
  15,
  30,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
  90 * DAY,
  365 * DAY,
];

function stepOf([min, max]: Range, most: number): number {
  const raw = (max - min) / Math.max(1, most);
  return STEPS.find((step) => step >= raw) ?? 365 * DAY * Math.ceil(raw / (365 * DAY));
}

function multiples([min, max]: Range, step: number, offset = 0): number[] {
  const first = Math.ceil((min - offset) / step) * step + offset;
  const count = Math.max(0, Math.floor((max - first) / step) + 1);
  return Array.from({ length: Math.min(count, 1000) }, (_, i) => first + i * step);
}

function durationTicks(range: Range, most: number): Tick[] {
  if (range[1] - range[0] < most) {
    const [size, unit] = range[1] < 1 ? [1e-3, "ms"] : [1, "s"];
    const values = ticks([range[0] / size, range[1] / size], most);
    const texts = tickLabels(values);
    return values.map((value, i) => ({ value: value * size, text: `${texts[i]} ${unit}` }));
  }
  const step = stepOf(range, most);
  const text = (value: number) =>
    value < MINUTE || step < MINUTE
      ? duration(value)
      : duration(value).replace(/ 00 (s|min|h)$/, "");
  return multiples(range, step).map((value) => ({ value, text: text(value) }));
}

/** About ten times as much from one to the next. */
const LONGER: [seconds: number, text: string][] = [
  [1e-3, "1 ms"],
  [1e-2, "10 ms"],
  [0.1, "100 ms"],
  [1, "1 s"],
  [10, "10 s"],
  [MINUTE, "1 min"],
  [10 * MINUTE, "10 min"],
  [HOUR, "1 h"],
  [10 * HOUR, "10 h"],
  [DAY, "1 d"],
  [10 * DAY, "10 d"],
  [100 * DAY, "100 d"],
];

/** Ticks of durations on a logarithmic axis. */
function longTicks([min, max]: Range, most: number): Tick[] {
  const within = LONGER.filter(([value]) => value >= min && value <= max);
  if (within.length < 2) return durationTicks([min, max], most);
  const stride = Math.max(1, Math.ceil(within.length / Math.max(1, most)));
  return within.filter((_, i) => i % stride === 0).map(([value, text]) => ({ value, text }));
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const seconds = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const instant = new Intl.DateTimeFormat(undefined, {
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 1,
});
const date = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

function timeTicks(range: Range, most: number): Tick[] {
  if (range[1] - range[0] < most) {
    // In parts of a second, counted from a whole one: of the time of day few digits are left.
    const from = Math.floor(range[0]);
    return ticks([range[0] - from, range[1] - from], most).map((part) => ({
      value: from + part,
      text: instant.format(1000 * (from + part)),
    }));
  }
  const step = stepOf(range, most);
  const offset = new Date(1000 * range[0]).getTimezoneOffset() * MINUTE;
  const format = step < MINUTE ? seconds : step < DAY ? clock : date;
  return multiples(range, step, offset).map((value) => ({
    value,
    text: format.format(1000 * value),
  }));
}
