import { boardOf } from "../charts/look.ts";
import { every, h, list, set, whileNear, write } from "../dom.ts";
import { ago, bytes, count } from "../format.ts";
import { CutFile, LogTimes } from "../logs/log_times.ts";
import { isLog, LogWindow, PIECE_BYTES, type Piece } from "../logs/log_window.ts";
import { type FileEntry, isFinal, type Model, type RunModel, watch } from "../model.ts";
import { type Line, NO_SERVER, reasonOf, serverOf } from "../server.ts";
import { isOn, press, toggle } from "./buttons.ts";
import { SearchField } from "./search_field.ts";
import { TextBlocks } from "./text.ts";

/** How often a log that grows is read, at most; less often while it does not. */
const PAUSE_S = 1;
const LONGEST_PAUSE_S = 5;

/** So near an end that more is read, in pixels. */
const NEAR = 800;

/** So near the end that one is at it, in pixels. */
const AT_END = 24;

/** So far behind what was written that one goes to the end and not through all of it, in bytes. */
const FAR = 8 * PIECE_BYTES;

/** A run's logs, one at a time: the end first, read on while it grows, searched as a whole. */
export function logs(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  return new LogView(model, life).el;
}

class LogView {
  readonly el: HTMLElement;
  readonly #model: Model<RunModel>;
  readonly #life: AbortSignal;

  readonly #chooser = h("select", { class: "rw-select", "aria-label": "Log" });
  readonly #search = new SearchField(
    "Search the log",
    (text) => void this.#find(text),
    (by) => this.#go(this.#place + by),
  );
  readonly #wrap = toggle("Wrap", "Break long lines");
  readonly #follow = toggle("Follow", "Stay at the end while the log grows");
  readonly #keep = h("a", { class: "rw-button", download: true }, "Download");
  readonly #pieces = h("div", { class: "rw-pieces" });
  readonly #scroller = h(
    "div",
    { class: "rw-log", tabindex: 0, role: "region", "aria-label": "Log" },
    this.#pieces,
  );
  readonly #note = h("p", { class: "rw-note", role: "status" });

  /** The log that is shown, and the one that was chosen: none for whichever is newest. */
  #path = "";
  #chosen = "";
  #view: LogWindow | null = null;
  /** The log as it was at the moment that is looked at, and what tells how far it was then. */
  #cut: CutFile | null = null;
  #times: LogTimes | null = null;
  #isTimeless = false;
  #isMoving = false;
  #isBehind = false;
  #blocks = new Map<Piece, TextBlocks>();
  #found: Line[] = [];
  #total = "";
  #place = -1;
  #problem = "";
  #grewAt = 0;
  #isNear = false;
  #lastTop = 0;
  #pause = PAUSE_S;
  #due = 0;
  /** One reading at a time, each on what the one before it left. */
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(model: Model<RunModel>, life: AbortSignal) {
    this.#model = model;
    this.#life = life;
    const { el: search } = this.#search;
    const actions = h("span", { class: "rw-together" }, this.#wrap, this.#follow, this.#keep);
    this.el = h(
      "div",
      { class: "rw-logs", "data-lm-suppress-shortcuts": "true" },
      h("div", { class: "rw-bar" }, this.#chooser, search, actions),
      this.#scroller,
      this.#note,
    );
    this.#chooser.addEventListener("change", () => {
      this.#chosen = this.#chooser.value;
      this.#choose();
    });
    this.#wrap.addEventListener("click", () => {
      press(this.#wrap, !isOn(this.#wrap));
      set(this.#scroller, "data-wrap", isOn(this.#wrap));
      if (isOn(this.#follow)) this.#toEnd();
    });
    this.#follow.addEventListener("click", () => this.#setFollow(!isOn(this.#follow)));
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#stayAtEnd();
    watch(model, ["files"], life, () => this.#choose());
    whileNear(this.el, life, (isNear) => {
      this.#isNear = isNear;
      this.#due = 0;
      this.#choose();
    });
    every(PAUSE_S, life, () => void this.#tick());
    boardOf(model).on("moment", life, () => this.#move());
  }

  // -- which log --

  #choose(): void {
    const entries = this.#model.get("files").filter(isLog);
    const newest = entries.reduce<FileEntry | null>(
      (newest, each) => (newest && newest.modified_at >= each.modified_at ? newest : each),
      null,
    );
    const options = entries.map(({ path }) => ({ path, text: path }));
    if (entries.length > 1) options.unshift({ path: "", text: `Newest: ${newest?.path}` });
    list(
      this.#chooser,
      options,
      ({ path }) => path,
      ({ path }) => h("option", { value: path }),
      (option, { text }) => write(option, text),
    );
    this.#chooser.value = this.#chosen || (entries.length > 1 ? "" : (newest?.path ?? ""));
    const path = this.#chosen || newest?.path || "";
    // Read only once somebody looks.
    if (path && path !== this.#path && this.#isNear) this.#open(path);
    this.#drawNote();
  }

  #open(path: string): void {
    const server = serverOf(this.#model.get("facts"));
    const file = server?.file(path) ?? null;
    this.#path = path;
    this.#cut = file && new CutFile(file);
    this.#view = this.#cut && new LogWindow(this.#cut);
    const { started_at, created_at } = this.#model.get("facts");
    this.#times =
      server && file && new LogTimes(file, started_at ?? created_at, () => server.logTimes(path));
    this.#problem = file ? "" : NO_SERVER;
    [this.#found, this.#place, this.#grewAt] = [[], -1, 0];
    this.#search.clear();
    this.#keep.hidden = file === null;
    if (file) this.#keep.href = file.address(true);
    set(this.#scroller, "aria-label", path);
    press(this.#follow, true);
    this.#draw();
    // An empty one has nothing to ask for.
    if (!this.#entry?.bytes) return;
    const begin = async (view: LogWindow) => {
      await this.#cutAtMoment();
      await this.#fill(view);
    };
    void this.#read(begin).then(() => this.#number());
  }

  // -- another moment --

  get #isNow(): boolean {
    return boardOf(this.#model).moment === null;
  }

  /** Show the log as it was at the moment that is now looked at; one reading after the other. */
  #move(): void {
    if (!this.#view || !this.#isNear) return;
    this.#isBehind = true;
    if (this.#isMoving) return;
    this.#isMoving = true;
    void this.#read(async (view) => {
      this.#isBehind = false;
      const before = this.#cut?.limit;
      await this.#cutAtMoment();
      if (this.#cut?.limit !== before) await this.#fill(view);
    }).then(() => {
      this.#isMoving = false;
      if (this.#isBehind && !this.#life.aborted) this.#move();
      else void this.#number();
    });
  }

  async #cutAtMoment(): Promise<void> {
    const { moment } = boardOf(this.#model);
    const [cut, entry] = [this.#cut, this.#entry];
    this.#isTimeless = false;
    if (!cut || !entry) return;
    if (moment === null || entry.modified_at <= moment) {
      cut.limit = Number.POSITIVE_INFINITY;
      return;
    }
    const size = Math.max(entry.bytes, this.#view?.size ?? 0);
    const limit = (await this.#times?.bytesUntil(moment, size)) ?? null;
    this.#isTimeless = limit === null;
    cut.limit = limit ?? Number.POSITIVE_INFINITY;
  }

  /** Read what there is up to where the log is cut, the end of it at least. */
  async #fill(view: LogWindow): Promise<void> {
    const limit = this.#cut?.limit ?? 0;
    if (limit === 0) view.clear();
    else if (view.end === 0 || limit < view.end || limit - view.end > FAR) await view.tail();
    else
      do await view.newer();
      while (view.hasMore && !this.#life.aborted);
  }

  get #entry(): FileEntry | undefined {
    return this.#model.get("files").find(({ path }) => path === this.#path);
  }

  // -- reading --

  #read(act: (view: LogWindow) => Promise<void>): Promise<void> {
    const asked = this.#view;
    this.#waiting += 1;
    this.#last = this.#last.then(async () => {
      try {
        if (asked && asked === this.#view && !this.#life.aborted) {
          await act(asked);
          this.#problem = "";
        }
      } catch (error) {
        this.#problem = reasonOf(error);
        this.#pause = LONGEST_PAUSE_S;
      }
      this.#waiting -= 1;
      if (!this.#life.aborted) this.#draw();
    });
    return this.#last;
  }

  /** Ask for the lines' numbers, where the file's beginning is not in hand. */
  async #number(): Promise<void> {
    const asked = this.#view;
    const first = asked?.pieces[0];
    if (!first || first.firstLine !== null) return;
    try {
      const server = serverOf(this.#model.get("facts"));
      const answer = await server?.lines(this.#path, "", { at: first.start, number: 0 });
      const line = answer?.lines[0];
      if (!line || asked !== this.#view || this.#life.aborted) return;
      asked.number(line);
      for (const [{ terminal, firstLine }, text] of this.#blocks) {
        text.number(terminal.rows, firstLine);
      }
    } catch {
      // The log is as good without numbers.
    }
  }

  async #tick(): Promise<void> {
    this.#drawNote();
    const idle =
      !this.#isNear || document.hidden || this.#waiting > 0 || !isOn(this.#follow) || !this.#isNow;
    if (idle || !this.#view || Date.now() < this.#due || !this.#entry?.bytes) return;
    const grows = !isFinal(this.#model.get("facts")) || this.#hasGrown(0) || this.#problem;
    if (!grows) return;
    await this.#read(async (view) => {
      const before = view.end;
      do {
        await (this.#hasGrown(FAR) ? view.tail() : view.newer());
      } while (view.hasMore && isOn(this.#follow) && !this.#life.aborted);
      const grew = view.end !== before;
      if (grew) this.#grewAt = Date.now();
      this.#pause = grew ? PAUSE_S : Math.min(LONGEST_PAUSE_S, 1.5 * this.#pause);
    });
    this.#due = Date.now() + 1000 * this.#pause;
    await this.#number();
  }

  /** Whether more than `much` was written behind what is in hand, as far as is known. */
  #hasGrown(much: number): boolean {
    return this.#size - (this.#view?.end ?? 0) > much;
  }

  /** Of the log as far as it is looked at. */
  get #size(): number {
    const known = Math.max(this.#view?.size ?? 0, this.#entry?.bytes ?? 0);
    return Math.min(known, this.#cut?.limit ?? known);
  }

  // -- scrolling --

  #setFollow(on: boolean): void {
    press(this.#follow, on);
    if (!on) return;
    if (this.#hasGrown(0)) void this.#read((view) => view.tail()).then(() => this.#number());
    else this.#toEnd();
  }

  #toEnd(): void {
    const scroller = this.#scroller;
    scroller.scrollTop = scroller.scrollHeight;
    this.#lastTop = scroller.scrollTop;
  }

  /** Stay at the end as blocks turn out higher than was thought, or a scroll bar takes room. */
  #stayAtEnd(): void {
    if (typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => {
      if (isOn(this.#follow)) this.#toEnd();
    });
    observer.observe(this.#scroller);
    observer.observe(this.#pieces);
    this.#life.addEventListener("abort", () => observer.disconnect(), { once: true });
  }

  #scrolled(): void {
    const { scrollTop: top, scrollHeight, clientHeight } = this.#scroller;
    const below = scrollHeight - top - clientHeight;
    const isUp = top < this.#lastTop - 1;
    this.#lastTop = top;
    if (below <= AT_END && !this.#view?.hasMore) press(this.#follow, true);
    else if (isUp) press(this.#follow, false);
    if (!this.#view || this.#waiting > 0) return;
    if (top < NEAR && this.#view.start > 0) void this.#older();
    else if (below < NEAR && this.#view.hasMore) void this.#read((view) => view.newer());
  }

  #older(): Promise<void> {
    const first = this.#pieces.firstElementChild;
    return this.#read(async (view) => {
      const top = first?.getBoundingClientRect().top ?? 0;
      await view.older();
      this.#draw();
      // What one reads stays where it is.
      if (first?.isConnected) {
        this.#scroller.scrollTop += first.getBoundingClientRect().top - top;
      }
      this.#lastTop = this.#scroller.scrollTop;
    });
  }

  // -- searching --

  async #find(text: string): Promise<void> {
    [this.#found, this.#place] = [[], -1];
    for (const [{ terminal }, blocks] of this.#blocks) blocks.find(terminal.rows, text);
    this.#search.tell(text && "searching…");
    if (!text) return;
    try {
      const answer = await serverOf(this.#model.get("facts"))?.lines(this.#path, text);
      if (!answer || text !== this.#search.text || this.#life.aborted) return;
      const limit = this.#cut?.limit ?? 0;
      this.#found = answer.lines.filter(({ at }) => at < limit);
      this.#total = `${count(this.#found.length)}${answer.next ? "+" : ""}`;
      this.#go(this.#found.length - 1);
    } catch (error) {
      this.#search.tell(reasonOf(error));
    }
  }

  #go(to: number): void {
    const size = this.#found.length;
    if (size === 0) {
      this.#search.tell("nothing found");
      return;
    }
    this.#place = (to + size) % size;
    this.#search.tell(`${count(this.#place + 1)} of ${this.#total}`, true);
    press(this.#follow, false);
    const line = this.#found[this.#place] as Line;
    void this.#read(async (view) => {
      if (line.at < view.start || line.at >= view.end) {
        await view.from(line);
        await view.older();
        this.#draw();
      }
      this.#reveal(line);
    });
  }

  #reveal(line: Line): void {
    for (const mark of this.#pieces.querySelectorAll("[data-current]")) {
      set(mark, "data-current", null);
    }
    for (const [piece, text] of this.#blocks) {
      if (line.at < piece.start || line.at >= piece.end) continue;
      const mark = text.mark(line.number - (piece.firstLine ?? 0));
      if (!mark) continue;
      set(mark, "data-current", true);
      const away = mark.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top;
      this.#scroller.scrollTop += away - this.#scroller.clientHeight / 3;
      this.#lastTop = this.#scroller.scrollTop;
    }
  }

  // -- drawing --

  #draw(): void {
    const pieces = this.#view?.pieces ?? [];
    const blocks = new Map(
      pieces.map((piece) => [piece, this.#blocks.get(piece) ?? new TextBlocks()] as const),
    );
    for (const [piece, text] of this.#blocks) if (!blocks.has(piece)) text.el.remove();
    this.#blocks = blocks;
    pieces.forEach((piece, i) => {
      const text = blocks.get(piece) as TextBlocks;
      const there = this.#pieces.children[i] ?? null;
      if (there !== text.el) this.#pieces.insertBefore(text.el, there);
      const from = piece.terminal.takeChanged();
      const { rows } = piece.terminal;
      if (from < rows.length) text.draw(rows, from, piece.firstLine, this.#search.text);
    });
    this.#drawNote();
    if (isOn(this.#follow)) this.#toEnd();
  }

  #drawNote(): void {
    const view = this.#view;
    const size = this.#size;
    const below = size - (view?.end ?? 0);
    const grows = this.#isNow && this.#grewAt > 0 && !isFinal(this.#model.get("facts"));
    const parts = [
      this.#problem,
      this.#isTimeless && "Its lines have no times, so all of it is shown at every moment",
      view && !this.#problem && size === 0 && (this.#isNow ? "The log is empty" : "Nothing yet"),
      size > 0 && bytes(size),
      view && view.start > 0 && `${bytes(view.start)} above`,
      view && below > 0 && `${bytes(below)} below`,
      grows && `grew ${ago((Date.now() - this.#grewAt) / 1000)}`,
    ];
    write(this.#note, parts.filter(Boolean).join(" · "));
    set(this.#note, "data-problem", this.#problem !== "");
  }
}
