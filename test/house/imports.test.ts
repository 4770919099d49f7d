// The import rule is proved red: every planted violation is named by its rule, and a clean or empty house is told apart.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkImports, judge } from './imports.mjs';

const ROOT = join(import.meta.dirname, '..', '..');

/** A house in miniature that breaks no rule. */
const CLEAN = {
  'ts-impl/tensor/tensor.ts': 'export type Tensor = number;\nexport const size = 1;\n',
  'ts-impl/norms/norm.ts': "import { size } from '../tensor/tensor.ts';\nexport const norm = size;\n",
  'cases/case.ts':
    "import { zipSync } from 'fflate';\nimport type { Tensor } from '../ts-impl/tensor/tensor.ts';\nexport const a: Tensor = 1;\nexport const zip = zipSync;\n",
  'ts-impl/conformance/judge.ts': "import { a } from '../../cases/case.ts';\nexport const judged = a;\n",
  'ts-impl/conformance/subjects/port.ts':
    "import { norm } from '../../norms/norm.ts';\nimport './process.ts';\nimport '../judge.ts';\nexport const port = norm;\n",
  'ts-impl/conformance/subjects/process.ts':
    "import { setTimeout } from 'node:timers/promises';\nimport { execa } from 'execa';\nexport const start = [execa, setTimeout];\n",
  'ts-impl/cli/main.ts': "import { judged } from '../conformance/judge.ts';\nexport const main = judged;\n",
};

/** One planted line each: where, what, and the rule that must name it. */
const PLANTED: readonly (readonly [file: string, line: string, rule: string])[] = [
  ['ts-impl/tensor/tensor.ts', "import '../norms/norm.ts';", 'tensor-imports-nothing'],
  ['ts-impl/tensor/tensor.ts', "import type {} from '../../cases/case.ts';", 'tensor-imports-nothing'],
  ['ts-impl/tensor/tensor.ts', "import 'node:fs';", 'tensor-and-norms-are-pure'],
  ['ts-impl/norms/norm.ts', "import '../../cases/case.ts';", 'norms-import-tensor'],
  ['ts-impl/norms/norm.ts', "import 'node:buffer';", 'tensor-and-norms-are-pure'],
  ['ts-impl/norms/norm.ts', "import 'fflate';", 'tensor-and-norms-have-no-packages'],
  ['cases/case.ts', "import '../ts-impl/conformance/judge.ts';", 'cases-import-tensor'],
  ['cases/case.ts', "import 'node:fs';", 'cases-are-pure'],
  ['cases/case.ts', "import 'commander';", 'cases-have-few-packages'],
  ['ts-impl/conformance/judge.ts', "import type {} from '../norms/norm.ts';", 'conformance-imports-cases'],
  ['ts-impl/conformance/subjects/process.ts', "import '../../norms/norm.ts';", 'conformance-imports-cases'],
  ['ts-impl/conformance/subjects/port.ts', "import '../../cli/main.ts';", 'port-imports-norms'],
  ['ts-impl/conformance/judge.ts', "import '../cli/main.ts';", 'conformance-imports-cases'],
  ['ts-impl/conformance/judge.ts', "import 'execa';", 'processes-live-in-subjects'],
  ['ts-impl/conformance/judge.ts', "import 'zeromq';", 'processes-live-in-subjects'],
  ['ts-impl/cli/main.ts', "import 'node:child_process';", 'processes-live-in-subjects'],
  ['ts-impl/cli/main.ts', "import 'node:timers/promises';", 'processes-live-in-subjects'],
  ['ts-impl/cli/main.ts', "import 'vitest';", 'no-development-package-at-run-time'],
  ['ts-impl/conformance/judge.ts', "import './judge.ts';", 'no-cycles'],
  ['ts-impl/tensor/tensor.ts', "import './second.ts';", 'no-cycles'],
  ['ts-impl/cli/main.ts', "export const late = () => import('../tensor/tensor.ts');", 'no-late-imports'],
  ['ts-impl/cli/main.ts', "import '../conformance/gone.ts';", 'every-import-is-found'],
];

let folder = '';

beforeAll(() => {
  mkdirSync(join(ROOT, '.normative'), { recursive: true });
  folder = mkdtempSync(join(ROOT, '.normative', 'house-')); // inside the clone, so that packages are found
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the import rule', () => {
  test('holds for a clean miniature house', async () => {
    const seen = await checkImports(plant({}));
    expect(seen.violations).toEqual([]);
    expect(seen.modules).toBe(Object.keys(CLEAN).length);
    expect(judge(seen).exitCode).toBe(0);
  });

  test.each(PLANTED)('%s with `%s` breaks %s', async (file, line, rule) => {
    const second = { 'ts-impl/tensor/second.ts': "import './tensor.ts';\n" };
    const extra = line.includes('second.ts') ? second : {};
    const seen = await checkImports(plant({ ...extra, [file]: `${line}\n${CLEAN[file as keyof typeof CLEAN]}` })); // PLANTED names files of CLEAN
    const expected = rule === 'no-cycles' ? `${rule}: ${dirname(file)}/` : `${rule}: ${file} → `; // a cycle may start anywhere in it
    expect(seen.violations.join('\n')).toContain(expected);
    expect(judge(seen).exitCode).toBe(1);
  });

  test('fails where it saw no module, or no import', async () => {
    const empty = mkdtempSync(join(folder, 'empty-'));
    expect(judge(await checkImports(empty))).toMatchObject({ exitCode: 1, text: expect.stringContaining('no module') });
    mkdirSync(join(empty, 'ts-impl'));
    expect(judge(await checkImports(empty)).exitCode).toBe(1);
    writeFileSync(join(empty, 'ts-impl', 'alone.ts'), 'export const alone = 1;\n');
    expect(judge(await checkImports(empty))).toMatchObject({ exitCode: 1, text: expect.stringContaining('no import') });
  });

  test('holds for this house', async () => {
    const seen = await checkImports(ROOT);
    expect(seen.violations).toEqual([]);
    expect(seen.modules).toBeGreaterThan(20);
    expect(seen.dependencies).toBeGreaterThan(seen.modules);
  });
});

/** Lays a house of the clean files and those given, and returns its root. */
function plant(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(folder, 'planted-'));
  for (const [path, text] of Object.entries({ ...CLEAN, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
