import fc from "fast-check";
import { expect, test } from "vitest";

import { prettyJson } from "../../src/files/json_text.ts";

test("objects have a line for each name, short lists one line", () => {
  expect(prettyJson('{"a":1,"b":[1,2 ,3],"c":{},"d":[],"e":[{"f":"[,]"}]}')).toBe(
    [
      "{",
      '  "a": 1,',
      '  "b": [1, 2, 3],',
      '  "c": {},',
      '  "d": [],',
      '  "e": [',
      "    {",
      '      "f": "[,]"',
      "    }",
      "  ]",
      "}",
    ].join("\n"),
  );
});

test("numbers stay as they are written", () => {
  expect(prettyJson("[123456789012345678901234567890,1.50,1e400]")).toBe(
    "[123456789012345678901234567890, 1.50, 1e400]",
  );
});

test("what is not JSON is not made any", () => {
  expect(prettyJson("{a: 1}")).toBeNull();
  expect(prettyJson('{"a": NaN}')).toBeNull();
  expect(prettyJson("")).toBeNull();
});

test("the value stays the same", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.parse(prettyJson(text) ?? "")).toEqual(JSON.parse(text));
    }),
  );
});

test("a text that is nothing but depth does not become endless", () => {
  const depth = 3000;
  const text = `${"[".repeat(depth)}${"]".repeat(depth)}`;
  expect((prettyJson(text) ?? "").length).toBeLessThan(100 * 2 * depth);
});
