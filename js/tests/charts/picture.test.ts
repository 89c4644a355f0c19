import { expect, test } from "vitest";

import { PLAIN, type Settings } from "../../src/charts/look.ts";
import { picture, steady, type Trace } from "../../src/charts/picture.ts";
import { Series } from "../../src/charts/series.ts";
import { smooth } from "../../src/charts/smooth.ts";

const SETTINGS: Settings = { ...PLAIN, filter: "", size: "medium" };
const NOWHERE = { x: null, y: null };
const AT = 1_700_000_000;

function trace(y: number[], { first = 0, hidden = false } = {}): Trace {
  const line = new Series();
  const x = Float64Array.from(y, (_, i) => first + i);
  line.append(
    x,
    Float64Array.from(y),
    Float64Array.from(y, (_, i) => AT + 2 * i),
  );
  const about = {
    name: "loss",
    color: "#000",
    dash: "solid",
    mark: 0,
    hidden,
    behind: false,
    column: false,
  };
  return { ...about, line, detail: null, whole: { line, detail: null }, across: null };
}
const draw = (
  y: number[],
  settings: Partial<Settings> = {},
  zoom: typeof NOWHERE | object = NOWHERE,
) =>
  picture(
    [trace(y, { first: 10 })],
    { ...SETTINGS, ...settings },
    { ...NOWHERE, ...zoom },
    100,
    AT - 5,
  );

test.each([
  ["step", [10, 11, 12]],
  ["relative", [0, 1, 2]],
  ["elapsed", [5, 7, 9]],
  ["time", [AT, AT + 2, AT + 4]],
] as const)("over %s", (x, places) => {
  const { curves, x: axis } = draw([3, 2, 1], { x });

  expect([...(curves[0]?.px ?? [])]).toEqual(places);
  expect(axis.range).toEqual([places[0], places[2]]);
});

test("what counts from the start begins there, where a first value came soon after", () => {
  const long = Array.from({ length: 1000 }, () => 1);

  expect(draw(long, { x: "elapsed" }).x.range).toEqual([0, 2003]);
  expect(draw(long, { x: "elapsed" }, { x: [5, 9] }).x.whole).toEqual([0, 2003]);
});

test("a smoothed line has the values as logged behind it, and the axis has room for both", () => {
  const { curves, raw, y } = draw([0, 10, 0, 10], { smoothing: 0.9 });

  expect([...(curves[0]?.y ?? [])]).toEqual([...smooth(Float64Array.of(0, 10, 0, 10), 0.9)]);
  expect([...(raw[0]?.y ?? [])]).toEqual([0, 10, 0, 10]);
  expect(y.range[1]).toBeGreaterThan(10);
});

test("without smoothing nothing is behind the line", () => {
  expect(draw([1, 2]).raw).toEqual([]);
});

test("what a logarithmic axis has no place for is counted", () => {
  const { unfit, y } = draw([-1, 0, 1, 100], { y_scale: "log" });

  expect(unfit).toBe(2);
  expect(y.range[0]).toBeLessThan(0);
  expect(y.range[1]).toBeGreaterThan(2);
});

test("so is a step that it has no place for", () => {
  const lines = [trace([1, 2, 3])];
  const settings: Settings = { ...SETTINGS, x_scale: "log" };

  expect(picture(lines, settings, NOWHERE, 100, AT).unfit).toBe(1);
});

test("outliers stay on the axis unless somebody asks, and then are marked", () => {
  const values = Array.from({ length: 100 }, (_, i) => (i === 50 ? 1e6 : i / 100));

  expect(draw(values).y.range[1]).toBeGreaterThan(1e6);
  expect(draw(values).outside).toEqual([]);
  const { y, outside } = draw(values, { clip: true });
  expect(y.range[1]).toBeLessThan(2);
  expect(outside.filter(({ above }) => above)).toEqual([{ px: 60, above: true }]);
});

test("a part has its points and one on each side, and an axis for what is in it", () => {
  const values = Array.from({ length: 100 }, (_, i) => i);
  const { curves, x, y } = draw(values, {}, { x: [30, 40] });

  expect([curves[0]?.x[0], curves[0]?.x.at(-1)]).toEqual([29, 41]);
  expect(x.range).toEqual([30, 40]);
  expect(x.whole).toEqual([10, 109]);
  expect(y.range[0]).toBeGreaterThan(19);
  expect(y.range[1]).toBeLessThan(31);
});

test("the first NaN and the first infinity are known by their steps, whatever the axis", () => {
  const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY];
  const { gaps, curves, y } = draw([1, 2, nan, 4, -inf, inf, nan], { x: "elapsed" });

  expect(gaps.map(({ value, step, px }) => [value, step, px])).toEqual([
    [nan, 12, 9],
    [-inf, 14, 13],
  ]);
  expect([...(curves[0]?.py ?? [])]).toEqual([1, 2, nan, 4, nan, nan, nan]);
  expect(y.range.every(Number.isFinite)).toBe(true);
});

test("an infinity is a gap, which no axis leaves out", () => {
  const drawn = draw([1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 4]);

  expect(drawn.gaps.map(({ value }) => value)).toEqual([Number.NEGATIVE_INFINITY]);
  expect(drawn.outside).toEqual([]);
});

test("a line put away takes no room", () => {
  const traces = [trace([1, 2]), trace([100, 200], { hidden: true })];

  const { curves, y, total } = picture(traces, SETTINGS, NOWHERE, 100, AT);

  expect(curves.length).toBe(1);
  expect(y.range[1]).toBeLessThan(3);
  expect(total).toBe(2);
});

test("an axis stays while what comes has room on it", () => {
  const axis = (y: number[]) => draw(y).x;
  const first = steady(axis([1, 2, 3, 4, 5]), null, true);
  expect(first).toEqual([10, 14.2]);

  expect(steady({ ...axis([1, 2, 3, 4, 5]), data: [10, 14.1] }, first, true)).toBe(first);
  expect(steady(axis([1, 2, 3, 4, 5, 6]), first, true)).toEqual([10, 15.25]);
});

test("an axis of values stays unless one leaves it, or it is far too wide", () => {
  const wide = draw([0, 10]).y;
  const first = steady(wide, null, false);

  expect(steady(draw([1, 10]).y, first, false)).toBe(first);
  expect(steady(draw([4, 5]).y, first, false)).not.toBe(first);
  expect(steady(draw([0, 11]).y, first, false)[1]).toBeGreaterThan(11);
});

test("a line of another run is drawn and makes room, but is none of this run's values", () => {
  const own = trace([3, 2]);
  const behind = { ...trace([9, 8, 7, Number.NaN]), behind: true, mark: -1 };

  const drawn = picture([own, behind], SETTINGS, NOWHERE, 100, AT);

  expect(drawn.curves).toHaveLength(2);
  expect(drawn.x.range[1]).toBeGreaterThanOrEqual(3);
  expect([drawn.shown, drawn.total, drawn.gaps.length]).toEqual([2, 2, 0]);
});

test("lines are drawn over another metric, and what has no partner is counted", () => {
  const own = trace([5, 4, 3, 2], { first: 0 });
  const other = trace([100, 50], { first: 1 }).line; // at steps 1 and 2
  const over = { ...own, across: { line: other, key: "x" as const } };

  const drawn = picture([over], { ...SETTINGS, x: "metric:tokens" }, NOWHERE, 100, AT);

  expect([...(drawn.curves[0]?.px ?? [])]).toEqual([Number.NaN, 100, 50, 50]);
  expect([drawn.unpaired, drawn.x.unit, drawn.x.range]).toEqual([1, "whole", [50, 100]]);
});

test("at a moment curves are as far as they were, smoothed ones too, on the axes of the whole", () => {
  const whole = trace([5, 4, 3, 2]); // two seconds between them
  const now = picture([whole], { ...SETTINGS, smoothing: 0.5 }, NOWHERE, 100, AT);
  const then = picture([whole], { ...SETTINGS, smoothing: 0.5 }, NOWHERE, 100, AT, AT + 3);

  expect([...(then.curves[0]?.y ?? [])]).toEqual([...(now.curves[0]?.y ?? [])].slice(0, 2));
  expect([...(then.raw[0]?.y ?? [])]).toEqual([5, 4]);
  expect([then.x.range, then.y.range]).toEqual([now.x.range, now.y.range]);
});
