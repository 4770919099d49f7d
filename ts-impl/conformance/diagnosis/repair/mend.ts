// The search for an edit that takes one finding away: candidates in, audits out, and nothing is believed that no audit has shown.

import type { Finding } from '../../finding.ts';
import type { SubjectReport } from '../../report/report.ts';
import type { Candidate, Wish } from '../../subjects/mender.ts';
import type { Block } from '../documents/block.ts';

/** Code as it stands, and what an audit says of it. */
export interface State {
  readonly blocks: readonly Block[];
  readonly subject: SubjectReport;
}

export interface MendTools {
  /** Likeliest first. */
  propose(wish: Wish): Promise<readonly Candidate[]>;
  /** Null where the code defines no such norm any more, or where it still departs in one of `gone`. */
  again(blocks: readonly Block[], gone: readonly string[]): Promise<SubjectReport | null>;
}

/** Audits that may be spent, in all that share it. */
export interface Budget {
  left: number;
}

export type Mended =
  | { readonly kind: 'mended'; readonly state: State; readonly about: string }
  /** `tried`: how many edits an audit was asked about. */
  | { readonly kind: 'not mended'; readonly tried: number };

/**
 * Looks for an edit after which the finding is gone and no other has come. Where an edit uncovers a departure that the finding had
 * hidden, that one is mended along with it: the edit is then both.
 */
export async function mend(finding: Finding, from: State, tools: MendTools, budget: Budget): Promise<Mended> {
  const before = budget.left;
  const found = await search(finding, from, { tools, budget, gone: [finding.convention], known: from.subject }, DEPTH);
  return found ?? { kind: 'not mended', tried: before - budget.left };
}

/** Whether an audit of changed code has the conventions of `gone` no more, and nothing that `before` had not. */
export function isMended(gone: readonly string[], before: SubjectReport, after: SubjectReport): boolean {
  return freshFindings(gone, before, after).length === 0 && !isWorse(before, after);
}

// --- internal ---

/** How many departures may hide behind one another. */
const DEPTH = 4;
/** Edits that are tried before what the best of them uncovered is mended too, and how many are followed then. */
const CHUNK = 6;
const FOLLOWED = 2;
/** Small changes that know nothing of the finding; few are worth an audit. */
const GUESSES = 16;

interface Quest {
  readonly tools: MendTools;
  readonly budget: Budget;
  /** Conventions that must be gone in the end. */
  readonly gone: readonly string[];
  /** The audit of the code as it was given. */
  readonly known: SubjectReport;
}

/** An edit after which the finding is gone; `fresh` are departures that it uncovered. */
interface Step {
  readonly state: State;
  readonly about: string;
  readonly fresh: readonly Finding[];
}

async function search(finding: Finding, from: State, quest: Quest, depth: number): Promise<Mended | null> {
  const candidates = await quest.tools.propose(wishFor(finding, from));
  const meant = candidates.filter((c) => !c.guess);
  for (let at = 0; at < meant.length; at += CHUNK) {
    const steps = await tryAll(meant.slice(at, at + CHUNK), finding, from, quest);
    if (!Array.isArray(steps)) return steps;
    if (depth <= 1) continue;
    steps.sort((a, b) => a.fresh.length - b.fresh.length);
    for (const step of steps.slice(0, FOLLOWED)) {
      const rest = await follow(step, quest, depth);
      if (rest !== null) return rest;
    }
  }
  if (depth < DEPTH) return null;
  const guessed = await tryAll(candidates.filter((c) => c.guess).slice(0, GUESSES), finding, from, quest);
  return Array.isArray(guessed) ? null : guessed;
}

/** The first that mends it; else those that took the finding away, but uncovered others. */
async function tryAll(
  candidates: readonly Candidate[],
  finding: Finding,
  from: State,
  { tools, budget, gone, known }: Quest,
): Promise<Step[] | Extract<Mended, { kind: 'mended' }>> {
  const steps: Step[] = [];
  for (const { about, blocks: changes } of candidates) {
    if (budget.left <= 0) break;
    budget.left--;
    const blocks = withChanges(from.blocks, changes);
    const subject = await tools.again(blocks, [finding.convention]);
    if (subject === null || subject.verdict === 'undecided' || has(subject, finding.convention)) continue;
    const state = { blocks, subject };
    const fresh = freshFindings(gone, known, subject);
    if (fresh.length > 0) steps.push({ state, about, fresh });
    else if (!isWorse(known, subject)) return { kind: 'mended', state, about };
  }
  return steps;
}

async function follow({ state, about, fresh }: Step, quest: Quest, depth: number): Promise<Mended | null> {
  const [next] = fresh;
  const gone = [...new Set([...quest.gone, next.convention])];
  const rest = await search(next, state, { ...quest, gone }, depth - 1);
  return rest?.kind === 'mended' ? { ...rest, about: `${about}; ${rest.about}` } : null;
}

const has = (subject: SubjectReport, convention: string) => subject.findings.some((f) => f.convention === convention);

/** Findings of `after` that must not be there: errors that `before` had not, and those that were to go. */
function freshFindings(gone: readonly string[], before: SubjectReport, after: SubjectReport): Finding[] {
  return after.findings.filter(
    (f) => gone.includes(f.convention) || (f.level === 'error' && !has(before, f.convention)),
  );
}

/** Differences without a name where there were none. */
function isWorse(before: SubjectReport, after: SubjectReport): boolean {
  return after.verdict === 'undecided' || (before.unexplained.length === 0 && after.unexplained.length > 0);
}

function wishFor(finding: Finding, { blocks, subject }: State): Wish {
  return {
    blocks: blocks.map(({ line, text }) => ({ line, text })),
    name: subject.name,
    line: subject.source?.line ?? 0,
    convention: finding.convention,
    expected: finding.expected,
    actual: finding.actual,
    at: finding.location?.line ?? null,
    roles: subject.mapping,
    layer: subject.layer ?? '',
    rank: rankOf(subject),
  };
}

/** Axes of the input that the layer's name speaks of, or four. */
function rankOf({ layer, name }: SubjectReport): number {
  const digit = /([123])_?d/i.exec(`${layer} ${name}`)?.[1];
  return digit === undefined ? 4 : Number(digit) + 2;
}

function withChanges(blocks: readonly Block[], changes: Candidate['blocks']): Block[] {
  let shift = 0;
  return blocks.map((block, i) => {
    const text = changes.find((b) => b.index === i)?.text ?? block.text;
    const moved = { ...block, line: block.line + shift, text };
    shift += text.split('\n').length - block.text.split('\n').length;
    return moved;
  });
}
