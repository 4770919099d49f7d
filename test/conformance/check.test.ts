// The front door: totals that add up, reports that repeat, diagnosis, limits, and a run of nothing.

import { describe, expect, test } from 'vitest';
import { suite } from '../../cases/suites.ts';
import { check, type CheckOptions, type Diagnose, NothingToCheck } from '../../ts-impl/conformance/check.ts';
import type { Finding } from '../../ts-impl/conformance/finding.ts';
import { renderCase, renderHeader, renderJson, renderRemainder } from '../../ts-impl/conformance/report/render-rows.ts';
import type { Judged } from '../../ts-impl/conformance/run.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';
import { portAsOracle, portBut, portOffByOne } from './made-up.ts';
import { faultsOfReport, faultsOfRow } from './report/report-schema.ts';

const OPTIONS: CheckOptions = {
  normative: '0.0.0',
  seed: 0,
  suite: 'smoke',
  tolerance: { kind: 'bound' },
  truth: true,
  maxFailures: null,
  strict: false,
  diagnose: null,
};

const held = (subject: Subject, options: Partial<CheckOptions> = {}, cases = 80) =>
  check(suite('smoke', { cases }), portAsOracle(), subject, { ...OPTIONS, ...options });

const unable = portBut((a, c) =>
  c.layer === 'RMSNorm' ? { outcome: { kind: 'unsupported', reason: 'no RMSNorm' }, truth: null } : a,
);
const lost = portBut((a, c) =>
  c.layer === 'GroupNorm'
    ? { outcome: { kind: 'undecided', reason: { kind: 'timeout', message: 'silent' } }, truth: null }
    : a,
);

const finding: Finding = {
  kind: 'convention',
  convention: 'eps.value',
  level: 'error',
  expected: 1e-5,
  actual: 1e-3,
  message: 'eps is 1e-3',
  location: null,
  repair: null,
  witnesses: [
    {
      case: 'x1/a',
      step: 1,
      tensor: 'output',
      input: [0, 'NaN'],
      expected: [1, '-0'],
      actual: { type: 'ValueError', message: 'no' },
      stdout: null,
      replay: 'normative replay x1/a',
    },
  ],
  evidence: { heldOut: 3, explained: 3, rival: null },
};

describe('totals', () => {
  test.each([
    ['the port', makePort(), 'agrees', 0],
    ['one off', portOffByOne(), 'differs', 1],
    ['one layer off', portOffByOne('LayerNorm'), 'differs', 1],
    ['undecided cases', lost, 'undecided', 3],
    ['a layer that is not supported at all', unable, 'undecided', 3],
  ] as const)('add up for %s', async (_, subject, verdict, exitCode) => {
    const report = await held(subject);
    expect(report).toMatchObject({ verdict, exitCode, totals: { cases: 80 } });
    for (const { totals } of [report, ...report.subjects]) {
      const { cases, ...classes } = totals;
      expect(Object.values(classes).reduce((sum, n) => sum + n, 0)).toBe(cases);
    }
    expect(report.subjects.reduce((sum, s) => sum + s.totals.cases, 0)).toBe(80);
    for (const cell of report.cells) expect(cell.identicalElements + cell.within + cell.differs).toBe(cell.elements);
  });

  test('a difference does not hide what is undecided', async () => {
    const both = portBut((a, c) =>
      c.layer === 'GroupNorm'
        ? { outcome: { kind: 'undecided', reason: { kind: 'crash', message: 'x' } }, truth: null }
        : a,
    );
    const off = portOffByOne('LayerNorm');
    const mixed: Subject = {
      ...both,
      ask: async (cases, o) => {
        const [a, b] = [await both.ask(cases, o), await off.ask(cases, o)];
        return cases.map((c, i) => (c.layer === 'LayerNorm' ? b[i] : a[i]));
      },
    };
    expect(await held(mixed)).toMatchObject({ verdict: 'undecided', exitCode: 3 });
  });

  test('the reason of an undecided layer is told', async () => {
    const group = (await held(lost)).subjects.find((s) => s.name === 'GroupNorm');
    expect(group).toMatchObject({ verdict: 'undecided', reason: { kind: 'timeout', message: 'silent' } });
  });
});

describe('the report', () => {
  test.each([
    ['agreement', makePort()],
    ['differences', portOffByOne()],
    ['undecided cases', lost],
    ['unsupported cases', unable],
  ])('obeys its schema: %s', async (_, subject) => {
    const report = await held(subject, { diagnose: async () => ({ findings: [finding], explained: new Set() }) });
    expect(faultsOfReport(JSON.parse(renderJson(report)))).toEqual([]);
  });

  test('the schema is strict: a field more, a field less, a wrong word', async () => {
    const report = JSON.parse(renderJson(await held(makePort())));
    const { seed: _, ...less } = report;
    expect(faultsOfReport({ ...report, more: 1 })).not.toEqual([]);
    expect(faultsOfReport(less)).not.toEqual([]);
    expect(faultsOfReport({ ...report, verdict: 'fine' })).not.toEqual([]);
    expect(faultsOfReport({ ...report, subjects: [{ ...report.subjects[0], layer: undefined }] })).not.toEqual([]);
  });

  test('as rows: header, cases, subjects, findings, cells, footer, each by the schema', async () => {
    const rows: string[] = [];
    const oracle = portAsOracle();
    const report = await check(suite('smoke', { cases: 60 }), oracle, portOffByOne(), {
      ...OPTIONS,
      onJudged: (judged) => rows.push(renderCase(judged)),
      diagnose: async () => ({ findings: [finding], explained: new Set() }),
    });
    const text =
      renderHeader(report) +
      rows.join('') +
      renderRemainder({ ...report, skipped: [{ name: 'f', source: null, reason: 'no norm' }] });
    const parsed: { kind: string }[] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const row of parsed) expect([row.kind, faultsOfRow(row)]).toEqual([row.kind, []]);
    expect(parsed[0].kind).toBe('header');
    expect(parsed.at(-1)?.kind).toBe('footer');
    expect(parsed.filter((row) => row.kind === 'case')).toHaveLength(60);
    expect(new Set(parsed.map((row) => row.kind))).toEqual(
      new Set(['header', 'case', 'subject', 'finding', 'unexplained', 'cell', 'skipped', 'footer']),
    );
    expect(faultsOfRow({ ...parsed[0], more: 1 })).not.toEqual([]);
  });

  test('is the same twice', async () => {
    expect(renderJson(await held(portOffByOne()))).toBe(renderJson(await held(portOffByOne())));
  });

  test('names the oracle, its threads and its kernels in lower case', async () => {
    expect((await held(makePort())).oracle).toEqual({
      name: 'torch',
      version: '2.13.0+cpu',
      threads: 1,
      capability: 'avx2',
    });
  });

  test('keeps layers in PyTorch’s order', async () => {
    const names = (await held(makePort(), {}, 300)).subjects.map((s) => s.name);
    expect(names.slice(0, 4)).toEqual(['BatchNorm1d', 'BatchNorm2d', 'BatchNorm3d', 'LayerNorm']);
  });
});

describe('diagnosis', () => {
  test('is asked for each layer that differs, with its cases, and what it explains is not unexplained', async () => {
    const asked: string[] = [];
    const diagnose: Diagnose = async (layer, differing: readonly Judged[]) => {
      asked.push(layer);
      expect(differing.every((j) => j.case.layer === layer && j.verdict.kind === 'differs')).toBe(true);
      return { findings: [finding], explained: new Set(differing.slice(1).map((j) => j.case.id)) };
    };
    const report = await held(portOffByOne('LayerNorm'), { diagnose });
    expect(asked).toEqual(['LayerNorm']);
    const layer = report.subjects.find((s) => s.name === 'LayerNorm');
    expect(layer?.findings).toEqual([finding]);
    expect(new Set(layer?.unexplained.map((u) => u.case)).size).toBe(1);
  });

  test('is not asked where nothing differs', async () => {
    const diagnose: Diagnose = () => Promise.reject(new Error('asked'));
    expect(await held(makePort(), { diagnose })).toMatchObject({ verdict: 'agrees' });
  });
});

describe('limits', () => {
  test('no case is an error, not a pass', async () => {
    await expect(check([], portAsOracle(), makePort(), OPTIONS)).rejects.toThrow(NothingToCheck);
  });

  test('--max-failures stops there', async () => {
    const { totals } = await held(portOffByOne(), { maxFailures: 3 });
    expect(totals.differs).toBe(3);
    expect(totals.cases).toBeLessThan(80);
  });

  test('--strict counts what is not supported as undecided', async () => {
    const report = await held(unable, { strict: true });
    expect(report.totals).toMatchObject({ unsupported: 0 });
    expect(report.totals.undecided).toBeGreaterThan(0);
  });

  test('a signal ends it with its reason', async () => {
    const controller = new AbortController();
    const onJudged = () => controller.abort(new Error('enough'));
    await expect(held(makePort(), { signal: controller.signal, onJudged })).rejects.toThrow('enough');
  });
});
