import { h, set, write } from "../dom.ts";
import { number, time } from "../format.ts";
import { listen, type Model, type RunImageModel } from "../model.ts";
import type { Pictures } from "./pictures.ts";

type Image = Model<RunImageModel>;

/** Is told which picture is there now, at which of so many places, and whether it can be seen. */
type Told = (image: Image, isShown: boolean, place: number, total: number) => void;

/** A picture of so few pixels, on its longer side, is looked at pixel by pixel. */
const FEW_PIXELS = 64;

const [NOT_HERE, NOT_WHOLE] = ["cannot be shown here", "not a whole picture"];

/** One of several pictures, chosen by a slider; the newest as long as nobody chooses. */
export class Stage {
  readonly img = h("img", {
    ...{ decoding: "async", alt: "" },
    onload: () => {
      const { naturalWidth, naturalHeight } = this.img;
      set(this.img, "data-tiny", Math.max(naturalWidth, naturalHeight) <= FEW_PIXELS);
    },
    onerror: () => {
      this.#broken.add(this.img.src);
      this.#show(this.img.src);
    },
  });
  readonly unshown = h("span", { class: "rw-empty", hidden: true });
  readonly slider = h("input", {
    ...{ type: "range", class: "rw-slider", min: 0, step: 1 },
    hidden: true,
  });
  images: Image[] = [];
  place = 0;
  readonly #pictures: Pictures;
  readonly #life: AbortSignal;
  readonly #told: Told;
  readonly #heard = new WeakSet<Image>();
  /** Addresses of what turned out to be no pictures. */
  readonly #broken = new Set<string>();
  #isNewest = true;

  constructor(pictures: Pictures, life: AbortSignal, told: Told) {
    this.#pictures = pictures;
    this.#life = life;
    this.#told = told;
    this.slider.addEventListener("input", () => this.go(this.slider.valueAsNumber));
  }

  /** Offer these pictures. */
  draw(images: Image[]): void {
    this.images = images;
    set(this.slider, "max", Math.max(0, images.length - 1));
    this.slider.hidden = images.length < 2;
    this.#go(this.#isNewest ? images.length - 1 : Math.min(this.place, images.length - 1));
  }

  /** Show the picture at a place. */
  go(place: number): void {
    const last = this.images.length - 1;
    this.#isNewest = place >= last;
    this.#go(Math.max(0, Math.min(last, place)));
  }

  #go(place: number): void {
    const image = this.images[place];
    if (!image) return;
    this.place = place;
    this.slider.value = String(place);
    const name = image.get("name");
    set(this.slider, "aria-label", `Which ${name}`);
    this.img.alt = name;
    // A picture may come after its model.
    if (!this.#heard.has(image)) {
      this.#heard.add(image);
      listen(image, "change:data change:mime", this.#life, () => {
        if (this.images[this.place] === image) this.#go(this.place);
      });
    }
    const url = this.#pictures.url(image);
    this.#show(url);
    if (url || image.get("data")) return;
    void this.#pictures.fetched(image).then((url) => {
      if (this.images[this.place] === image && !this.#life.aborted) this.#show(url);
    });
  }

  #show(url: string): void {
    if (url && this.img.src !== url) this.img.src = url;
    const why = url === "" ? NOT_HERE : this.#broken.has(url) ? NOT_WHOLE : "";
    this.img.hidden = why !== "";
    this.unshown.hidden = why === "";
    write(this.unshown, why);
    const image = this.images[this.place];
    if (image) this.#told(image, why === "", this.place, this.images.length);
  }
}

/** `step 5 · 14:02:11`, as far as it is known. */
export function aboutOf(image: Image): string {
  const [step, at] = [image.get("step"), image.get("at")];
  const parts = [step !== null && `step ${number(step)}`, at !== null && time(at)];
  return parts.filter(Boolean).join(" · ");
}
