// The tests that kill mutants of the comparator and the line of floats: no Python, no process, one module graph for all.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'test/tensor/float-line.test.ts',
      'test/conformance/judge/{compare-tensor,comparison-details,judge,tolerance,verdict-details}.test.ts',
    ],
    isolate: false,
    testTimeout: 30_000,
  },
});
