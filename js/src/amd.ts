import "../style/index.css";

export * from "./version.ts";
export * from "./widget.ts";
