// Stryker over the comparator and the line of floats: mutants are killed by their own tests.

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  mutate: ['ts-impl/conformance/judge/{compare-tensor,tolerance,judge}.ts', 'ts-impl/tensor/float-line.ts'],
  coverageAnalysis: 'perTest',
  disableTypeChecks: false, // types are taken off, not checked
  concurrency: 1,
  timeoutMS: 5000,
  timeoutFactor: 3,
  tempDirName: '.normative/stryker',
  cleanTempDir: 'always',
  ignorePatterns: ['.venv', 'dist', '.normative', 'docs', 'py-oracle', 'setup', '.ci'],
  reporters: ['json', 'progress-append-only'],
  jsonReporter: { fileName: '.normative/mutation/comparator.json' },
  allowConsoleColors: false,
};
