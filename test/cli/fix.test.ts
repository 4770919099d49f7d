// `audit --write` at its edge: what is written, what is refused, and that LibCST may be missing. No Python is started.

import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixHint, openFixing } from '../../ts-impl/cli/fix.ts';
import type { Edge } from '../../ts-impl/cli/edge.ts';
import { liveRooms } from '../../ts-impl/cli/rooms.ts';
import type { AuditDocument } from '../../ts-impl/conformance/diagnosis/documents/audit.ts';
import { findBlocks } from '../../ts-impl/conformance/diagnosis/documents/document.ts';
import type { Finding } from '../../ts-impl/conformance/finding.ts';
import { NO_TOTALS, type Report, type SubjectReport } from '../../ts-impl/conformance/report/report.ts';
import type { Mender } from '../../ts-impl/conformance/subjects/mender.ts';

let folder = '';
let told = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'normative-fix-'));
  told = '';
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const edge: Edge = {
  out: () => {},
  err: (text) => {
    told += text;
  },
  outIsTerminal: false,
  errIsTerminal: false,
  env: {},
  readInput: () => new Uint8Array(),
  now: () => 0,
};

const finding: Finding = {
  kind: 'convention',
  convention: 'eps.value',
  level: 'error',
  expected: 1e-5,
  actual: 1e-3,
  message: 'eps.',
  location: null,
  repair: null,
  witnesses: [],
  evidence: { heldOut: 1, explained: 1, rival: null },
};

function subject(file: string, findings: readonly Finding[]): SubjectReport {
  return {
    name: 'Norm',
    kind: 'python',
    version: null,
    source: { file, line: 1 },
    layer: 'LayerNorm',
    layerFrom: 'name',
    closest: null,
    equivalent: null,
    mapping: {},
    verdict: findings.length > 0 ? 'differs' : 'agrees',
    reason: null,
    totals: NO_TOTALS,
    worst: [],
    findings,
    unexplained: [],
  };
}

const reportOf = (subjects: readonly SubjectReport[]) => ({ subjects }) as Report; // nothing else of it is read

/** It knows one edit: 1e-3 becomes 1e-5. */
const mender = (libcst: string | null = '1'): Mender => ({
  libcst,
  propose: async ({ blocks }) =>
    blocks.map(({ text }, index) => ({
      about: 'eps',
      guess: false,
      blocks: [{ index, text: text.replace('1e-3', '1e-5') }],
    })),
  close: async () => {},
});

async function fix(file: string, write: boolean, after: readonly Finding[] = [], libcst: string | null = '1') {
  const document: AuditDocument = { file, bytes: file === '-' ? new Uint8Array() : readFileSync(file) };
  const session = { edge, rooms: { ...liveRooms, startMender: async () => mender(libcst) }, exitCode: 0 };
  const fixing = await openFixing(session, { fix: true, write }, 'python3', [document]);
  if (fixing === null) return null;
  const before = subject(file, [finding]);
  const mended = await fixing.repair(before, findBlocks(file, document.bytes), async ([block]) =>
    subject(file, block.text.includes('1e-3') ? [finding] : []),
  );
  return { mended, write: () => fixing.write(reportOf([mended]), async () => reportOf([subject(file, after)])) };
}

const SOURCE = 'class Norm:\r\n    eps = 1e-3  # é\r\n';

describe('audit --fix and --write', () => {
  it('shows a diff without --write and leaves the file alone', async () => {
    const file = join(folder, 'n.py');
    writeFileSync(file, SOURCE);
    const fixed = await fix(file, false);
    expect(fixed?.mended.findings[0].repair).toContain('+    eps = 1e-5  # é');
    await fixed?.write();
    expect(readFileSync(file, 'utf8')).toBe(SOURCE);
  });

  it('writes the edit and nothing else, with the mode that the file had, through a link', async () => {
    const target = join(folder, 'target.py');
    const file = join(folder, 'n.py');
    writeFileSync(target, `\uFEFF${SOURCE}`);
    chmodSync(target, 0o640);
    symlinkSync(target, file);
    await (await fix(file, true))?.write();
    expect(readFileSync(target, 'utf8')).toBe(`\uFEFF${SOURCE.replace('1e-3', '1e-5')}`);
    expect(statSync(target).mode & 0o777).toBe(0o640);
    expect(told).toContain('1 finding mended and written');
  });

  it('refuses to write a file that was changed meanwhile', async () => {
    const file = join(folder, 'n.py');
    writeFileSync(file, SOURCE);
    const fixed = await fix(file, true);
    writeFileSync(file, `${SOURCE}# more\n`);
    await expect(fixed?.write()).rejects.toThrow('changed while it was audited');
    expect(readFileSync(file, 'utf8')).toContain('1e-3');
  });

  it('does not write what departs anew as a whole', async () => {
    const file = join(folder, 'n.py');
    writeFileSync(file, SOURCE);
    await (await fix(file, true, [{ ...finding, convention: 'mean.subtracted' }]))?.write();
    expect(readFileSync(file, 'utf8')).toBe(SOURCE);
    expect(told).toContain('Norm mean.subtracted');
  });

  it('refuses standard input before anything is audited', async () => {
    await expect(fix('-', true)).rejects.toThrow('--write has no file');
  });

  it('says what to install where LibCST is missing, and lets the audit go on', async () => {
    const file = join(folder, 'n.py');
    writeFileSync(file, SOURCE);
    expect(await fix(file, false, [], null)).toBeNull();
    expect(told).toMatch(/pip install libcst==\d/);
  });

  it('hints at --fix where there is something to mend, and not where it was given', () => {
    const differs = reportOf([subject('n.py', [finding])]);
    expect(fixHint(differs, { fix: false, write: false })).toContain('--fix');
    expect(fixHint(differs, { fix: true, write: false })).toBe('');
    expect(fixHint(reportOf([subject('n.py', [])]), { fix: false, write: false })).toBe('');
  });
});
