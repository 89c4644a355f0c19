import { expect, test } from "vitest";

import { visible } from "../../src/files/file_tree.ts";

const FILES = [
  { path: "outputs/model 10.pt", bytes: 10, modified_at: 3 },
  { path: "outputs/model 9.pt", bytes: 9, modified_at: 2 },
  { path: "outputs/plots/a.png", bytes: 1, modified_at: 5 },
  { path: "Sigmoid_1.png", bytes: 100, modified_at: 1 },
];

test("folders come before files, each in the order of its names", () => {
  const lines = visible(FILES, () => true);

  expect(lines.map(({ name, depth }) => `${"  ".repeat(depth)}${name}`)).toEqual([
    "outputs",
    "  plots",
    "    a.png",
    "  model 9.pt",
    "  model 10.pt",
    "Sigmoid_1.png",
  ]);
});

test("a folder tells what is in it, at any depth", () => {
  const [outputs] = visible(FILES, () => false);

  expect(outputs).toMatchObject({ bytes: 20, files: 3, modified_at: 5 });
});

test("what is in a closed folder is not there", () => {
  const lines = visible(FILES, (path) => path === "outputs");

  expect(lines.map(({ path }) => path)).toEqual([
    "outputs",
    "outputs/plots",
    "outputs/model 9.pt",
    "outputs/model 10.pt",
    "Sigmoid_1.png",
  ]);
});

test("a file may have the name of a folder, or none", () => {
  const lines = visible(
    [
      { path: "a/b", bytes: 1, modified_at: 0 },
      { path: "a", bytes: 1, modified_at: 0 },
      { path: "__proto__/x", bytes: 1, modified_at: 0 },
    ],
    () => true,
  );

  expect(lines.map(({ path }) => path)).toEqual(["__proto__", "__proto__/x", "a", "a/b", "a"]);
});
