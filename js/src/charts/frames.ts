/** Shares the screen's frames among all charts, so that none of them makes the page stutter. */

/** Of a frame's 16 ms, what we take; the browser needs the rest to show it. */
const BUDGET_MS = 8;

const waiting = new Set<() => void>();
let asked = false;

/** Call `draw` in one of the next frames, once however often it is asked for. */
export function soon(draw: () => void): void {
  waiting.add(draw);
  ask();
}

/** Forget that `draw` was asked for. */
export function never(draw: () => void): void {
  waiting.delete(draw);
}

function ask(): void {
  if (asked || waiting.size === 0) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    const end = performance.now() + BUDGET_MS;
    try {
      for (const draw of waiting) {
        waiting.delete(draw);
        draw();
        if (performance.now() >= end) break;
      }
    } finally {
      ask(); // the others are drawn though one cannot be
    }
  });
}

/** How long what can wait does, where a browser does not tell when it has nothing to do. */
const IDLE_MS = 200;

/** Call `act` when the page has nothing else to do: once it has drawn what people see first. */
export function whenIdle(act: () => void): void {
  if (typeof requestIdleCallback === "function") requestIdleCallback(act);
  else setTimeout(act, IDLE_MS);
}

const queue: (() => void)[] = [];
let isOpen = true;

/**
 * Wait for one's turn to make a figure: at once where nobody else is making one, else one a frame.
 *
 * So the first of many is there before the last is begun, and the page answers in between.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    queue.push(resolve);
    if (isOpen) next();
  });
}

function next(): void {
  const first = queue.shift();
  isOpen = first === undefined;
  if (!first) return;
  first();
  requestAnimationFrame(next);
}
