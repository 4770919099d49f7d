// How the tests run: all of test/, with a reporter that prints the reason of every skip before the runner's own summary.

import { defineConfig } from 'vitest/config';
import { SkipsReporter } from './test/house/skips-reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: [new SkipsReporter(), 'default'],
    testTimeout: 30_000, // a test that starts the oracle waits for `import torch`
    hookTimeout: 60_000,
    env: { NO_COLOR: '1' },
  },
});
