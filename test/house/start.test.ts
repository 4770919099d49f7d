// `npm start` against a fake `normative`: each way the main job can end has its exit code and its lines.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { start, surprisesIn } from '../../setup/start.mjs';

const folder = mkdtempSync(join(tmpdir(), 'normative-house-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const EXPECTED = {
  subjects: {
    Bn: { layer: 'BatchNorm2d', verdict: 'differs', findings: { 'momentum.rule': 'old-weight', 'eps.value': 0.001 } },
  },
};
const CHECK = { verdict: 'agrees', totals: { cases: 300, identical: 280, within: 20, differs: 0 } };
const AUDIT = auditOf([
  { convention: 'momentum.rule', actual: 'old-weight', level: 'error' },
  { convention: 'eps.value', actual: 0.00101, level: 'error' },
  { convention: 'input.layout', actual: 'any', level: 'note' },
]);

describe('npm start', () => {
  test('exits 0 where check agrees and the audit finds what is listed, and says so in three lines', () => {
    const { exitCode, lines, calls } = run({});
    expect(exitCode).toBe(0);
    expect(calls).toEqual([
      'check --suite smoke --format json --output .normative/smoke.json',
      'audit examples/notes.md --format json --output .normative/audit.json',
    ]);
    expect(lines.filter((line) => line !== '')).toHaveLength(3);
    expect(lines.join('\n')).toContain('the port agrees, 300 cases: 280 identical, 20 within tolerance');
    expect(lines.join('\n')).toContain(
      '1 norm in examples/notes.md with 2 departures, exactly those listed beside it.',
    );
  });

  test('exits 1 where check differs, though the audit is as listed', () => {
    const { exitCode, lines } = run({ checkCode: 1, check: { ...CHECK, verdict: 'differs' } });
    expect(exitCode).toBe(1);
    expect(lines.join('\n')).toContain('the port DIFFERS');
  });

  test('exits 1 where the audit finds something else', () => {
    expect(run({ audit: auditOf([]) }).exitCode).toBe(1);
  });

  test('stops where a command ended without a report', () => {
    expect(() => run({ checkCode: 1, check: null })).toThrow('ended without a report');
  });

  test.each([2, 3])('passes %i of check and of audit through', (code) => {
    expect(run({ checkCode: code })).toMatchObject({ exitCode: code, calls: [expect.stringContaining('check')] });
    expect(run({ auditCode: code }).exitCode).toBe(code);
  });
});

describe('a surprise is', () => {
  const finding = (convention: string, actual: string | number) => ({ convention, actual, level: 'error' });
  const listed = [finding('momentum.rule', 'old-weight'), finding('eps.value', 0.001)];

  test('nothing where all is as listed', () => expect(surprisesIn(auditOf(listed), EXPECTED)).toEqual([]));
  test.each([
    ['a departure too few', auditOf(listed.slice(1)), 'Bn lacks momentum.rule old-weight'],
    [
      'a departure too many',
      auditOf([...listed, finding('stdout', 'prints')]),
      'Bn has stdout prints, which is not listed',
    ],
    ['another value', auditOf([listed[0], finding('eps.value', 0.01)]), 'Bn has eps.value 0.01, listed is 0.001'],
    ['another layer', auditOf(listed, 'GroupNorm'), 'Bn has layer GroupNorm, listed is BatchNorm2d'],
    ['a subject that is not there', { subjects: [] }, 'Bn is listed, but was not audited'],
  ])('%s', (_, report, words) => expect(surprisesIn(report, EXPECTED)).toEqual([words]));
  test('another exit code, or a class that should have been skipped', () => {
    const expected = { ...EXPECTED, exitCode: 1, skipped: ['Ffn'] };
    const report = { ...auditOf(listed), exitCode: 0, skipped: [] as { name: string }[] };
    expect(surprisesIn(report, expected)).toEqual(['the exit code is 0, listed is 1', 'Ffn is not among the skipped']);
    expect(surprisesIn({ ...report, exitCode: 1, skipped: [{ name: 'Ffn' }] }, expected)).toEqual([]);
  });
  test('a subject that is not listed', () => {
    const report = { subjects: [...auditOf(listed).subjects, { ...auditOf([]).subjects[0], name: 'Other' }] };
    expect(surprisesIn(report, EXPECTED)).toEqual(['Other was audited, but is not listed']);
  });
});

// --- internal ---

function auditOf(findings: readonly object[], layer = 'BatchNorm2d') {
  return { subjects: [{ name: 'Bn', layer, verdict: 'differs', findings }] };
}

function run({ checkCode = 0, check = CHECK as object | null, auditCode = 1, audit = AUDIT as object }) {
  const root = mkdtempSync(join(folder, 'start-'));
  const examples = join(root, 'examples');
  mkdirSync(examples);
  writeFileSync(join(examples, 'a-document-without-a-list.md'), '');
  writeFileSync(join(examples, 'notes.md'), '');
  writeFileSync(join(examples, 'notes.md.expected.json'), JSON.stringify(EXPECTED));
  const calls: string[] = [];
  const lines: string[] = [];
  const normative = (_command: string, args: readonly string[]) => {
    calls.push(args.join(' '));
    const output = args[args.indexOf('--output') + 1];
    const report = args[0] === 'check' ? check : audit;
    if (report !== null) writeFileSync(join(root, output), JSON.stringify(report));
    return args[0] === 'check' ? checkCode : auditCode;
  };
  const exitCode = start(root, ['normative'], { run: normative, examples, print: (line: string) => lines.push(line) });
  return { exitCode, lines, calls };
}
