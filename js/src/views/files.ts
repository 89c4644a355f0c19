import { number } from "../format.ts";
import { type FileEntry, type Model, type RunImageModel, type RunModel, watch } from "../model.ts";
import { serverOf } from "../server.ts";
import { FileBrowser } from "./file_browser.ts";

/** The run's files: what it kept, what it printed, the pictures it drew. */
export function files(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const server = () => serverOf(model.get("facts"));
  let pictures = new Map<string, string>();
  const browser = new FileBrowser(
    "Outputs",
    {
      open: (path) => server()?.file(path) ?? null,
      about: (path) => pictures.get(path) ?? "",
      all: async () => (await server()?.state<{ files: FileEntry[] }>(null))?.state.files ?? [],
    },
    life,
  );
  watch(model, ["files", "images"], life, () => {
    // A picture that was logged again has a name that nobody gave it.
    pictures = new Map(model.get("images").map((image) => [image.get("path"), namesOf(image)]));
    browser.draw(model.get("files"), model.get("facts").file_count);
  });
  return browser.el;
}

/** `step 20 · samples`: first what tells it from the others of its name. */
function namesOf(image: Model<RunImageModel>): string {
  const [name, step] = [image.get("name"), image.get("step")];
  return step === null ? name : `step ${number(step)} · ${name}`;
}
