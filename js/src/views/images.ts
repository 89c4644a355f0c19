import { h, list, set, whenNear, write } from "../dom.ts";
import { count } from "../format.ts";
import { type Model, type RunImageModel, type RunModel, watch } from "../model.ts";
import { fullView } from "./full_view.ts";
import { Pictures } from "./pictures.ts";
import { aboutOf, Stage } from "./stage.ts";

type Image = Model<RunImageModel>;

/** The run's pictures, one place for each name; a slider leads along a name's steps. */
export function images(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const pictures = new Pictures(model, life);
  const gallery = h("div", { class: "rw-gallery" });
  const full = fullView(pictures, life);
  const el = h("section", { class: "rw-images" }, h("h4", {}, "Images"), gallery, full.el);
  const cards = new WeakMap<HTMLElement, (images: Image[]) => void>();

  watch(model, ["images"], life, () => {
    const groups = byName(model.get("images"));
    el.hidden = groups.length === 0;
    list(
      gallery,
      groups,
      ({ name }) => name,
      ({ name }) => {
        const { el, draw } = card(name, pictures, full.show, life);
        cards.set(el, draw);
        return el;
      },
      (figure, { images }) => cards.get(figure)?.(images),
    );
  });
  return el;
}

/** The pictures of each name, in the order of their steps, else of their times. */
function byName(images: Image[]): { name: string; images: Image[] }[] {
  const groups = new Map<string, Image[]>();
  for (const image of images) {
    const name = image.get("name");
    groups.set(name, [...(groups.get(name) ?? []), image]);
  }
  const place = (image: Image) => image.get("step") ?? image.get("at") ?? 0;
  const stepped = (images: Image[]) => images.every((image) => image.get("step") !== null);
  return [...groups].map(([name, images]) => ({
    name,
    // Where only some have a step, those are no order.
    images: stepped(images) ? [...images].sort((a, b) => place(a) - place(b)) : images,
  }));
}

function card(
  name: string,
  pictures: Pictures,
  show: (name: string, images: Image[], place: number) => void,
  life: AbortSignal,
): { el: HTMLElement; draw(images: Image[]): void } {
  const button = h("button", { type: "button", "aria-label": `Show ${name} in full` });
  const caption = h("figcaption", {}, h("span", { title: name }, name), h("small"));
  const stage = new Stage(pictures, life, (image, isShown, place, total) => {
    const which = total > 1 ? `${count(place + 1)} of ${count(total)} · ` : "";
    write(caption.children[1] as Element, `${which}${aboutOf(image)}`);
    button.disabled = !isShown;
    set(el, "data-shown", String(isShown));
  });
  button.append(stage.img, stage.unshown);
  button.addEventListener("click", () => show(name, stage.images, stage.place));
  const el = h("figure", {}, button, caption, stage.slider);
  let near = false;
  let newest: Image[] = [];
  whenNear(el, life, () => {
    near = true;
    stage.draw(newest);
  });
  return {
    el,
    draw(images) {
      newest = images;
      if (near) stage.draw(images);
    },
  };
}
