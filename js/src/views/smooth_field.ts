import { h, write } from "../dom.ts";

/** How much lines are smoothed; `show` sets what is in force. */
export function smoothField(change: (factor: number) => void): {
  el: HTMLElement;
  show(factor: number): void;
} {
  const amount = h("output", { class: "rw-amount" });
  const input = h("input", {
    type: "range",
    min: 0,
    max: 0.99,
    step: 0.01,
    "aria-label": "Smoothing",
    title: "Exponential moving average; the values as logged stay behind it, faintly",
    oninput: () => change(Number(input.value)),
  });
  return {
    el: h("label", { class: "rw-smooth" }, h("span", {}, "smooth"), input, amount),
    show(factor) {
      if (Number(input.value) !== factor) input.value = String(factor);
      write(amount, factor > 0 ? String(factor) : "");
    },
  };
}
