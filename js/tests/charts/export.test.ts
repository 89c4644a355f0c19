import { expect, test } from "vitest";

import { svgOf } from "../../src/charts/export.ts";
import type { Frame } from "../../src/charts/figure.ts";
import { PLAIN } from "../../src/charts/look.ts";
import { picture, type Trace } from "../../src/charts/picture.ts";
import { Series } from "../../src/charts/series.ts";

const FRAME: Frame = {
  ...{ left: 40, top: 8, width: 260, height: 120, x: [0, 4], y: [0, 4] },
  xTicks: { places: [0, 4], labels: ["0", "4"] },
  yTicks: { places: [0, 4], labels: ["0", "4"] },
};

function trace(name: string, y: number[]): Trace {
  const line = new Series();
  const x = Float64Array.from(y.keys());
  line.append(x, Float64Array.from(y), x);
  const about = { name, color: "#000", dash: "dashed", mark: 0, hidden: false };
  const kinds = { behind: false, column: false, across: null };
  return { ...about, ...kinds, line, detail: null, whole: { line, detail: null } };
}

function drawn(title: string, ...traces: Trace[]): Document {
  const settings = { ...PLAIN, filter: "", size: "medium" } as const;
  const seen = picture(traces, settings, { x: null, y: null }, 100, 0);
  const text = svgOf(title, { x: "step", y: "cos" }, seen, FRAME);
  return new DOMParser().parseFromString(text, "image/svg+xml");
}

const texts = (file: Document) => [...file.querySelectorAll("text")].map((el) => el.textContent);

test("a file says what the chart does: its axes, its lines with their dashes, the first gap", () => {
  const file = drawn("loss", trace("train", [1, 2, Number.NaN, 3]), trace("val", [1, 2, 3, 4]));

  expect(texts(file)).toEqual(
    expect.arrayContaining(["loss", "train", "val", "step", "cos", "NaN at 2"]),
  );
  expect(file.querySelectorAll("line[stroke-dasharray='10,10']")).toHaveLength(2);
  expect(file.querySelectorAll("path[d*='h0']")).toHaveLength(1);
});

test("a legend has the rows that it needs", () => {
  const names = Array.from({ length: 12 }, (_, i) => `a/long/name/of/a/metric/${i}`);
  const file = drawn("metric", ...names.map((name) => trace(name, [1, 2])));

  const width = Number(file.documentElement.getAttribute("width"));
  const lefts = [...file.querySelectorAll("line[stroke-width='2']")].map((el) =>
    Number(el.getAttribute("x1")),
  );
  expect(lefts).toHaveLength(12);
  expect(Math.max(...lefts)).toBeLessThan(width - 100);
});

test("any name leaves the file one that can be read", () => {
  const hostile = `<script>&"' \u0000\u001b[31m \ud800 ${"long ".repeat(100)}`;
  const file = drawn(hostile, trace(hostile, [1]), trace("b", [1]));

  expect(file.querySelector("parsererror, script")).toBeNull();
  expect(texts(file)[0]).toMatch(/^<script>.*…$/);
  expect(() => encodeURIComponent(file.documentElement.outerHTML)).not.toThrow();
});
