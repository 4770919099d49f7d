// Gathering judged cases into a Report, a subject for each layer. It asks nobody anything; the front door calls it.

import { FUNCTIONS, LAYERS } from '../../../cases/case.ts';
import { type Finding, toReportNumber, type Unexplained } from '../finding.ts';
import { AccuracyTally, type Inaccuracy } from '../judge/accuracy.ts';
import type { UndecidedReason } from '../outcome.ts';
import type { Judged } from '../run.ts';
import type { Subject } from '../subjects/subject.ts';
import { differencesOf } from './describe-verdict.ts';
import {
  type Conclusion,
  type Inaccurate,
  NO_TOTALS,
  type OracleFacts,
  type Report,
  REPORT_SCHEMA,
  type SubjectReport,
  type Totals,
} from './report.ts';
import { addTotals, CellTally, Tally } from './tally.ts';
import { UnsupportedReasons } from './unsupported-reasons.ts';

/** What a report says that the judged cases do not. */
export interface Heading {
  /** Normative's version. */
  readonly normative: string;
  readonly seed: number;
  readonly suite: string | null;
  readonly oracle: OracleFacts;
}

/** What `check` learns of why a layer differs: the findings, and the ids of differing cases that they account for in full. */
export interface Diagnosis {
  readonly findings: readonly Finding[];
  readonly explained: ReadonlySet<string>;
}

/** Differing cases of a layer that are kept for the diagnosis; the rest are counted and described only. */
const DIFFERING_KEPT = 500;

/** Verdicts of a `check`, gathered as they come. */
export class ReportMaker {
  private readonly subject: Subject;
  private readonly layers = new Map<string, LayerGathering>();
  private readonly cells = new CellTally();
  private readonly unsupported = new UnsupportedReasons();
  /** Null where the oracle is not PyTorch itself. */
  private readonly accuracy: AccuracyTally | null;

  constructor(subject: Subject, oracle: Subject) {
    this.subject = subject;
    this.accuracy = oracle.name === 'embedded' ? null : new AccuracyTally();
  }

  add(judged: Judged): void {
    const { case: c, verdict } = judged;
    const layer = this.layer(c.layer);
    layer.tally.add(verdict);
    if (judged.pinned === true) layer.pinned++;
    this.cells.add(c, verdict);
    if (this.subject.kind === 'js') this.unsupported.add(this.subject.about?.(c.layer)?.name ?? c.layer, judged);
    this.accuracy?.add(c, judged.expected);
    if (verdict.kind === 'identical' || verdict.kind === 'within' || verdict.kind === 'unsupported') return;
    layer.differences.push(...differencesOf(verdict));
    if (verdict.kind === 'undecided') {
      layer.reason ??= undecidedReason(judged);
      return;
    }
    if (layer.differing.length < DIFFERING_KEPT) layer.differing.push(judged);
  }

  /** Layers with differing cases, and those cases. */
  differing(): { readonly layer: string; readonly cases: readonly Judged[] }[] {
    return this.names()
      .map((name) => ({ layer: name, cases: this.layer(name).differing }))
      .filter(({ cases }) => cases.length > 0);
  }

  /** The whole report; `durationMs` is the caller's to fill in. */
  report(heading: Heading, diagnoses: ReadonlyMap<string, Diagnosis>): Report {
    const subjects = this.names().map((name) => this.subjectReport(name, diagnoses.get(name)));
    const totals = subjects.reduce((sum, s) => addTotals(sum, s.totals), NO_TOTALS);
    const verdict = worstOf(subjects.map((s) => s.verdict));
    return {
      schema: REPORT_SCHEMA,
      normative: heading.normative,
      command: 'check',
      seed: heading.seed,
      suite: heading.suite,
      oracle: heading.oracle,
      verdict,
      exitCode: exitCodeOf(verdict),
      subjects,
      cells: this.cells.all(),
      skipped: [...(this.subject.notAsked ?? []), ...this.unsupported.skipped((name) => this.sourceOf(name))],
      totals,
      accuracy: this.accuracy && { inaccurate: this.accuracy.inaccurate().map(toInaccurate), noise: null },
      durationMs: 0,
    };
  }

  private layer(name: string): LayerGathering {
    const known = this.layers.get(name);
    if (known !== undefined) return known;
    const fresh: LayerGathering = { tally: new Tally(), differences: [], differing: [], reason: null, pinned: 0 };
    this.layers.set(name, fresh);
    return fresh;
  }

  private sourceOf(name: string) {
    return (
      this.names()
        .map((layer) => this.subject.about?.(layer))
        .find((about) => about?.name === name)?.source ?? null
    );
  }

  private names(): string[] {
    return [...this.layers.keys()].sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
  }

  private subjectReport(name: string, diagnosis: Diagnosis | undefined): SubjectReport {
    const { tally, differences, reason, pinned } = this.layer(name);
    const totals = tally.totals();
    const explained = diagnosis?.explained ?? new Set();
    const about = this.subject.about?.(name) ?? null;
    return {
      name: about?.name ?? name,
      kind: this.subject.kind === 'oracle' ? 'framework' : this.subject.kind,
      version: this.subject.version,
      source: about?.source ?? null,
      layer: name,
      layerFrom: about?.layerFrom ?? 'name',
      closest: null,
      equivalent: null,
      mapping: {},
      verdict: conclusionOf(totals, pinned),
      reason,
      totals,
      worst: tally.worst(),
      findings: diagnosis?.findings ?? [],
      unexplained: differences.filter((difference) => !explained.has(difference.case)),
    };
  }
}

/**
 * Nothing undecided hides behind a difference, and nothing that was never compared agrees. `pinned` cases were held against
 * what is claimed of the oracle, and agree where nothing else was asked.
 */
export function conclusionOf(totals: Totals, pinned = 0): Conclusion {
  if (totals.undecided > 0) return 'undecided';
  if (totals.differs > 0 || totals.refused > 0) return 'differs';
  if (totals.identical + totals.within > 0) return 'agrees';
  return pinned > 0 && pinned === totals.unsupported ? 'agrees' : 'undecided';
}

export function worstOf(conclusions: readonly Conclusion[]): Conclusion {
  if (conclusions.length === 0 || conclusions.includes('undecided')) return 'undecided';
  return conclusions.includes('differs') ? 'differs' : 'agrees';
}

export function exitCodeOf(conclusion: Conclusion): 0 | 1 | 3 {
  switch (conclusion) {
    case 'agrees':
      return 0;
    case 'differs':
      return 1;
    case 'undecided':
      return 3;
    default:
      return conclusion satisfies never;
  }
}

/** The oracle as a report names it. */
export function oracleFacts(oracle: Subject): OracleFacts {
  const threads = Number(oracle.capabilities.threads ?? Number.NaN);
  return {
    name: oracle.name,
    version: oracle.version,
    threads: Number.isNaN(threads) ? null : threads,
    capability: oracle.capabilities.capability?.toLowerCase() ?? null,
  };
}

// --- internal ---

interface LayerGathering {
  readonly tally: Tally;
  readonly differences: Unexplained[];
  readonly differing: Judged[];
  reason: UndecidedReason | null;
  pinned: number;
}

function toInaccurate(found: Inaccuracy): Inaccurate {
  return { ...found, answered: toReportNumber(found.answered), truth: toReportNumber(found.truth) };
}

function undecidedReason({ expected, actual }: Judged): UndecidedReason | null {
  for (const { outcome } of [expected, actual]) if (outcome.kind === 'undecided') return outcome.reason;
  return null;
}

/** Layers in PyTorch's usual order, then functions, then the rest. */
function placeOf(name: string): number {
  const place = ([...LAYERS, ...FUNCTIONS] as readonly string[]).indexOf(name);
  return place < 0 ? LAYERS.length + FUNCTIONS.length : place;
}
