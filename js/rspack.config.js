// Two bundles for pages without JupyterLab, which has the labextension instead. Both in one folder.
import { fileURLToPath } from "node:url";

import { Notices } from "./notices.js";

const shared = {
  mode: "production",
  module: {
    rules: [{ test: /\.css$/, use: ["style-loader", "css-loader"], type: "javascript/auto" }],
  },
};

const output = {
  path: fileURLToPath(new URL("../run_widgets/nbextension", import.meta.url)),
  publicPath: "",
  // One file each: who loads it does not know of others.
  asyncChunks: false,
};

export default [
  // The same widgets as one AMD module, for pages that load widgets through require.js: VS Code.
  {
    ...shared,
    entry: "./lib/amd.js",
    output: { ...output, filename: "index.js", library: { type: "amd" } },
    externals: ["@jupyter-widgets/base"],
    plugins: [new Notices("index.licenses.txt")],
  },
  // The run's page and exported files: all but bqplot, which says `define` as it loads.
  {
    ...shared,
    entry: "./lib/page.js",
    output: { ...output, filename: "page.js" },
    performance: { hints: false },
    plugins: [new Notices("page.licenses.txt")],
  },
];
