// Modules as audit subjects: signatures read off source text, ways of calling tried in a child, trajectories answered. No Python is started.

import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { openExport } from '../../../../ts-impl/conformance/diagnosis/modules/module-specimen.ts';
import { inPlainWords, placeOf } from '../../../../ts-impl/conformance/diagnosis/modules/module-source.ts';
import {
  construct,
  float64,
  forward,
  probe,
  readAll,
  valuesOf,
} from '../../../../ts-impl/conformance/diagnosis/measure/specimen.ts';
import { ChildGone } from '../../../../ts-impl/conformance/subjects/js/child/start-child.ts';
import { openForeignModule } from '../../../../ts-impl/conformance/subjects/js/foreign/foreign-module.ts';
import { readCallable } from '../../../../ts-impl/conformance/subjects/js/foreign/read-callable.ts';
import { int } from '../../../../cases/case.ts';
import { transpile } from '../transpiled.ts';
import { moduleFile } from './live-module.ts';

vi.setConfig({ testTimeout: 90_000 }); // children start by the dozen beside other tests

const JS = 'ts-impl/conformance/subjects/js';
const PROGRAMS = ['foreign/foreign-thread.ts', 'child/child.ts', 'child/thread-start.mjs', 'child/typescript-hook.mjs'];
const transpiled = transpile(...PROGRAMS.map((name) => `${JS}/${name}`));
const code = pathToFileURL(transpiled.pathOf(`${JS}/`));
afterAll(transpiled.remove);

const corpus = (name: string) => fileURLToPath(new URL(`../../../corpus/js/${name}`, import.meta.url));
const open = (path: string, timeoutMs = 20_000) =>
  openForeignModule({ file: path, path, timeoutMs, memoryMb: 256, code });

describe('a signature', () => {
  test('with defaults, bags and their fallbacks', () => {
    const found = readCallable('function f(x, { gamma, eps = 1e-5 }, opts) { return opts.momentum ?? 0.1; }');
    expect(found?.parameters.map(({ key, bag }) => [key, bag?.map((p) => [p.key, p.optional, p.default])])).toEqual([
      ['x', undefined],
      [
        'options1',
        [
          ['gamma', false, null],
          ['eps', true, { kind: 'float', value: 1e-5 }],
        ],
      ],
      ['opts', [['momentum', true, { kind: 'float', value: 0.1 }]]],
    ]);
  });

  test('of a factory is that of what it makes', () => {
    const found = readCallable('(dim) => { const forward = (rows) => rows; return { forward }; }');
    expect(found?.makes).toMatchObject({ method: 'forward', parameters: [{ key: 'rows' }] });
  });

  test('of native code is none', () => {
    expect(readCallable(Function.prototype.toString.call(Math.max))).toBeNull();
  });
});

describe('the place of an export', () => {
  test.each([
    ['export const a = 1;\nexport class Norm {\n  forward(x) {}\n}', 'Norm', { line: 2, endLine: 4, forwardLine: 3 }],
    ['function f() {}\nexport { f as norm };', 'norm', { line: 1, endLine: 1, forwardLine: null }],
    ['\nexports.norm = function (x) {};', 'norm', { line: 2, endLine: 2, forwardLine: null }],
    ['const o = {\n  norm(x) {},\n};\nexport { o };', 'o.norm', { line: 2, endLine: 2, forwardLine: 2 }],
  ])('%j', (text, name, place) => {
    expect(placeOf('norm.js', text, name, name)).toEqual(place);
  });

  test('is read in words that the clues know', () => {
    expect(inPlainWords('this.runningMean[c] += 1; // mean\n#eps = 1e-5;')).toBe(
      'self.running_mean += 1; \n_eps = 1e-5;',
    );
  });
});

describe('an export in a child', () => {
  test('is called as it wants to be, and answers trajectories', async () => {
    const module = await open(corpus('torch-like.ts'));
    try {
      const facts = module.exports.find(({ name }) => name === 'BatchNorm2d');
      if (facts === undefined) throw new Error('no BatchNorm2d');
      const opened = await openExport(module, facts, 'BatchNorm2d');
      if (opened.kind !== 'opened') throw new Error(opened.message);
      expect(opened.planned.plan).toMatchObject({ container: { kind: 'nested' }, method: { train: 'forward' } });
      expect(opened.gradients).toBeNull();
      expect(opened.specimen.signature.map((p) => p.name)).toEqual(['numFeatures', 'eps', 'momentum', 'affine']);
      const x = float64(Float64Array.of(0, 2), [2, 1, 1, 1]);
      const [outcome] = await opened.specimen.ask([
        probe('BatchNorm2d', [construct('BatchNorm2d', { numFeatures: int(1) }), forward('train', x), readAll]),
      ]);
      expect(valuesOf(outcome, 1, 'output')?.[1]).toBeCloseTo(1, 4);
      expect(valuesOf(outcome, 2, 'runningVar')?.[0]).toBeCloseTo(0.9 + 0.1 * 2, 12);
    } finally {
      await module.close();
    }
  });

  test('that is no norm in any way says what came of trying', async () => {
    const module = await open(moduleFile('badly.js'));
    try {
      const facts = module.exports.find(({ name }) => name === 'number');
      if (facts === undefined) throw new Error('no number');
      expect(await openExport(module, facts, 'number')).toMatchObject({
        kind: 'closed',
        message: expect.stringContaining('number'),
      });
    } finally {
      await module.close();
    }
  });

  test.each([
    ['throws.js', 'import', /RangeError: no model file/],
    ['nowhere.js', 'import', /can't be imported/],
  ])('of a module that does not load: %s', async (name, kind, words) => {
    const problem = await open(moduleFile(name)).catch((gone: unknown) => gone);
    expect(problem).toBeInstanceOf(ChildGone);
    expect(problem).toMatchObject({ reason: { kind, message: expect.stringMatching(words) } });
  });
});
