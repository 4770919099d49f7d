// Holds a document's claims against PyTorch and against the document's own code; a wrong one becomes a finding of the subject it belongs to.

import type { Finding } from '../../finding.ts';
import type { SubjectReport } from '../../report/report.ts';
import { type AxisValue, sameValue } from '../axes/axis.ts';
import { kindFromName, type NormKind } from '../axes/norm-kind.ts';
import type { Claim } from './claim.ts';
import { axisOf, pytorchDoes, pytorchValue } from './pytorch-words.ts';

/**
 * What a text says changes no number of the code beside it, so a wrong claim is a note: code that is faithful stays faithful, and the
 * verdict is of the code. `--strict` counts it.
 */
const LEVEL = 'note';

/** The subjects of one document, each with the wrong claims that belong to it behind its own findings. */
export function withWrongClaims(
  file: string,
  subjects: readonly SubjectReport[],
  claims: readonly Claim[],
): SubjectReport[] {
  const found = new Map<SubjectReport, Finding[]>();
  for (const claim of claims) {
    const subject = subjectFor(claim, subjects);
    const wrong = subject === null ? null : holdClaim(file, claim, subject);
    if (subject === null || wrong === null) continue;
    const before = found.get(subject) ?? [];
    if (
      before.some(
        (f) =>
          f.convention === wrong.convention && f.location?.line === wrong.location?.line && f.actual === wrong.actual,
      )
    )
      continue;
    found.set(subject, [...before, wrong]);
  }
  return subjects.map((s) => ({ ...s, findings: [...s.findings, ...(found.get(s) ?? [])] }));
}

export const kindOfSubject = ({ layer, name }: SubjectReport): NormKind | null => kindFromName(layer ?? name);

// --- internal ---

/** What says it, for a comment or docstring; else the nearest code of the claim's layer; where there is none the nearest code at all, and the message names the layer. */
function subjectFor(claim: Claim, subjects: readonly SubjectReport[]): SubjectReport | null {
  const distance = ({ source }: SubjectReport) => Math.abs((source?.line ?? 0) - claim.line);
  const nearest = [...subjects].sort((a, b) => distance(a) - distance(b));
  if (claim.owner !== null) return nearest.find((s) => s.name === claim.owner) ?? null;
  return nearest.find((s) => kindOfSubject(s) === claim.layer) ?? nearest[0] ?? null;
}

function holdClaim(file: string, claim: Claim, subject: SubjectReport): Finding | null {
  const expected = pytorchValue(claim.axis, claim.layer);
  if (expected === null || isRight(claim, expected)) return null;
  const code = kindOfSubject(subject) === claim.layer ? codeValue(claim, subject, expected) : null;
  if (!contradicts(claim, code)) return null;
  const { line, endLine } = claim;
  return {
    kind: 'claim',
    convention: claim.axis,
    level: LEVEL,
    expected,
    actual: claim.value,
    message: `The text says of ${claim.layer} that ${claim.told} (“${shortened(claim.quote)}”); PyTorch ${pytorchDoes(claim.axis, claim.layer)}.${codeWords(claim, code, expected)}`,
    location: { file, line, endLine },
    repair: null,
    witnesses: [],
    evidence: { heldOut: 0, explained: 0, rival: null },
  };
}

function isRight(claim: Claim, expected: AxisValue): boolean {
  return claim.fits ?? same(claim.axis, claim.value, expected);
}

function same(id: string, a: AxisValue, b: AxisValue): boolean {
  const axis = axisOf(id);
  return axis === undefined ? a === b : sameValue(axis, a, b);
}

/** What the code does on the claim's axis: its finding's value, PyTorch's where it has none; null where that is not known. */
function codeValue(claim: Claim, subject: SubjectReport, expected: AxisValue): AxisValue | null {
  if (subject.verdict === 'undecided') return null;
  const finding = subject.findings.find((f) => f.kind === 'convention' && f.convention === claim.axis);
  if (finding !== undefined) return finding.actual;
  const hidden = HIDDEN_BY[claim.axis]?.some((id) => subject.findings.some((f) => f.convention === id)) ?? false;
  return hidden || subject.unexplained.length > 0 ? null : expected;
}

/** Axes that have no meaning under a finding on another. */
const HIDDEN_BY: Readonly<Record<string, readonly string[]>> = {
  'eps.value': ['eps.placement'],
  'momentum.default': ['momentum.rule', 'statistics.eval'],
  'momentum.rule': ['momentum.default', 'statistics.eval'],
  'variance.normalization': ['statistics.train', 'mean.subtracted'],
  'variance.running': ['momentum.rule', 'statistics.eval', 'running.tracked'],
  'running.initial': ['statistics.eval'],
  'running.update-in-eval': ['statistics.eval', 'momentum.rule'],
  'running.tracked': ['statistics.eval', 'momentum.rule'],
  'affine.shape': ['channel.axis', 'affine.form'],
  'axes.reduction': ['channel.axis'],
};

/** A sentence on the code beside it, or a bare number, is wrong only where that code does something else. */
function contradicts(claim: Claim, code: AxisValue | null): boolean {
  if (claim.about === 'pytorch') return true;
  const likeCode = code !== null && same(claim.axis, claim.value, code);
  if (claim.about === 'own-code') return code !== null && !likeCode;
  return !(likeCode && NUMBERS.has(claim.axis));
}

const NUMBERS = new Set(['eps.value', 'momentum.default']);

function codeWords(claim: Claim, code: AxisValue | null, expected: AxisValue): string {
  if (code === null) return '';
  if (same(claim.axis, code, expected)) return ' The code beside it does as PyTorch does.';
  return same(claim.axis, code, claim.value)
    ? ' The code beside it does as the text says.'
    : ` The code beside it does neither: it has ${code}.`;
}

function shortened(quote: string): string {
  const line = quote.replace(/\s+/g, ' ');
  return line.length <= LONGEST_QUOTE ? line : `${line.slice(0, LONGEST_QUOTE - 1)}…`;
}

const LONGEST_QUOTE = 90;
