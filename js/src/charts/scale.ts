/** How values become places along an axis, and which of them an axis names. Pure. */

import { tickLabels, ticks } from "./axis.ts";
import type { Range } from "./series.ts";

export type Scale = "linear" | "log" | "symlog";

/** What the numbers of an axis are. */
export type Unit = "number" | "whole" | "duration" | "clock";

/** From a value to its place and back; what has no place is NaN. */
export type Mapping = { scale: Scale; to(value: number): number; from(place: number): number };

const LINEAR: Mapping = { scale: "linear", to: (value) => value, from: (place) => place };

const LOG: Mapping = {
  scale: "log",
  to: (value) => (value > 0 ? Math.log10(value) : Number.NaN),
  from: (place) => 10 ** place,
};

/** How many powers of ten a symlog axis shows on each side, before it is straight around 0. */
const DECADES = 3;

/** The mapping of `scale` for values of at most `largest` in size, on which symlog depends. */
export function mapping(scale: Scale, largest = 1): Mapping {
  if (scale === "linear") return LINEAR;
  if (scale === "log") return LOG;
  const size = largest > 0 && Number.isFinite(largest) ? largest : 1;
  // By whole decades, so that the axis does not move with each new value.
  const straight = 10 ** Math.max(-300, Math.ceil(Math.log10(size)) - DECADES);
  return {
    scale,
    to: (value) => Math.sign(value) * Math.log10(1 + Math.abs(value) / straight),
    from: (place) => Math.sign(place) * straight * (10 ** Math.abs(place) - 1),
  };
}

export type Ticks = { places: number[]; labels: string[] };

/** Round values of an axis whose places are `range`, at most `most` or a few more. */
export function ticksOf(map: Mapping, unit: Unit, range: Range, most: number): Ticks {
  if (map.scale === "linear") {
    const values = unitTicks(unit, range, most);
    return { places: values, labels: labelsOf(unit, values) };
  }
  const [low, high] = [map.from(range[0]), map.from(range[1])];
  let values = powers(low, high, most).filter((value) => inside(map.to(value), range));
  // Less than two powers of ten: round values, as on a straight axis.
  if (values.length < 2) values = ticks([low, high], most).filter((v) => inside(map.to(v), range));
  const labels =
    unit === "duration"
      ? values.map((value) => labelsOf(unit, [value])[0] as string)
      : values.map((value) => (value === 0 ? "0" : (tickLabels([value])[0] as string)));
  return { places: values.map(map.to), labels };
}

function inside(place: number, [min, max]: Range): boolean {
  const room = 1e-9 * (max - min);
  return place >= min - room && place <= max + room;
}

/** Powers of ten between two values, 0 among them where they lie on both sides of it. */
function powers(low: number, high: number, most: number): number[] {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const sides = low < 0 && high > 0 ? 2 : 1;
  const smallest = low > 0 ? low : high < 0 ? -high : largest / 10 ** DECADES;
  const [first, last] = [
    Math.ceil(Math.log10(smallest) - 1e-9),
    Math.floor(Math.log10(largest) + 1e-9),
  ];
  const stride = Math.max(1, Math.ceil(((last - first + 1) * sides) / Math.max(1, most)));
  const values: number[] = low <= 0 && high >= 0 ? [0] : [];
  for (let power = last; power >= first; power -= stride) {
    const value = Number(`1e${power}`);
    if (value >= low && value <= high * (1 + 1e-9)) values.push(value);
    if (-value >= low * (1 + 1e-9) && -value <= high) values.unshift(-value);
  }
  return values.sort((a, b) => a - b);
}

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];
const STEPS_S = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100].map((n) => n * DAY),
];

function unitTicks(unit: Unit, range: Range, most: number): number[] {
  if (unit === "number" || unit === "whole") return ticks(range, most, unit === "whole");
  const wanted = (range[1] - range[0]) / Math.max(1, most);
  const step = STEPS_S.find((each) => each >= wanted) ?? DAY * Math.ceil(wanted / DAY);
  if (wanted < 0.5) return ticks(range, most);
  // Of the clock on the wall, which is not UTC's.
  const shift = unit === "clock" ? new Date(range[0] * 1000).getTimezoneOffset() * MINUTE : 0;
  const first = Math.ceil((range[0] - shift) / step - 1e-9);
  const last = Math.floor((range[1] - shift) / step + 1e-9);
  return Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, i) => (first + i) * step + shift,
  );
}

const two = (value: number) => String(value).padStart(2, "0");

function labelsOf(unit: Unit, values: number[]): string[] {
  if (unit === "number" || unit === "whole") return tickLabels(values);
  const [first = 0, second = first + (first || 1)] = values;
  const step = Math.abs(second - first);
  if (unit === "clock") return values.map((value) => clockLabel(value, step));
  if (step < 1) return tickLabels(values).map((text) => (text === "0" ? text : `${text} s`));
  return values.map((value) => durationLabel(value, step));
}

function durationLabel(value: number, step: number): string {
  const sign = value < 0 ? "−" : "";
  const s = Math.round(Math.abs(value));
  if (s === 0) return "0";
  if (step >= DAY && s % DAY === 0) return `${sign}${s / DAY} d`;
  if (s >= HOUR) {
    const [hours, minutes] = [Math.floor(s / HOUR), Math.floor((s % HOUR) / MINUTE)];
    if (step >= HOUR && s % HOUR === 0) return `${sign}${hours} h`;
    const seconds = step < MINUTE ? `:${two(s % MINUTE)}` : "";
    return `${sign}${hours}:${two(minutes)}${seconds} h`;
  }
  if (s >= MINUTE) {
    return s % MINUTE === 0
      ? `${sign}${s / MINUTE} min`
      : `${sign}${Math.floor(s / MINUTE)}:${two(s % MINUTE)} min`;
  }
  return `${sign}${s} s`;
}

const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const minutes = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const seconds = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

function clockLabel(value: number, step: number): string {
  const date = new Date(value * 1000);
  if (Number.isNaN(date.getTime())) return "";
  const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
  if (step >= DAY || (midnight && step >= HOUR)) return day.format(date);
  return (step < MINUTE ? seconds : minutes).format(date);
}
