import { h, write } from "../dom.ts";

/** How long a search waits for the next letter. */
const TYPING_MS = 300;

/** A field to search with; Enter and Shift+Enter, or the arrows, go from one find to the next. */
export class SearchField {
  readonly el: HTMLElement;
  /** What is searched for. */
  text = "";
  readonly #input: HTMLInputElement;
  readonly #told = h("span", { class: "rw-note", role: "status" });
  readonly #arrows: HTMLElement[];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param find called with a new text, empty when it was cleared
   * @param step called with 1 or -1
   */
  constructor(
    name: string,
    readonly find: (text: string) => void,
    readonly step: (by: number) => void,
  ) {
    this.#input = h("input", {
      type: "search",
      class: "rw-input",
      placeholder: "Search",
      "aria-label": name,
      oninput: () => this.#askSoon(),
      onkeydown: (event: KeyboardEvent) => this.#key(event),
    });
    const arrow = (sign: string, label: string, by: number) =>
      h(
        "button",
        { type: "button", class: "rw-button", "aria-label": label, onclick: () => this.step(by) },
        sign,
      );
    this.#arrows = [arrow("↑", "Previous", -1), arrow("↓", "Next", 1)];
    this.el = h("span", { class: "rw-finder" }, this.#input, this.#told, ...this.#arrows);
    this.clear();
  }

  /** Say what the search came to. */
  tell(words: string, many = false): void {
    write(this.#told, words);
    for (const arrow of this.#arrows) arrow.hidden = !many;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#input.value = this.text = "";
    this.tell("");
  }

  #askSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), TYPING_MS);
  }

  #ask(): void {
    clearTimeout(this.#timer);
    if (this.#input.value === this.text) return;
    this.text = this.#input.value;
    this.find(this.text);
  }

  #key(event: KeyboardEvent): void {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (this.#input.value === this.text) this.step(event.shiftKey ? -1 : 1);
    else this.#ask();
  }
}
