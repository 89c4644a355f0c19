import { expect, test } from "vitest";

import { join } from "../../src/charts/join.ts";
import { Series } from "../../src/charts/series.ts";

function line(x: number[], y: number[], at = x): Series {
  const series = new Series();
  series.append(
    ...([x, y, at].map((values) => Float64Array.from(values)) as [never, never, never]),
  );
  return series;
}

const NAN = Number.NaN;

test("each point has the value of its own step, or the last one before it", () => {
  const loss = line([0, 1, 2, 3, 4, 5], [9, 8, 7, 6, 5, 4]);
  const epoch = line([1, 3], [0.5, 1]);

  const joined = join(loss, epoch, "x");

  expect([...joined.values]).toEqual([NAN, 0.5, 0.5, 1, 1, 1]);
  expect(joined).toMatchObject({ missing: 1, sorted: false, whole: false });
});

test("a value that is none, or that came later, is nobody's partner", () => {
  const joined = join(line([5, 6], [0, 0]), line([5, 6, 7], [1, NAN, 3]), "x");

  expect([...joined.values]).toEqual([1, 1]);
  expect(joined).toMatchObject({ missing: 0, sorted: true, whole: true });
});

test("without steps of their own, lines meet by time", () => {
  const joined = join(line([0, 1], [0, 0], [100, 200]), line([7, 8], [70, 80], [150, 250]), "at");

  expect([...joined.values]).toEqual([NAN, 70]);
});

test("a metric whose steps go back is walked in their order", () => {
  const joined = join(line([0, 1, 2], [0, 0, 0]), line([2, 0, 1], [20, 0, 10]), "x");

  expect([...joined.values]).toEqual([0, 10, 20]);
});

test("what is logged later finds its partners", () => {
  const [loss, epoch] = [line([0], [9]), line([0], [0])];
  join(loss, epoch, "x");

  loss.append(Float64Array.of(1), Float64Array.of(8), Float64Array.of(1));
  epoch.append(Float64Array.of(1), Float64Array.of(5), Float64Array.of(1));

  expect([...join(loss, epoch, "x").values]).toEqual([0, 5]);
});
