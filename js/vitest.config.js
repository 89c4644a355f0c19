import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "jsdom",
    setupFiles: "tests/setup.ts",
    // Text is compared as an English reader sees it, wherever the tests run.
    env: { LC_ALL: "en_US.UTF-8", TZ: "UTC" },
    restoreMocks: true,
    // Properties take hundreds of examples each; on a busy machine that is more than five seconds.
    testTimeout: 30_000,
  },
});
