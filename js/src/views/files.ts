import { type FileEntry, type Model, type RunModel, watch } from "../model.ts";
import { serverOf } from "../server.ts";
import { FileBrowser } from "./file_browser.ts";

/** The run's files: what it kept, what it printed, the pictures it drew. */
export function files(model: Model<RunModel>, life: AbortSignal): HTMLElement {
  const server = () => serverOf(model.get("facts"));
  const browser = new FileBrowser(
    "Outputs",
    {
      open: (path) => server()?.file(path) ?? null,
      all: async () => (await server()?.state<{ files: FileEntry[] }>(null))?.state.files ?? [],
    },
    life,
  );
  watch(model, ["files"], life, () => {
    browser.draw(model.get("files"), model.get("facts").file_count);
  });
  return browser.el;
}
