// Stryker over the norms: mutants are killed by PyTorch's recorded answers.

import { fileURLToPath } from 'node:url';

const at = (name) => fileURLToPath(new URL(name, import.meta.url));

export default {
  testRunner: 'recorded',
  plugins: [at('recorded-runner.mjs')],
  testRunnerNodeArgs: ['--import', new URL('load.mjs', import.meta.url).href],
  mutate: ['ts-impl/norms/**/*.ts', '!ts-impl/norms/wasm/{kernels*,fused.assembly}.ts'],
  coverageAnalysis: 'perTest',
  disableTypeChecks: false, // types are taken off, not checked
  concurrency: 1,
  timeoutMS: 5000,
  timeoutFactor: 3,
  maxTestRunnerReuse: 150,
  tempDirName: '.normative/stryker',
  cleanTempDir: 'always',
  ignorePatterns: ['.venv', 'dist', '.normative', 'docs', 'py-oracle', '.ci'],
  reporters: ['json', 'progress-append-only'],
  jsonReporter: { fileName: '.normative/mutation/norms.json' },
  allowConsoleColors: false,
};
