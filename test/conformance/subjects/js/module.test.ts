// Norms in JavaScript checked through the command line with the embedded oracle: right, wrong, hanging, dying, missing. No Python.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { suite } from '../../../../cases/suites.ts';
import { packageRoot } from '../../../../ts-impl/conformance/subjects/process.ts';
import { main } from '../../../../ts-impl/cli/program.ts';
import type { Report } from '../../../../ts-impl/conformance/report/report.ts';
import { fakeEdge } from '../../../cli/fake-edge.ts';
import { faultsOfReport } from '../../report/report-schema.ts';
import { EXAMPLE, liveModules, moduleFile } from './live-module.ts';

const ID = [...suite('smoke', { layers: ['LayerNorm'], cases: 1 })][0].id;

const modules = liveModules();
afterAll(modules.remove);

async function cli(...argv: readonly string[]) {
  const edge = fakeEdge();
  const code = await main(argv, edge, modules.rooms);
  return { code, out: edge.outText(), err: edge.errText() };
}

async function check(subject: string, ...argv: readonly string[]) {
  const asked = ['check', '--subject', `js:${subject}`, '--oracle', 'embedded', ...argv];
  const { code, out, err } = await cli(...asked, '--format', 'json');
  const report: Report | null = out === '' ? null : JSON.parse(out);
  if (report !== null) expect(faultsOfReport(report)).toEqual([]);
  return { code, report, err };
}

describe('a right norm', () => {
  test('agrees, and what it lacks is told', async () => {
    const { code, report } = await check(EXAMPLE);
    expect(report?.subjects.map(({ name, layer, verdict }) => [name, layer, verdict])).toEqual([
      ['LayerNorm', 'LayerNorm', 'agrees'],
      ['groupNorm', 'GroupNorm', 'agrees'],
      ['groupNorm', 'group_norm', 'agrees'],
    ]);
    expect(code).toBe(0);
    expect(report?.oracle).toMatchObject({ name: 'embedded', version: expect.stringMatching(/^2\.13\.0/) });
    const skipped = report?.skipped.map(({ name }) => name) ?? [];
    expect(skipped.slice(0, 2)).toEqual(['groupNorm: gradients', 'groupNorm: float64']);
    // Every unsupported case is in one of the counts, with its reason.
    const counted = skipped.slice(2).map((name) => Number(/: (\d+) cases?$/.exec(name)?.[1]));
    const layers = report?.subjects.reduce((sum, { totals }) => sum + totals.unsupported, 0) ?? Number.NaN;
    expect(counted.length).toBeGreaterThan(1);
    expect(counted.reduce((sum, n) => sum + n, 0)).toBe(layers);
    expect(report?.subjects[0]).toMatchObject({ kind: 'js', source: { file: EXAMPLE, line: 4 }, layerFrom: 'name' });
    const [layerNorm] = report?.subjects ?? [];
    expect(layerNorm.totals.identical + layerNorm.totals.within).toBeGreaterThan(150);
    const backward = report?.cells.filter(({ layer, direction }) => layer === 'LayerNorm' && direction === 'backward');
    expect(backward?.length).toBeGreaterThan(4);
    expect(report?.cells.some(({ layer, direction }) => layer === 'GroupNorm' && direction === 'backward')).toBe(false);
  });

  test('takes --cases as cases of its own layers', async () => {
    const { report } = await check(`${EXAMPLE}#LayerNorm`, '--suite', 'deep', '--cases', '50');
    expect(report?.totals.cases).toBe(50);
    expect(report?.subjects).toHaveLength(1);
  });
});

test('the port is no subject of its own stand-in', async () => {
  const port = join(packageRoot(), 'ts-impl', 'norms', 'index.ts');
  expect(await check(port)).toMatchObject({
    code: 2,
    report: null,
    err: expect.stringContaining('which is the port itself'),
  });
});

describe('a wrong norm', () => {
  test('differs, and the convention is named with the command that shows it', async () => {
    const { code, report } = await check(`${moduleFile('faulty.js')}#LayerNorm`);
    expect(code).toBe(1);
    const [finding, ...others] = report?.subjects[0].findings ?? [];
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ convention: 'eps.placement', expected: 'inside-sqrt', actual: 'outside-sqrt' });
    expect(finding.witnesses[0].replay).toMatch(
      /^normative replay x1\/\S+ --subject 'js:.*#LayerNorm' --oracle embedded$/,
    );
  });

  test('without gradients and float64 is measured all the same', async () => {
    const { code, report } = await check(`${moduleFile('faulty.js')}#BatchNorm1d`);
    expect(code).toBe(1);
    expect(report?.subjects[0].findings.map(({ convention, actual }) => [convention, actual])).toEqual([
      ['momentum.rule', 'old-weight'],
    ]);
    expect(report?.skipped.slice(0, 2).map(({ name }) => name)).toEqual([
      'BatchNorm1d: gradients',
      'BatchNorm1d: float64',
    ]);
  });

  test('is shown by replay as check saw it', async () => {
    const subject = ['--subject', `js:${moduleFile('faulty.js')}#LayerNorm`, '--oracle', 'embedded'];
    const wrong = await cli('replay', ID, ...subject, '--tolerance', 'ulp:0');
    expect(wrong.out).toMatch(/^ {3}embedded +output \[/m);
    expect(wrong.out).toMatch(/^ {3}LayerNorm +output \[/m);
    expect(wrong.code).toBe(1);
    const right = await cli('replay', ID, '--subject', `js:${EXAMPLE}#LayerNorm`, '--oracle', 'embedded');
    expect(right.code).toBe(0);
  });
});

describe('a norm that does not answer is undecided, and the reason says why', () => {
  test.each([
    ['one that loops for ever', 'badly.js#HangingLayerNorm', 'timeout', /no answer within 700 ms/],
    ['one whose promise never settles', 'badly.js#PatientLayerNorm', 'timeout', /no answer within 700 ms/],
    ['one that leaves', 'badly.js#LeavingLayerNorm', 'crash', /ended its thread with code 0/],
    ['one that can not be made', 'badly.js#LayerNormNeverMade', 'construct', /TypeError: not today/],
    ['a module that throws', 'throws.js#LayerNorm', 'import', /RangeError: no model file/],
  ])('%s', async (_, subject, kind, words) => {
    const { code, report } = await check(moduleFile(subject), '--cases', '12', '--timeout-ms', '700');
    expect(code).toBe(3);
    expect(report?.verdict).toBe('undecided');
    expect(report?.totals).toMatchObject({ cases: 12, undecided: 12 });
    expect(report?.subjects[0].reason).toMatchObject({ kind, message: expect.stringMatching(words) });
  });

  test('a module that does not parse', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nm-js-'));
    try {
      writeFileSync(join(folder, 'norm.js'), 'export class LayerNorm { forward( {\n');
      const { code, report } = await check(`${join(folder, 'norm.js')}#LayerNorm`, '--cases', '3');
      expect(code).toBe(3);
      expect(report?.subjects[0].reason).toMatchObject({
        kind: 'syntax',
        message: expect.stringMatching(/does not parse/),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a module that throws, without a name that says what was meant, is told in a sentence', async () => {
    const { code, report, err } = await check(moduleFile('throws.js'));
    expect({ code, report }).toEqual({ code: 3, report: null });
    expect(err).toMatch(
      /^normative: \S*throws\.js can't be imported: RangeError: no model file; nothing of it could be asked$/m,
    );
  });

  test('what it prints does not reach the report', async () => {
    const { code, report } = await check(`${moduleFile('badly.js')}#LayerNormThatPrints`, '--cases', '20');
    expect(code).toBe(1);
    expect(report?.subjects[0].findings).toBeDefined();
  });
});

describe('wrong usage ends with 2 and a sentence', () => {
  test.each([
    ['no such export', [`${moduleFile('badly.js')}#none`], /has no export none; it exports HangingLayerNorm, /],
    ['an export that is no norm', [`${moduleFile('badly.js')}#number`], /number .* is number, expected a class/],
    ['a name that says nothing', [`${moduleFile('badly.js')}#scale`], /say what it is with --layer/],
    ['a folder', [moduleFile('')], /which is a folder; name a module in it, as in js:/],
    ['no such file', ['nothing.js#LayerNorm'], /nothing\.js, which is not there/],
    [
      'a class as a function',
      [`${EXAMPLE}#LayerNorm`, '--layer', 'layer_norm'],
      /is a class, and layer_norm is a function/,
    ],
    ['no case', [EXAMPLE, '--filter', 'nothing*'], /no case to check/],
    ['behaviours', [EXAMPLE, '--suite', 'behaviours'], /take smoke, standard or deep/],
  ])('%s', async (_, [subject, ...argv], words) => {
    const { code, err } = await check(subject, ...argv);
    expect(err).toMatch(words);
    expect(code).toBe(2);
  });

  test('the port is never compared with itself', async () => {
    for (const argv of [['check'], ['replay', ID]]) {
      const { code, err } = await cli(...argv, '--oracle', 'embedded');
      expect(err).toMatch(/nothing can be compared with itself; name another subject/);
      expect(code).toBe(2);
    }
  });

  test('a command that needs PyTorch says so', async () => {
    const { code, err } = await cli('bench', '--cases', '10', '--oracle', 'embedded');
    expect(err).toMatch(/this needs PyTorch/);
    expect(code).toBe(2);
  });
});
