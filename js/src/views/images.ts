import { h, list, set, whenNear, write } from "../dom.ts";
import { time } from "../format.ts";
import { type Model, type RunImageModel, type RunModel, watch } from "../model.ts";

/** Only as images: a picture's bytes come from strangers, and SVG shown as markup could act. */
const SHOWABLE = /^image\/(png|jpeg|gif|webp|bmp|svg\+xml)$/;

/** The run's pictures with their names; a click shows one in full. */
export function images(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const gallery = h("div", { class: "rw-gallery" });
  const full = fullView();
  const el = h("section", { class: "rw-images" }, h("h4", {}, "Images"), gallery, full.el);
  const keys = new Map<Model<RunImageModel>, string>();
  const key = (image: Model<RunImageModel>) => {
    if (!keys.has(image)) keys.set(image, String(keys.size));
    return keys.get(image) as string;
  };

  watch(model, ["images"], life, () => {
    const entries = model.get("images");
    el.hidden = entries.length === 0;
    list(gallery, entries, key, (image) => thumbnail(image, life, full.show));
  });
  return el;
}

function thumbnail(
  image: Model<RunImageModel>,
  life: AbortSignal,
  show: (url: string, caption: string) => void,
): HTMLElement {
  const img = h("img", { loading: "lazy", decoding: "async" });
  const caption = h("figcaption", {}, h("span"), h("small"));
  const unshown = h("span", {}, "cannot be shown here");
  const button = h("button", { type: "button" }, img, unshown);
  const el = h("figure", {}, button, caption);
  let url = "";

  button.addEventListener("click", () => url && show(url, captionOf(image).join(" · ")));
  whenNear(el, life, () => {
    watch(image, ["data", "mime", "name", "step"], life, () => {
      const [data, mime] = [image.get("data"), image.get("mime")];
      URL.revokeObjectURL(url);
      url = "";
      if (data && SHOWABLE.test(mime)) {
        url = URL.createObjectURL(new Blob([data as unknown as BlobPart], { type: mime }));
        img.src = url;
      }
      const [name, about] = captionOf(image);
      img.alt = name;
      img.hidden = url === "";
      unshown.hidden = url !== "";
      button.disabled = url === "";
      set(button, "aria-label", `Show ${name} in full`);
      set(el, "data-shown", String(url !== ""));
      write(caption.children[0] as Element, name);
      write(caption.children[1] as Element, about);
    });
  });
  life.addEventListener("abort", () => URL.revokeObjectURL(url), { once: true });
  return el;
}

function captionOf(image: Model<RunImageModel>): [name: string, about: string] {
  const [step, at] = [image.get("step"), image.get("at")];
  const about = step !== null ? `step ${step}` : at !== null ? time(at) : "";
  return [image.get("name"), about];
}

/** The browser's own dialog: Escape closes it, and so does a click beside the picture. */
function fullView(): { el: HTMLElement; show(url: string, caption: string): void } {
  const img = h("img", { alt: "" });
  const caption = h("p");
  const close = h("button", { type: "button", class: "rw-close", "aria-label": "Close" }, "×");
  const el = h(
    "dialog",
    { class: "rw-full", "data-lm-suppress-shortcuts": "true" },
    h("header", {}, caption, close),
    img,
  );
  close.addEventListener("click", () => el.close());
  el.addEventListener("click", (event) => event.target === el && el.close());
  return {
    el,
    show(url, text) {
      img.src = url;
      img.alt = text;
      write(caption, text);
      el.showModal();
    },
  };
}
