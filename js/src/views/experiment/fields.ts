import { h, set } from "../../dom.ts";

export type Option = { value: string; label: string; group?: string };

/** A labelled choice of one; `show` sets what is offered and what is chosen. */
export function choiceField(
  label: string,
  change: (value: string) => void,
): { el: HTMLElement; show(options: Option[], value: string): void } {
  const select = h("select", { class: "rw-select", "aria-label": label });
  let offered = "";
  select.addEventListener("change", () => change(select.value));
  return {
    el: h("label", { class: "rw-field" }, h("span", {}, label), select),
    show(options, value) {
      const key = JSON.stringify(options);
      if (key !== offered) {
        offered = key;
        const groups = new Map<string, HTMLElement[]>();
        for (const { value, label, group = "" } of options) {
          groups.set(group, [...(groups.get(group) ?? []), h("option", { value }, label)]);
        }
        select.replaceChildren(
          ...[...groups].flatMap(([group, items]) =>
            group ? [h("optgroup", { label: group }, ...items)] : items,
          ),
        );
      }
      select.value = value;
    },
  };
}

/** A labelled tick. */
export function tickField(
  label: string,
  change: (checked: boolean) => void,
): { el: HTMLElement; box: HTMLInputElement } {
  const box = h("input", { type: "checkbox" });
  box.addEventListener("change", () => change(box.checked));
  return { el: h("label", { class: "rw-tick" }, box, h("span", {}, label)), box };
}

/** A few choices side by side, of which one is in force. */
export function segments<T extends string>(
  label: string,
  options: [value: T, text: string][],
  change: (value: T) => void,
): { el: HTMLElement; show(value: T): void } {
  const buttons = options.map(([value, text]) =>
    h("button", { type: "button", class: "rw-segment", onclick: () => change(value) }, text),
  );
  return {
    el: h("div", { class: "rw-segments", role: "group", "aria-label": label }, ...buttons),
    show(value) {
      options.forEach(([each], i) => {
        set(buttons[i] as HTMLElement, "aria-pressed", String(each === value));
      });
    },
  };
}
