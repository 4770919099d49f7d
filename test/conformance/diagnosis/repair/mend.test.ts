// The search for an edit, on audits that are made up: what it believes, what it follows, where it stops.

import { describe, expect, it } from 'vitest';
import { type MendTools, mend, type State } from '../../../../ts-impl/conformance/diagnosis/repair/mend.ts';
import type { Finding } from '../../../../ts-impl/conformance/finding.ts';
import { NO_TOTALS, type SubjectReport } from '../../../../ts-impl/conformance/report/report.ts';
import type { Candidate } from '../../../../ts-impl/conformance/subjects/mender.ts';

function finding(convention: string, level: Finding['level'] = 'error'): Finding {
  return {
    kind: 'convention',
    convention,
    level,
    expected: 'right',
    actual: 'wrong',
    message: '',
    location: null,
    repair: null,
    witnesses: [],
    evidence: { heldOut: 1, explained: 1, rival: null },
  };
}

function subject(conventions: readonly string[], change: Partial<SubjectReport> = {}): SubjectReport {
  return {
    name: 'Norm',
    kind: 'python',
    version: null,
    source: { file: 'n.py', line: 1 },
    layer: 'LayerNorm',
    layerFrom: 'name',
    closest: null,
    equivalent: null,
    mapping: {},
    verdict: conventions.length > 0 ? 'differs' : 'agrees',
    reason: null,
    totals: NO_TOTALS,
    worst: [],
    findings: conventions.map((c) => (c.startsWith('note:') ? finding(c.slice(5), 'note') : finding(c))),
    unexplained: [],
    ...change,
  };
}

const candidate = (text: string, guess = false): Candidate => ({ about: text, guess, blocks: [{ index: 0, text }] });

/** Audits by text; texts proposed by the text and the finding that they are to mend. */
function tools(
  audits: Readonly<Record<string, SubjectReport | null>>,
  proposals: Readonly<Record<string, readonly Candidate[]>>,
): MendTools & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    propose: async ({ blocks, convention }) => proposals[`${blocks[0].text}/${convention}`] ?? [],
    again: async ([block]) => {
      asked.push(block.text);
      return audits[block.text] ?? null;
    },
  };
}

const start: State = { blocks: [{ line: 1, text: 'given' }], subject: subject(['eps.value', 'affine.form']) };
const mendEps = (t: MendTools, left = 20) => mend(finding('eps.value'), start, t, { left });

describe('mend', () => {
  it('takes the first edit after which the finding is gone and no other has come', async () => {
    const t = tools(
      { a: subject(['eps.value', 'affine.form']), b: subject(['affine.form']), c: subject([]) },
      { 'given/eps.value': [candidate('a'), candidate('b'), candidate('c')] },
    );
    const found = await mendEps(t);
    expect(found.kind === 'mended' && found.state.blocks[0].text).toBe('b');
    expect(t.asked).toEqual(['a', 'b']);
  });

  it.each([
    ['brings another error', subject(['affine.form', 'mean.subtracted'])],
    [
      'brings a difference without a name',
      subject([], { unexplained: [{ case: '', step: 0, tensor: '', message: '' }] }),
    ],
    ['is undecided', subject([], { verdict: 'undecided' })],
    ['is no norm any more', null],
  ])('does not take an edit whose audit %s', async (_, after) => {
    const t = tools({ a: after }, { 'given/eps.value': [candidate('a')] });
    expect(await mendEps(t)).toEqual({ kind: 'not mended', tried: 1 });
  });

  it('lets a note come that an error had hidden', async () => {
    const t = tools({ a: subject(['note:single-value.train']) }, { 'given/eps.value': [candidate('a')] });
    expect((await mendEps(t)).kind).toBe('mended');
  });

  it('mends what an edit uncovers along with it, and not by bringing the first back', async () => {
    const t = tools(
      {
        a: subject(['affine.form', 'variance.normalization']),
        back: subject(['eps.value', 'affine.form']),
        both: subject(['affine.form']),
      },
      {
        'given/eps.value': [candidate('a')],
        'a/variance.normalization': [candidate('back'), candidate('both')],
      },
    );
    const found = await mendEps(t);
    expect(found).toMatchObject({ kind: 'mended', about: 'a; both' });
  });

  it('tries guesses last, and few of them', async () => {
    const guesses = Array.from({ length: 40 }, (_, i) => candidate(`g${i}`, true));
    const t = tools({}, { 'given/eps.value': [...guesses, candidate('meant')] });
    await mendEps(t, 100);
    expect(t.asked[0]).toBe('meant');
    expect(t.asked.length).toBeLessThan(20);
  });

  it('spends no more audits than it may', async () => {
    const t = tools({}, { 'given/eps.value': Array.from({ length: 9 }, (_, i) => candidate(`c${i}`)) });
    expect(await mendEps(t, 4)).toEqual({ kind: 'not mended', tried: 4 });
    expect(t.asked).toHaveLength(4);
  });
});
