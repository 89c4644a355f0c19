// The licences of what other people wrote and a bundle has in it, as a file beside the bundle.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Of packages whose archives leave the text to their repositories: Jupyter's, all under one. */
const JUPYTER = readFileSync(
  fileURLToPath(new URL("notices/jupyter.txt", import.meta.url)),
  "utf8",
);

/** Writes `file`: each package of which the bundle has a module, with its licence. */
export class Notices {
  constructor(file) {
    this.file = file;
  }

  apply(compiler) {
    compiler.hooks.thisCompilation.tap("Notices", (compilation) => {
      const stage = compiler.webpack.Compilation.PROCESS_ASSETS_STAGE_REPORT;
      compilation.hooks.processAssets.tap({ name: "Notices", stage }, () => {
        const text = noticesOf([...foldersOf(compilation)].sort());
        compilation.emitAsset(this.file, new compiler.webpack.sources.RawSource(text));
      });
    });
  }
}

/** The folder of each package with a module in the bundle. */
function foldersOf(compilation) {
  const folders = new Set();
  const walk = (modules) => {
    for (const module of modules) {
      const path = module.nameForCondition?.() ?? "";
      const [, folder] = PACKAGE.exec(path) ?? [];
      if (folder) folders.add(folder);
      walk(module.modules ?? []); // those that were joined into one
    }
  };
  walk(compilation.modules);
  return folders;
}

const PACKAGE = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)/;

/** Each text once, below all that are under it. */
function noticesOf(folders) {
  const under = new Map();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
    const text = file ? readFileSync(`${folder}/${file}`, "utf8") : textOf(name, license);
    under.set(text, [...(under.get(text) ?? []), `${name} ${version}, ${license}`]);
  }
  return [...under]
    .map(([text, names]) => `${names.join("\n")}\n\n${text.trim()}\n`)
    .join("\n----\n\n");
}

function textOf(name, license) {
  const isJupyters = /^@(jupyter|jupyter-widgets|jupyterlab|lumino)\//.test(name);
  if (isJupyters && license === "BSD-3-Clause") return JUPYTER;
  throw new Error(`${name} has no text of its licence ${license}: put one into notices/`);
}
