// What an audit said of one subject, held against what is true of it: hits, misses and inventions. Notes are left out.

import type { SubjectReport } from '../../ts-impl/conformance/report/report.ts';
import type { Departures, Expected } from './read-corpus.ts';

export interface Held {
  readonly hits: number;
  /** `convention: value` of what is true and was not said. */
  readonly missed: readonly string[];
  /** `convention: value` of what was said and is not true. */
  readonly invented: readonly string[];
  /** Nothing missed or invented, and verdict and layer are right too. */
  readonly exact: boolean;
  /** What else is not as expected. */
  readonly remarks: readonly string[];
}

/** Numbers of a finding count as the same within this share. */
const NEAR = 0.05;

/** `null` for a subject that the report has not among its subjects. The reading that fits best counts. */
export function holdFindings(expected: Expected, found: SubjectReport | null): Held {
  const readings = [expected.findings, ...(expected.alternatives ?? [])];
  const held = readings.map((reading) => holdReading(reading, expected.layer, found));
  return held.reduce((best, next) => (faults(next) < faults(best) ? next : best));
}

// --- internal ---

const faults = ({ missed, invented }: Held) => missed.length + invented.length;

function holdReading(wanted: Departures, layer: string | null, found: SubjectReport | null): Held {
  const told = found === null ? {} : errorsOf(found);
  const missed = Object.keys(wanted).filter((id) => !(id in told && isSame(wanted[id], told[id])));
  const invented = Object.keys(told).filter((id) => !(id in wanted && isSame(wanted[id], told[id])));
  const remarks = remarksOn(wanted, layer, found);
  return {
    hits: Object.keys(wanted).length - missed.length,
    missed: missed.map((id) => `${id}: ${wanted[id]}`),
    invented: invented.map((id) => `${id}: ${told[id]}`),
    exact: missed.length === 0 && invented.length === 0 && remarks.length === 0,
    remarks,
  };
}

function errorsOf(found: SubjectReport): Departures {
  const errors = found.findings.filter((f) => f.kind === 'convention' && f.level === 'error');
  return Object.fromEntries(errors.map((f) => [f.convention, f.actual as string | number])); // the report's N | word
}

function isSame(wanted: string | number, told: string | number): boolean {
  if (typeof wanted !== 'number' || typeof told !== 'number') return wanted === told;
  return Math.abs(told - wanted) <= NEAR * Math.abs(wanted);
}

function remarksOn(wanted: Departures, layer: string | null, found: SubjectReport | null): string[] {
  if (found === null) return ['not audited'];
  const verdict = Object.keys(wanted).length === 0 ? 'agrees' : 'differs';
  const remarks: string[] = [];
  if (found.verdict !== verdict) remarks.push(`verdict ${found.verdict}, not ${verdict}`);
  if (found.reason !== null) remarks.push(`${found.reason.kind}: ${found.reason.message.split('\n')[0]}`);
  if (layer !== null && found.layer !== layer) remarks.push(`held against ${found.layer}, not ${layer}`);
  const odd = found.unexplained.map((u) => u.message.slice(0, 160));
  const shown = odd.slice(0, 2).map((message) => `unexplained: ${message}`);
  return odd.length > 2 ? [...remarks, ...shown, `and ${odd.length - 2} more unexplained`] : [...remarks, ...shown];
}
