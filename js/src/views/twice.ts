/** How long a button waits for the second click, in milliseconds. */
const SURE_MS = 4000;

/** Whether the next click is the one that acts. */
export function isSure(button: HTMLElement): boolean {
  return button.dataset.sure !== undefined;
}

/** Have a button act at the second of two clicks; `draw` is called whenever `isSure` changes. */
export function twice(button: HTMLElement, draw: () => void, act: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  button.addEventListener("click", () => {
    clearTimeout(timer);
    const sure = isSure(button);
    delete button.dataset.sure;
    if (sure) act();
    else {
      button.dataset.sure = "";
      timer = setTimeout(() => {
        delete button.dataset.sure;
        draw();
      }, SURE_MS);
    }
    draw();
  });
}
