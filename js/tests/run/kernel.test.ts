import { expect, test, vi } from "vitest";

import { kernelOf } from "../../src/run/kernel.ts";
import { buffer, fakeRun } from "../fake_model.ts";

const PART = { over: "x", from: 0, to: 9, points: 100 } as const;

function runOfKernel() {
  const send = vi.fn();
  const run = Object.assign(fakeRun(), { comm_live: true, send });
  const answer = (request: number, ...columns: number[][]) =>
    run.trigger(
      "msg:custom",
      { type: "series", request, total: 9, inside: 2 },
      columns.map(buffer),
    );
  return { run, send, answer };
}

test("without a kernel there is nobody to ask", () => {
  expect(kernelOf(fakeRun())).toBeNull();
  expect(kernelOf(Object.assign(runOfKernel().run, { comm_live: false }))).toBeNull();
});

test("a kernel is asked for a part, and what it says is that part", async () => {
  const { run, send, answer } = runOfKernel();
  const part = kernelOf(run)?.series("loss", PART);
  expect(send).toHaveBeenCalledWith({ type: "series", request: 1, name: "loss", ...PART }, {});

  answer(1, [1, 2], [3, 4], [5, 6]);

  const stretch = await part;
  expect([stretch?.total, stretch?.inside]).toEqual([9, 2]);
  expect([stretch?.x, stretch?.y, stretch?.at]).toEqual(
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ].map((column) => Float64Array.from(column)),
  );
});

test("an answer to what nobody waits for any more is let go", async () => {
  const { run, answer } = runOfKernel();
  kernelOf(run)?.series("loss", PART);
  const second = kernelOf(run)?.series("loss", PART);

  answer(1, [1], [1], [1]);
  answer(2, [2], [2], [2]);

  expect((await second)?.x).toEqual(Float64Array.of(2));
});

test("what the kernel cannot read is an error", async () => {
  const { run } = runOfKernel();
  const part = kernelOf(run)?.series("loss", PART);

  run.trigger("msg:custom", { type: "series", request: 1, problem: "no run 'r1'" }, []);

  await expect(part).rejects.toThrow("no run 'r1'");
});
