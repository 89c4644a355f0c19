/** The name and version under which kernels ask for our widgets; as in package.json. */
export const MODULE_NAME = "run-widgets";
export const MODULE_VERSION = "0.1.0";
