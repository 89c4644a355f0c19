import { h, set, write } from "../dom.ts";
import type { Model, RunImageModel } from "../model.ts";
import { isOn, press, toggle } from "./buttons.ts";
import type { Pictures } from "./pictures.ts";
import { aboutOf, Stage } from "./stage.ts";

type Image = Model<RunImageModel>;

/**
 * Pictures in full, one or two beside each other.
 *
 * The browser's own dialog: Escape closes it, and so does a click beside the pictures. The arrow
 * keys lead along the steps, both of two pictures alike; a click on one shows it in its own size
 * and back.
 */
export function fullView(
  pictures: Pictures,
  life: AbortSignal,
): { el: HTMLElement; show(name: string, images: Image[], place: number): void } {
  const title = h("p");
  const compare = toggle("Compare", "Show two steps beside each other");
  const close = h("button", { type: "button", class: "rw-close", "aria-label": "Close" }, "×");
  const [left, right] = [side(pictures, life), side(pictures, life)];
  const el = h(
    "dialog",
    { class: "rw-full", "data-lm-suppress-shortcuts": "true" },
    h("header", {}, title, compare, close),
    h("div", { class: "rw-sides" }, left.el, right.el),
  );

  /** Show the step before this one beside it, or only this one again. */
  function split(on: boolean): void {
    if (on) {
      right.stage.go(Math.max(1, left.stage.place));
      left.stage.go(right.stage.place - 1);
    } else if (isOn(compare)) {
      left.stage.go(right.stage.place);
    }
    press(compare, on);
    right.el.hidden = !on;
    set(el, "data-split", on);
  }

  compare.addEventListener("click", () => split(!isOn(compare)));
  close.addEventListener("click", () => el.close());
  el.addEventListener("click", (event) => event.target === el && el.close());
  el.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    const stages = isOn(compare) ? [left.stage, right.stage] : [left.stage];
    if (stages.every(({ place, images }) => images[place + step])) {
      for (const stage of stages) stage.go(stage.place + step);
    }
  });
  return {
    el,
    show(name, images, place) {
      write(title, name);
      compare.hidden = images.length < 2;
      for (const { stage } of [left, right]) {
        stage.draw(images);
        stage.go(place);
      }
      split(false);
      el.showModal();
    },
  };
}

function side(pictures: Pictures, life: AbortSignal): { el: HTMLElement; stage: Stage } {
  const caption = h("figcaption");
  const stage = new Stage(pictures, life, (image) => write(caption, aboutOf(image)));
  const frame = h("div", { class: "rw-frame" }, stage.img, stage.unshown);
  stage.img.addEventListener("click", () => {
    set(frame, "data-natural", frame.dataset.natural === undefined);
  });
  return { el: h("figure", {}, frame, caption, stage.slider), stage };
}
