import { h, set, write } from "../dom.ts";
import { copyButton } from "./buttons.ts";

/**
 * A way to keep what is shown as a file: by the server's address, else by a line of Python.
 *
 * In such a file itself it is not seen.
 */
export function keepButton(): {
  el: HTMLElement;
  draw(address: string | null, code: string): void;
} {
  const link = h("a", { class: "rw-button", download: true, title: "Keep or send it as one file" });
  const line = h("code");
  const told = h(
    "span",
    { class: "rw-note", role: "status", hidden: true },
    line,
    copyButton("line of Python", () => line.textContent ?? ""),
  );
  const button = h("button", { type: "button", class: "rw-button" }, "Export");
  button.title = "Keep or send it as one file: by a line of Python";
  button.addEventListener("click", () => {
    told.hidden = !told.hidden;
    set(button, "aria-expanded", String(!told.hidden));
  });
  write(link, "Export");
  const el = h("span", { class: "rw-export" }, told, link, button);
  return {
    el,
    draw(address, code) {
      link.hidden = address === null;
      set(link, "href", address);
      button.hidden = address !== null;
      if (address !== null) told.hidden = true;
      write(line, code);
    },
  };
}
