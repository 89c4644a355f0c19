import type { Model, RunImageModel, RunModel } from "../model.ts";
import { serverOf } from "../server.ts";

type Image = Model<RunImageModel>;

/** Only as images: a picture's bytes come from strangers, and SVG shown as markup could act. */
const SHOWABLE = /^image\/(png|jpeg|gif|webp|bmp|svg\+xml)$/;

const BY_ENDING: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  bmp: "image/bmp",
  svg: "image/svg+xml",
};

/** Addresses of pictures within this page, made when they are first wanted. */
export class Pictures {
  readonly #model: Model<RunModel>;
  readonly #urls = new Map<Image, string>();
  readonly #asked = new Map<Image, Promise<string>>();

  constructor(model: Model<RunModel>, life: AbortSignal) {
    this.#model = model;
    const letGo = () => {
      for (const url of this.#urls.values()) URL.revokeObjectURL(url);
    };
    life.addEventListener("abort", letGo, { once: true });
  }

  /** The address of a picture that is here; empty where it is not, or is none. */
  url(image: Image): string {
    const [known, data, mime] = [this.#urls.get(image), image.get("data"), image.get("mime")];
    return known ?? (data ? this.#make(image, data as unknown as BlobPart, mime) : "");
  }

  /** The same, asking the server for a picture that was too large to be sent along. */
  async fetched(image: Image): Promise<string> {
    const here = this.url(image);
    if (here || image.get("data")) return here;
    const asked = this.#asked.get(image) ?? this.#fetch(image);
    this.#asked.set(image, asked);
    return asked;
  }

  async #fetch(image: Image): Promise<string> {
    const path = image.get("path");
    const ending = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
    const mime = image.get("mime") || BY_ENDING[ending] || "";
    const file = SHOWABLE.test(mime) ? serverOf(this.#model.get("facts"))?.file(path) : null;
    const part = await file?.read(0).catch(() => null);
    if (part) return this.#make(image, part.bytes as BlobPart, mime);
    this.#asked.delete(image); // whoever comes back to it asks again
    return "";
  }

  #make(image: Image, content: BlobPart, mime: string): string {
    if (!SHOWABLE.test(mime)) return "";
    const url = URL.createObjectURL(new Blob([content], { type: mime }));
    this.#urls.set(image, url);
    return url;
  }
}
