import fc from "fast-check";
import { expect, test } from "vitest";

import { type Span, Terminal, WIDTH } from "../../src/logs/terminal.ts";

function shown(...texts: string[]): string[] {
  const terminal = new Terminal();
  for (const text of texts) terminal.write(text);
  return terminal.rows.map(({ spans }) => spans.map((span) => span.text).join(""));
}

function spans(text: string): Span[] {
  const terminal = new Terminal();
  terminal.write(text);
  return terminal.rows[0]?.spans ?? [];
}

test("lines are rows, the last one also before it ends", () => {
  expect(shown("a\nb\r\nc")).toEqual(["a", "b", "c"]);
});

test("an empty line is a row as soon as another follows it", () => {
  expect(shown("a\n\nb")).toEqual(["a", "", "b"]);
});

test("a progress bar is the one it became", () => {
  expect(shown("\r 10%|#   |", "\r 50%|##  |", "\r100%|####|\ndone\n")).toEqual([
    "100%|####|",
    "done",
  ]);
});

test("a shorter text over a longer one leaves its rest, unless that is erased", () => {
  expect(shown("123456\rab")).toEqual(["ab3456"]);
  expect(shown("123456\rab\x1b[K")).toEqual(["ab"]);
  expect(shown("123456\x1b[2K\rab")).toEqual(["ab"]);
  expect(shown("123456\b\bx")).toEqual(["1234x6"]);
});

test("nested progress bars stay on their rows", () => {
  const outer = (n: number) => `\router ${n}\n`;
  expect(shown(outer(1), "\rinner 1\x1b[A", outer(2), "\rinner 9\x1b[A", "\n\nend")).toEqual([
    "outer 2",
    "inner 9",
    "end",
  ]);
});

test("colours are told by the palette's number or by red, green and blue", () => {
  expect(spans("a\x1b[31mb\x1b[1;42mc\x1b[0md")).toEqual([
    { text: "a", style: null },
    { text: "b", style: { fg: 1 } },
    { text: "c", style: { bg: 2, bold: true, fg: 1 } },
    { text: "d", style: null },
  ]);
  expect(spans("\x1b[38;5;196mx")[0]?.style).toEqual({ fg: [255, 0, 0] });
  expect(spans("\x1b[38;5;244mx")[0]?.style).toEqual({ fg: [128, 128, 128] });
  expect(spans("\x1b[48;2;1;2;3mx")[0]?.style).toEqual({ bg: [1, 2, 3] });
  expect(spans("\x1b[38:2:1:2:3mx")[0]?.style).toEqual({ fg: [1, 2, 3] });
  expect(spans("\x1b[91mx\x1b[39my").map((span) => span.style)).toEqual([{ fg: 9 }, null]);
});

test("text of one style is one span", () => {
  expect(spans("\x1b[31mab\x1b[31mcd\x1b[0m\x1b[31mef")).toEqual([
    { text: "abcdef", style: { fg: 1 } },
  ]);
});

test("a colour lasts over lines", () => {
  const terminal = new Terminal();
  terminal.write("\x1b[32ma\nb");
  expect(terminal.rows[1]?.spans).toEqual([{ text: "b", style: { fg: 2 } }]);
  expect(new Terminal(terminal.style).style).toEqual({ fg: 2 });
});

test("titles, links and other escapes are left out, also where they never end", () => {
  expect(shown("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\")).toEqual(["alink"]);
  expect(shown("\x1b[?25la\x1b(Bb\x1b=c")).toEqual(["abc"]);
  expect(shown("\x1b[99999999999Aa\x1b[9999999Cb\x1b[9999999B")).toEqual(["a", "b"]);
  expect(shown(`\x1b]${"x".repeat(10_000)}`)[0]).toContain("xxx");
});

test("a line without an end is cut into rows of the same line", () => {
  const terminal = new Terminal();
  terminal.write(`${"x".repeat(2 * WIDTH + 5)}\ny`);
  expect(terminal.rows.map(({ spans }) => spans[0]?.text.length)).toEqual([WIDTH, WIDTH, 5, 1]);
  expect(terminal.rows.map(({ line }) => line)).toEqual([0, 0, 0, 1]);
});

test("tells from where on rows have changed", () => {
  const terminal = new Terminal();
  terminal.write("a\nb\nc");
  expect(terminal.takeChanged()).toBe(0);
  expect(terminal.takeChanged()).toBe(3);
  terminal.write("c\n");
  expect(terminal.takeChanged()).toBe(2);
  terminal.write("\x1b[2Ax");
  expect(terminal.takeChanged()).toBe(1);
});

const piece = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.constantFrom(
    "\n",
    "\r",
    "\b",
    "\x1b[31m",
    "\x1b[0m",
    "\x1b[K",
    "\x1b[A",
    "\x1b[3C",
    "\x1b]0;t\x07",
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
);

test("it makes no difference in what portions the text comes", () => {
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat(200)), (pieces, cuts) => {
      const text = pieces.join("");
      const whole = new Terminal();
      whole.write(text);
      const bit = new Terminal();
      const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b)];
      places.forEach((from, i) => {
        bit.write(text.slice(from, places[i + 1] ?? text.length));
      });

      expect(bit.rows).toEqual(whole.rows);
    }),
  );
});

test("text without controls stays as it is", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 })), (lines) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is left out
      const plain = lines.map((line) => line.replace(/[\x00-\x1f\x7f\x9b]/g, "") || "-");
      expect(shown(plain.join("\n"))).toEqual(plain);
    }),
  );
});

test("a long log is read in no time", () => {
  const text = `${"epoch 12: \x1b[32mloss\x1b[0m 0.123456\n".repeat(20_000)}`;
  const terminal = new Terminal();
  const start = performance.now();
  terminal.write(text);
  expect(terminal.rows.length).toBe(20_000);
  expect(performance.now() - start).toBeLessThan(1000);
});
