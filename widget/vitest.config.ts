/** How the widget's tests run: without a DOM, unless a file asks for a small one in its second line; every file on its own. */

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["widget/test/**/*.test.ts"],
    environment: "node",
    passWithNoTests: false,
    testTimeout: 60_000,
  },
});
