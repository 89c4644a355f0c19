/** Numbers, times and sizes as a person reads them, in the reader's locale. Pure. */

const plain = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 6 });
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const tenths = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

const pad = (value: number) => String(value).padStart(2, "0");

/** `7 s`, `1 min 05 s`, `2 h 03 min`, `4 d 07 h`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${pad(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${pad(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86_400)} d ${pad(Math.floor((s % 86_400) / 3600))} h`;
}

/** How long something took that has ended, with the digits that tell short ones apart. */
export function took(seconds: number): string {
  if (seconds < 1e-3) return "< 1 ms";
  if (seconds < 1) return `${Math.round(1000 * seconds)} ms`;
  return seconds < 10 ? `${tenths.format(seconds)} s` : duration(seconds);
}

/** `just now`, `3 s ago`. */
export function ago(seconds: number): string {
  return seconds < 1 ? "just now" : `${duration(seconds)} ago`;
}

/** `just now`, `3 min ago`, `2 h ago`, `5 d ago`: as coarse as a glance is. */
export function roughly(seconds: number): string {
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** Up to six significant digits; very large and very small ones with an exponent. */
export function number(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  // A whole number says what it is for as long as a float tells it from its neighbours.
  if (size >= 1e5 && size < 1e12 && Number.isInteger(value)) return whole.format(value);
  if (size >= 1e9 || (size > 0 && size < 1e-4)) return exponential(value, 5);
  return plain.format(value);
}

const NOT_FINITE: Record<string, number> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};

/** A number as Python writes it in the reader's locale; a word, or more digits than a float has, as it is. */
export function local(text: string): string {
  const value = NOT_FINITE[text] ?? (/^-?\d/.test(text) ? Number(text) : null);
  const isExact = value !== null && (!/^-?\d+$/.test(text) || Number.isSafeInteger(value));
  return value !== null && isExact ? number(value) : text;
}

/** `1.5e-7`: at most `digits` after the point, without zeros at the end. */
export function exponential(value: number, digits: number): string {
  const places = Math.min(digits, 20);
  const [mantissa = "", exponent = "0"] = value.toExponential(places).split("e");
  const text = Number(mantissa).toLocaleString(undefined, { maximumFractionDigits: places });
  return `${text}e${Number(exponent)}`;
}

/** `950`, `12,500`, `3.2 M`. */
export function count(value: number): string {
  if (value < 100_000) return whole.format(value);
  const [size, unit] = value < 1e6 ? [1e3, "k"] : value < 1e9 ? [1e6, "M"] : [1e9, "G"];
  return `${short.format(value / size)} ${unit}`;
}

/** `512 B`, `1.2 kB`, `3.4 GB`; a kilobyte is 1,000 bytes. */
export function bytes(size: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = size;
  let unit = 0;
  // 999.95 would read "1,000 kB".
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? whole.format(value) : short.format(value)} ${units[unit]}`;
}

/** The time of day, with its date unless that is today. `at` is in seconds since the epoch. */
export function time(at: number, now: Date = new Date()): string {
  const date = new Date(1000 * at);
  if (Number.isNaN(date.getTime())) return "";
  return date.toDateString() === now.toDateString() ? clock.format(date) : calendar.format(date);
}

/** Date and time of day, also of today. `at` is in seconds since the epoch. */
export function dateTime(at: number): string {
  const date = new Date(1000 * at);
  return Number.isNaN(date.getTime()) ? "" : calendar.format(date);
}

/** `at` as machines write it, for `datetime` attributes. */
export function iso(at: number): string {
  const date = new Date(1000 * at);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/** `NotStarted` as `Not started`. */
export function words(status: string): string {
  return status.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
