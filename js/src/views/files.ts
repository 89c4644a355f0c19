import { h, list, set, write } from "../dom.ts";
import { bytes, iso, time } from "../format.ts";
import { type Model, type RunModel, watch } from "../model.ts";

/** The run's files with their sizes. */
export function files(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const body = h("tbody");
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, "File"),
    h("th", { scope: "col", class: "rw-number" }, "Size"),
    h("th", { scope: "col" }, "Changed"),
  );
  const el = h("table", { class: "rw-files" }, h("thead", {}, head), body);

  watch(model, ["files"], life, () => {
    list(
      body,
      model.get("files"),
      ({ path }) => path,
      ({ path }) => {
        const cut = path.lastIndexOf("/") + 1;
        const name = h(
          "td",
          {},
          h("span", { class: "rw-folder" }, path.slice(0, cut)),
          path.slice(cut),
        );
        return h("tr", {}, name, h("td", { class: "rw-number" }), h("td", {}, h("time")));
      },
      (row, file) => {
        write(row.children[1] as Element, bytes(file.bytes));
        const changed = row.querySelector("time") as Element;
        write(changed, time(file.modified_at));
        set(changed, "datetime", iso(file.modified_at));
      },
    );
  });
  return el;
}
