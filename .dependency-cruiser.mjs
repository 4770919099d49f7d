// The import rule of the house: imports flow one way. `npm run imports` checks it, test/house/imports.test.ts proves that it can fail.

const BUILTIN = { dependencyTypes: ['core'] };
const PACKAGE = { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] };
const TENSOR = '^ts-impl/tensor/';
const NORMS = '^ts-impl/norms/';
const CASES = '^cases/';
const CONFORMANCE = '^ts-impl/conformance/';
const SUBJECTS = '^ts-impl/conformance/subjects/';
const PORT = '^ts-impl/conformance/subjects/port[a-z-]*\\.ts$';
const CLI = '^ts-impl/cli/';

/** Rooms that the files at `from` may import of our own; everything else of the house is forbidden to them. */
const only = (name, from, rooms, extra = {}) => ({
  name,
  severity: 'error',
  comment: `${from} imports of the house only ${rooms.join(', ')}`,
  from: { path: from, ...extra },
  to: {
    path: ['^(ts-impl|cases|test|py-oracle|setup|dist)/', '^[^/]+$'],
    pathNot: rooms,
    dependencyTypesNot: ['core'],
  },
});

const forbid = (name, from, to, comment, extra = {}) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from, ...extra },
  to,
});

export default {
  forbidden: [
    only('tensor-imports-nothing', TENSOR, [TENSOR]),
    only('norms-import-tensor', NORMS, [NORMS, TENSOR]),
    only('cases-import-tensor', CASES, [CASES, TENSOR]),
    only('port-imports-norms', PORT, [CONFORMANCE, CASES, TENSOR, NORMS]),
    only('conformance-imports-cases', CONFORMANCE, [CONFORMANCE, CASES, TENSOR], { pathNot: [PORT] }),
    only('cli-imports-the-house', CLI, [CLI, CONFORMANCE, CASES, NORMS, TENSOR]),
    forbid('tensor-and-norms-are-pure', [TENSOR, NORMS], BUILTIN, 'the port runs in a browser: no Node API'),
    forbid('tensor-and-norms-have-no-packages', [TENSOR, NORMS], PACKAGE, 'the port has no dependency'),
    forbid('cases-are-pure', CASES, BUILTIN, 'cases are pure functions: no Node API'),
    forbid(
      'cases-have-few-packages',
      CASES,
      { ...PACKAGE, pathNot: 'node_modules/(@types/)?(fflate|msgpack-lite)/' },
      'cases pack themselves and need nothing else',
    ),
    forbid(
      'processes-live-in-subjects',
      '^(ts-impl|cases)/',
      {
        path: [
          '^(node:)?(child_process|cluster|worker_threads|net|dgram|timers|timers/promises)$',
          'node_modules/(execa|zeromq)/',
        ],
      },
      'processes, sockets and timers live in ts-impl/conformance/subjects',
      { pathNot: SUBJECTS },
    ),
    forbid(
      'no-development-package-at-run-time',
      '^(ts-impl|cases)/',
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
      'a package that `npm ci --omit=dev` leaves out',
    ),
    forbid('no-cycles', '^(ts-impl|cases)/', { circular: true }, 'no file imports itself, by whatever way'),
    forbid(
      'no-late-imports',
      '^(ts-impl|cases)/',
      { dynamic: true, path: '^(ts-impl|cases)/' },
      'imports stand at the top',
    ),
    forbid('every-import-is-found', '^(ts-impl|cases)/', { couldNotResolve: true }, 'an import that leads nowhere'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true, // imports of types count too
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: false,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
};
