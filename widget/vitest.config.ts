/** How the widget's tests run: in a small DOM, every file on its own. */

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["widget/test/**/*.test.ts"],
    environment: "happy-dom",
    passWithNoTests: false,
    testTimeout: 10_000,
  },
});
