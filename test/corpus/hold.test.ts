// How an audit is held against what is true: hits, misses, inventions, and endings outside the space. The reports here are made by hand.

import { describe, expect, it } from 'vitest';
import type { Finding } from '../../ts-impl/conformance/finding.ts';
import { NO_TOTALS, type SubjectReport } from '../../ts-impl/conformance/report/report.ts';
import { GOALS, meets } from './goals.ts';
import { holdFindings } from './hold-findings.ts';
import { holdOutside } from './hold-outside.ts';
import { halfOf, hashOfHalf, readCorpus } from './read-corpus.ts';
import { renderMiss, score } from './score.ts';

const finding = (convention: string, actual: string | number, level: 'error' | 'note' = 'error'): Finding => ({
  kind: 'convention',
  convention,
  level,
  expected: '',
  actual,
  message: '',
  location: null,
  repair: null,
  witnesses: [],
  evidence: { heldOut: 1, explained: 1, rival: null },
});

const report = (findings: readonly Finding[], change: Partial<SubjectReport> = {}): SubjectReport => ({
  name: 'A',
  kind: 'python',
  version: null,
  source: null,
  layer: 'LayerNorm',
  layerFrom: 'name',
  closest: null,
  equivalent: null,
  mapping: {},
  verdict: findings.some((f) => f.level === 'error') ? 'differs' : 'agrees',
  reason: null,
  totals: NO_TOTALS,
  worst: [],
  findings: [...findings],
  unexplained: [],
  ...change,
});

const expected = (findings: Record<string, string | number>) => ({ layer: 'LayerNorm', findings });
const EPS = { 'eps.value': 1e-3 };

describe('a subject with one departure', () => {
  it.each([
    ['said', [finding('eps.value', 1e-3)], { hits: 1, missed: [], invented: [], exact: true }],
    ['said within 5 %', [finding('eps.value', 1.04e-3)], { hits: 1, missed: [], invented: [], exact: true }],
    [
      'said 6 % off',
      [finding('eps.value', 1.06e-3)],
      { hits: 0, missed: ['eps.value: 0.001'], invented: ['eps.value: 0.00106'], exact: false },
    ],
    ['not said', [], { hits: 0, missed: ['eps.value: 0.001'], invented: [], exact: false }],
    [
      'said as a note',
      [finding('eps.value', 1e-3, 'note')],
      { hits: 0, missed: ['eps.value: 0.001'], invented: [], exact: false },
    ],
    [
      'said with another',
      [finding('eps.value', 1e-3), finding('eps.placement', 'max')],
      { hits: 1, missed: [], invented: ['eps.placement: max'], exact: false },
    ],
    [
      'said with a note',
      [finding('eps.value', 1e-3), finding('stdout', 'prints', 'note')],
      { hits: 1, missed: [], invented: [], exact: true },
    ],
  ])('that is %s', (_how, findings, held) => expect(holdFindings(expected(EPS), report(findings))).toMatchObject(held));

  it('is not exact where the layer is another, something is unexplained, or it was not audited', () => {
    const said = [finding('eps.value', 1e-3)];
    expect(holdFindings(expected(EPS), report(said, { layer: 'GroupNorm' })).exact).toBe(false);
    const residual = [{ case: 'x', step: 0, tensor: 'output', message: 'odd' }];
    expect(holdFindings(expected(EPS), report(said, { unexplained: residual })).exact).toBe(false);
    expect(holdFindings(expected(EPS), null)).toMatchObject({ hits: 0, exact: false });
    expect(holdFindings(expected({}), null).exact).toBe(false);
  });

  it('may have a second reading', () => {
    const two = { ...expected({ 'momentum.rule': 'overwritten' }), alternatives: [{ 'momentum.default': 1 }] };
    expect(holdFindings(two, report([finding('momentum.default', 1)])).exact).toBe(true);
    expect(holdFindings(two, report([finding('momentum.rule', 'cumulative')])).exact).toBe(false);
  });
});

describe('the figures', () => {
  const scored = (findings: readonly Finding[], wanted: Record<string, string | number>) => ({
    held: holdFindings(expected(wanted), report(findings)),
    faithful: Object.keys(wanted).length === 0,
    milliseconds: 10,
  });

  it('count hits, misses, inventions and errors on faithful subjects', () => {
    const figures = score([
      scored([finding('eps.value', 1e-3)], EPS),
      scored([finding('eps.placement', 'max')], EPS),
      scored([], {}),
      scored([finding('eps.value', 1)], {}),
    ]);
    expect(figures).toMatchObject({
      subjects: 4,
      expected: 2,
      hits: 1,
      invented: 2,
      exact: 2,
      faithful: 2,
      falseErrors: 1,
    });
    expect(figures).toMatchObject({ precision: 1 / 3, recall: 0.5, exactShare: 0.5 });
    expect(meets(figures, GOALS)).toBe(false);
  });

  it('meet the goals where all is found and nothing else, and meet none where nothing was looked at', () => {
    expect(meets(score([scored([finding('eps.value', 1e-3)], EPS)]), GOALS)).toBe(true);
    expect(meets(score([]), GOALS)).toBe(false);
  });

  it('say what is missing by name', () => {
    expect(renderMiss('a.py A', scored([], EPS).held)).toContain('missed   eps.value: 0.001');
    expect(renderMiss('a.py A', scored([finding('eps.value', 1e-3)], EPS).held)).toBeNull();
  });
});

describe('a subject outside the space', () => {
  const residual = [{ case: 'x', step: 0, tensor: 'output', message: 'odd' }];
  it.each([
    ['unexplained', report([], { verdict: 'differs', unexplained: residual })],
    ['misnamed', report([finding('eps.value', 1)], { unexplained: residual })],
    ['named', report([finding('input.mutated', 'yes')])],
    ['undecided', report([], { verdict: 'undecided' })],
    ['misnamed', report([])],
    ['misnamed', null],
  ])('ends %s', (ending, found) =>
    expect(holdOutside({ 'input.mutated': ['yes'] }, found, [], 'A').ending).toBe(ending),
  );

  it('may be left out with a reason', () => {
    expect(holdOutside({}, null, [{ name: 'A', source: null, reason: 'no norm' }], 'A').ending).toBe('skipped');
  });
});

describe('the halves', () => {
  it('are chosen by the name alone, and their hash moves with any byte', () => {
    expect(halfOf('a.py')).toBe(halfOf('a.py'));
    const [first, ...rest] = readCorpus();
    const changed = { ...first, bytes: new Uint8Array([...first.bytes, 10]) };
    expect(hashOfHalf([changed, ...rest], first.half)).not.toBe(hashOfHalf([first, ...rest], first.half));
  });
});
