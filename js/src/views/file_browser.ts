import { h, list, set, write } from "../dom.ts";
import { type Node, visible } from "../files/file_tree.ts";
import { bytes, count, time } from "../format.ts";
import type { FileEntry } from "../model.ts";
import { type File, NO_SERVER, reasonOf } from "../server.ts";
import { preview } from "./preview.ts";

/** Files up to which all folders are open to begin with. */
const FEW = 30;

/** Where a browser of files gets them. */
export type Shelf = {
  /** A file to look into; null where that cannot be had. */
  open(path: string): File | null;
  /** What is known of a file besides its name; empty for nothing. */
  about?(path: string): string;
  /** All entries, where only the first ones are known. */
  all?(): Promise<FileEntry[]>;
};

/** A tree of files, and a look into the one that is chosen. */
export class FileBrowser {
  readonly el: HTMLElement;
  readonly #shelf: Shelf;
  readonly #life: AbortSignal;
  readonly #tree = h("div", { class: "rw-tree", role: "tree" });
  readonly #note = h("p", { class: "rw-note" });
  readonly #more = h("button", { type: "button", class: "rw-more" });
  readonly #pane = h("div", { class: "rw-pane", hidden: true });
  #entries: readonly FileEntry[] = [];
  #total = 0;
  /** All of them, once they were asked for. */
  #all: FileEntry[] | null = null;
  /** How many there were then. */
  #totalAsked = 0;
  /** Folders that somebody has opened or closed. */
  readonly #turned = new Map<string, boolean>();
  #chosen = "";
  /** The one that the arrow keys are at. */
  #current = "";
  #shown = new AbortController();

  constructor(label: string, shelf: Shelf, life: AbortSignal) {
    this.#shelf = shelf;
    this.#life = life;
    set(this.#tree, "aria-label", label);
    const side = h("div", { class: "rw-shelf" }, this.#tree, this.#note, this.#more);
    this.el = h(
      "div",
      { class: "rw-files", "data-lm-suppress-shortcuts": "true" },
      side,
      this.#pane,
    );
    this.#tree.addEventListener("keydown", (event) => this.#key(event));
    this.#more.addEventListener("click", () => void this.#askForAll());
    life.addEventListener("abort", () => this.#shown.abort(), { once: true });
  }

  /** List `entries`, of `total` that there are. */
  draw(entries: readonly FileEntry[], total: number): void {
    this.#entries = entries;
    this.#total = Math.max(total, entries.length);
    // Who has asked for all sees those that come, too, and no longer those of later moments.
    if (this.#all && this.#total > this.#totalAsked) void this.#askForAll();
    if (this.#all && this.#total < this.#all.length) this.#all = null;
    this.#draw();
  }

  get #files(): readonly FileEntry[] {
    return this.#all ?? this.#entries;
  }

  get #lines(): Node[] {
    const few = this.#files.length <= FEW;
    return visible(this.#files, (path) => this.#turned.get(path) ?? (few || path === "outputs"));
  }

  #draw(): void {
    const lines = this.#lines;
    if (!lines.some(({ path }) => path === this.#current)) this.#current = lines[0]?.path ?? "";
    list(
      this.#tree,
      lines,
      ({ path, files }) => `${files === null ? "file" : "folder"} ${path}`,
      (node) => this.#line(node),
      (el, node) => this.#drawLine(el, node, lines),
    );
    this.#drawNote();
  }

  #line({ path, files, name }: Node): HTMLElement {
    const act = () => {
      this.#current = path;
      if (files === null) this.#choose(path);
      else this.#turn(path);
    };
    const file = files === null ? this.#shelf.open(path) : null;
    const keep = h("a", {
      class: "rw-keep",
      download: true,
      tabindex: -1,
      title: "Download",
      "aria-label": `Download ${name}`,
      href: file?.address(true),
      onclick: (event: Event) => event.stopPropagation(),
    });
    return h(
      "div",
      {
        role: "treeitem",
        class: "rw-node",
        "data-kind": files === null ? "file" : "folder",
        onclick: act,
      },
      h("span", { class: "rw-name", title: path }, name, h("small")),
      h("span", { class: "rw-size" }),
      file ? keep : h("span", { class: "rw-keep" }),
    );
  }

  #drawLine(el: HTMLElement, node: Node, lines: Node[]): void {
    const { path, depth, files } = node;
    el.style.setProperty("--depth", String(depth));
    write(el.querySelector(".rw-size") as Element, bytes(node.bytes));
    const about = files === null ? (this.#shelf.about?.(path) ?? "") : "";
    write(el.querySelector(".rw-name > small") as Element, about);
    set(el, "aria-level", depth + 1);
    set(el, "tabindex", path === this.#current ? 0 : -1);
    if (files === null) {
      set(el, "aria-selected", String(path === this.#chosen));
      set(el, "title", node.modified_at > 0 && `Changed ${time(node.modified_at)}`);
    } else {
      const open = lines.some((line) => line.path.startsWith(`${path}/`));
      set(el, "aria-expanded", String(open));
      set(el, "title", `${count(files)} ${files === 1 ? "file" : "files"}`);
    }
  }

  #drawNote(): void {
    const first = this.#files[0];
    const readable = !first || this.#shelf.open(first.path) !== null;
    write(this.#note, readable ? "" : NO_SERVER);
    this.#note.hidden = readable;
    this.#more.hidden = this.#files.length >= this.#total || !this.#shelf.all || !readable;
    write(this.#more, `Show all ${count(this.#total)} files`);
  }

  async #askForAll(): Promise<void> {
    this.#totalAsked = this.#total;
    try {
      const all = (await this.#shelf.all?.()) ?? null;
      if (this.#life.aborted) return;
      this.#all = all;
      this.#draw();
    } catch (error) {
      this.#note.hidden = false;
      write(this.#note, reasonOf(error));
    }
  }

  #turn(path: string, open?: boolean): void {
    const isOpen = this.#lines.some((line) => line.path.startsWith(`${path}/`));
    this.#turned.set(path, open ?? !isOpen);
    this.#draw();
    this.#focus();
  }

  #key(event: KeyboardEvent): void {
    const lines = this.#lines;
    const here = lines.findIndex(({ path }) => path === this.#current);
    const node = lines[here];
    if (!node) return;
    const isOpen = lines[here + 1]?.path.startsWith(`${node.path}/`) ?? false;
    const above = lines.findLastIndex(({ depth }, i) => i < here && depth < node.depth);
    const places: Record<string, number> = {
      ArrowDown: here + 1,
      ArrowUp: here - 1,
      Home: 0,
      End: lines.length - 1,
    };
    let next = places[event.key];
    if (event.key === "ArrowRight" && node.files !== null) {
      if (isOpen) next = here + 1;
      else this.#turn(node.path, true);
    } else if (event.key === "ArrowLeft") {
      if (isOpen) this.#turn(node.path, false);
      else next = above;
    } else if (event.key === "Enter" || event.key === " ") {
      if (node.files === null) this.#choose(node.path);
      else this.#turn(node.path);
    } else if (next === undefined) return;
    event.preventDefault();
    const to = next === undefined ? undefined : lines[next];
    if (!to) return;
    this.#current = to.path;
    this.#draw();
    this.#focus();
  }

  #focus(): void {
    this.#tree.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: false });
  }

  #choose(path: string): void {
    this.#shown.abort();
    this.#shown = new AbortController();
    this.#chosen = path;
    this.#draw();
    const entry = this.#files.find((file) => file.path === path);
    const file = this.#shelf.open(path);
    if (!entry) return;
    const when = entry.modified_at > 0 && time(entry.modified_at);
    const about = [bytes(entry.bytes), when].filter(Boolean).join(" · ");
    const close = h(
      "button",
      { type: "button", class: "rw-close", "aria-label": "Close", onclick: () => this.#close() },
      "×",
    );
    this.#pane.replaceChildren(
      h(
        "header",
        {},
        h("h4", { title: path }, path),
        h("span", { class: "rw-note" }, about),
        file &&
          h("a", { class: "rw-button", href: file.address(true), download: true }, "Download"),
        close,
      ),
      file
        ? preview(file, entry.bytes, this.#shown.signal)
        : h("p", { class: "rw-empty" }, NO_SERVER),
    );
    this.#pane.hidden = false;
  }

  #close(): void {
    this.#shown.abort();
    this.#chosen = "";
    this.#pane.hidden = true;
    this.#pane.replaceChildren();
    this.#draw();
    this.#focus();
  }
}
