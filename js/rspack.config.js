// The same widgets as one AMD module, for pages that load widgets through require.js:
// exported HTML, the portal's page, VS Code. JupyterLab has the labextension instead.
import { fileURLToPath } from "node:url";

export default {
  mode: "production",
  entry: "./lib/amd.js",
  output: {
    path: fileURLToPath(new URL("../run_widgets/nbextension", import.meta.url)),
    filename: "index.js",
    library: { type: "amd" },
    publicPath: "",
    clean: true,
  },
  module: {
    rules: [{ test: /\.css$/, use: ["style-loader", "css-loader"], type: "javascript/auto" }],
  },
  externals: ["@jupyter-widgets/base"],
};
