/** How values become places along an axis, and which of them an axis names. Pure. */

import { exponential } from "../format.ts";
import { tickLabels, ticks } from "./axis.ts";
import type { Range } from "./series.ts";

export type Scale = "linear" | "log" | "symlog";

/** What the numbers of an axis are. */
export type Unit = "number" | "whole" | "duration" | "clock";

/** From a value to its place and back; what has no place, as nothing infinite has, is NaN. */
export type Mapping = { scale: Scale; to(value: number): number; from(place: number): number };

const finite = (value: number) => (Number.isFinite(value) ? value : Number.NaN);

const LINEAR: Mapping = { scale: "linear", to: finite, from: (place) => place };

/** The room that an axis has around the largest values may be beyond all floats. */
const bounded = (value: number, least: number) =>
  Math.max(least, Math.min(Number.MAX_VALUE, value));

const LOG: Mapping = {
  scale: "log",
  to: (value) => (value > 0 ? finite(Math.log10(value)) : Number.NaN),
  from: (place) => bounded(10 ** place, Number.MIN_VALUE),
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
    to: (value) => finite(Math.sign(value) * Math.log10(1 + Math.abs(value) / straight)),
    from: (place) => Math.sign(place) * bounded(straight * (10 ** Math.abs(place) - 1), 0),
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
  const seen = (values: number[]) => values.filter((value) => inside(map.to(value), range));
  const steps = seen(oneTwoFive(low, high));
  const decades = seen(powers(low, high, most));
  // 1, 2, 5, 10, … where there is room for all, or are too few powers of ten to go by.
  const isClose = steps.length > 2 && (steps.length <= most || decades.length < 2);
  const round = isClose ? steps : decades;
  if (round.length > 1) return placed(map, range, most, round, roundLabels(round, unit));
  const values = seen(ticks([low, high], most)); // as on a straight axis
  return placed(map, range, most, values, labelsOf(unit, values));
}

/** Put ticks in their places; of two that would touch, the one that is nearer to zero goes. */
function placed(
  map: Mapping,
  range: Range,
  most: number,
  values: number[],
  labels: string[],
): Ticks {
  const places = values.map(map.to);
  const apart = (range[1] - range[0]) / (2 * most);
  const kept: number[] = [];
  const size = (i: number) => Math.abs(values[i] as number) || Number.POSITIVE_INFINITY; // zero stays
  const order = [...values.keys()].sort((a, b) => size(b) - size(a));
  for (const i of order) {
    const touches = kept.some(
      (k) => Math.abs((places[k] as number) - (places[i] as number)) < apart,
    );
    if (!touches) kept.push(i);
  }
  kept.sort((a, b) => a - b);
  return {
    places: kept.map((i) => places[i] as number),
    labels: kept.map((i) => labels[i] as string),
  };
}

function inside(place: number, [min, max]: Range): boolean {
  const room = 1e-9 * (max - min);
  return place >= min - room && place <= max + room;
}

/** How many powers of ten lie between two that are named. */
const STRIDES = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200];

/** Powers of ten between two values, 0 among them where they lie on both sides of it. */
function powers(low: number, high: number, most: number): number[] {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const sides = low < 0 && high > 0 ? 2 : 1;
  const smallest = low > 0 ? low : high < 0 ? -high : largest / 10 ** DECADES;
  const first = Math.ceil(Math.log10(smallest) - 1e-9);
  const last = Math.floor(Math.log10(largest) + 1e-9);
  const count = (stride: number) => Math.floor(last / stride) - Math.ceil(first / stride) + 1;
  const stride = STRIDES.find((stride) => count(stride) * sides <= most) ?? 200;
  const start = Math.ceil(first / stride) * stride;
  let exponents = Array.from({ length: Math.max(0, count(stride)) }, (_, i) => start + i * stride);
  if (exponents.length < 2 && first < last) exponents = [first, last];
  const sizes = exponents.map((exponent) => Number(`1e${exponent}`));
  return [...sizes.map((size) => -size), ...(low <= 0 && high >= 0 ? [0] : []), ...sizes].sort(
    (a, b) => a - b,
  );
}

/** 1, 2, 5, 10, 20, … between two values above zero. */
function oneTwoFive(low: number, high: number): number[] {
  if (!(low > 0)) return [];
  const [first, last] = [Math.floor(Math.log10(low)), Math.floor(Math.log10(high))];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).flatMap((exponent) =>
    [1, 2, 5].map((digit) => Number(`${digit}e${exponent}`)),
  );
}

/** What round values say: each by itself, but all with exponents where one needs its own. */
function roundLabels(values: number[], unit: Unit): string[] {
  if (unit === "duration") return values.map((value) => labelsOf(unit, [value])[0] as string);
  const labels = values.map((value) => tickLabels([value])[0] as string);
  if (!labels.some((label) => label.includes("e"))) return labels;
  return values.map((value) =>
    Math.abs(value) <= 1 && Number.isInteger(value) ? String(value) : exponential(value, 0),
  );
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
