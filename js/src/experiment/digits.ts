/** Numbers that stand below one another: as many digits as tell them apart, points aligned. Pure. */

import { exponential, number } from "../format.ts";

/** Digits of a typical value; values that lie close together get more. */
const DIGITS = 4;

const MOST_DECIMALS = 8;

/** A value that the shared decimals leave fewer digits of than these stands for itself. */
const LEAST_DIGITS = 2;

const formats = new Map<number, Intl.NumberFormat>();

/** How numbers like `values` are written. */
export function alike(values: number[]): (value: number) => string {
  return withDecimals(decimals(values));
}

/** As `alike`, with as many more digits as tell values apart that are not the same. */
export function toldApart(values: number[]): (value: number) => string {
  const different = [...new Set(values.filter(Number.isFinite))];
  const least = decimals(values);
  for (let places = least; places <= MOST_DECIMALS; places++) {
    const write = withDecimals(places);
    if (new Set(different.map(write)).size === different.length) return write;
  }
  return withDecimals(least);
}

function withDecimals(places: number): (value: number) => string {
  const fixed = formatOf(places);
  return (value) => {
    const size = Math.abs(value);
    if (!Number.isFinite(value) || size >= 1e9) return number(value);
    if (value !== 0 && size < 10 ** (LEAST_DIGITS - 1 - places)) return brief(value);
    return fixed.format(value);
  };
}

/** Digits after the point that numbers like `values` need; none where all are whole. */
function decimals(values: number[]): number {
  const known = values.filter((value) => Number.isFinite(value) && value !== 0);
  const sizes = known.map(Math.abs).sort((a, b) => a - b);
  const typical = sizes[sizes.length >> 1];
  if (typical === undefined) return 0;
  const range = Math.max(...known) - Math.min(...known);
  const forSize = DIGITS - 1 - Math.floor(Math.log10(typical));
  const forRange = range > 0 ? 1 - Math.floor(Math.log10(range)) : 0;
  // Two values that agree in more digits than anybody reads are as good as the same.
  const most = Math.min(MOST_DECIMALS, forSize + 3, Math.max(forSize, forRange));
  for (let places = 0; places < most; places++) {
    if (known.every((value) => isWritten(value, places))) return places;
  }
  return Math.max(0, most);
}

/** Whether nothing of a value is lost with so many decimals. */
function isWritten(value: number, places: number): boolean {
  const scaled = value * 10 ** places;
  return Math.abs(scaled - Math.round(scaled)) < 1e-9 * Math.abs(scaled);
}

function brief(value: number): string {
  return Math.abs(value) < 1e-4
    ? exponential(value, DIGITS - 2)
    : number(Number(value.toPrecision(DIGITS - 1)));
}

function formatOf(places: number): Intl.NumberFormat {
  // Kept: making one costs more than all that it then writes.
  const known =
    formats.get(places) ??
    new Intl.NumberFormat(undefined, {
      minimumFractionDigits: places,
      maximumFractionDigits: places,
    });
  formats.set(places, known);
  return known;
}
