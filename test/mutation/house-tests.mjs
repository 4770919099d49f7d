// The house's own tests of the norms as Stryker's runner takes them: without Python, and the same numbers each time. It runs none itself.

import fc from 'fast-check';
import { collectFrom } from './in-process-vitest.mjs';

export const FILES = [
  'test/norms/cascade-sum.test.ts',
  'test/norms/double-backward.test.ts',
  'test/norms/fused-multiply-add.test.ts',
  'test/norms/gradients.test.ts',
  'test/norms/half-way.test.ts',
  'test/norms/layers.test.ts',
  'test/norms/modules.test.ts',
  'test/norms/parameters.test.ts',
  'test/norms/purity.test.ts',
  'test/norms/python-words.test.ts',
  'test/norms/rounding.test.ts',
  'test/norms/safetensors-order.test.ts',
  'test/norms/safetensors.test.ts',
  'test/norms/state-dict.test.ts',
  'test/norms/wasm/vector-kernels.test.ts',
  'test/norms/welford.test.ts',
  'test/conformance/subjects/inspect.test.ts',
  'test/conformance/subjects/lazy.test.ts',
  'test/conformance/subjects/port-state.test.ts',
];

/** Tests by name, with `load` importing a file of the port's present module graph. A failed property is not made smaller. */
export async function houseTests(load) {
  fc.configureGlobal({ seed: 20260713, endOnFailure: true });
  const tests = new Map();
  const leave = [];
  for (const path of FILES) {
    const file = await collectFrom(() => load(path));
    for (const [i, { name, body }] of file.tests.entries()) {
      tests.set(`${path} ${i + 1}: ${name}`, { body, after: file.afterEach });
    }
    leave.push(...file.afterAll);
  }
  return {
    tests,
    leave() {
      for (const body of leave) body();
    },
  };
}
