// How many cases a suite needs to kill a fault: its cases at the fault's layers, families by turns, until the judge rejects one.

import type { Case } from '../../cases/case.ts';
import { suite } from '../../cases/suites.ts';
import { judge } from '../../ts-impl/conformance/judge/judge.ts';
import { DEFAULT_TOLERANCE } from '../../ts-impl/conformance/judge/tolerance.ts';
import type { Answer } from '../../ts-impl/conformance/outcome.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';
import type { Fault } from './fault.ts';
import { FAULTLESS } from './plain-saboteur.ts';

/** A case with the answer it is judged by and the honest one that a fault spoils. */
export interface Round {
  readonly case: Case;
  readonly expected: Answer;
  readonly honest: Answer;
  /** The plain norm is accepted here without any fault, so that a rejection is the fault's. */
  readonly counts: boolean;
}

export interface Kill {
  readonly fault: Fault;
  /** The number of the case that killed it, counted from 1 over `cases`, and its id; null where it lived. */
  readonly at: number | null;
  readonly id: string | null;
  /** The cases of the suite at the fault's layers. */
  readonly cases: number;
}

/** The standard suite, families by turns: the first case of each, then the second of each. Within a family the order is the suite's. */
export async function standardRounds(oracle: Subject, honest: Subject): Promise<readonly Round[]> {
  const cases = byTurns([...suite('standard')]);
  const expected = await oracle.ask(cases, { truth: false });
  const own = await honest.ask(cases, { truth: false });
  const plain = await FAULTLESS.wrap(answering(cases, own)).ask(cases, { truth: false });
  return cases.map((c, i) => ({
    case: c,
    expected: expected[i],
    honest: own[i],
    counts: !isRejected(c, expected[i], plain[i]),
  }));
}

/** The fault at one of its layers alone, for each. */
export function atEachLayer(fault: Fault): readonly Fault[] {
  return fault.layers.map((layer) => ({ ...fault, layers: [layer] }));
}

/** Runs a fault until a case kills it. A case at which even the faultless norm is rejected is counted but kills nothing. */
export async function kill(fault: Fault, rounds: readonly Round[]): Promise<Kill> {
  const layers: readonly string[] = fault.layers;
  const own = rounds.filter((round) => layers.includes(round.case.layer));
  for (const [i, { case: c, expected, honest, counts }] of own.entries()) {
    const [spoilt] = await fault.wrap(answering([c], [honest])).ask([c], { truth: false });
    if (counts && isRejected(c, expected, spoilt)) return { fault, at: i + 1, id: c.id, cases: own.length };
  }
  return { fault, at: null, id: null, cases: own.length };
}

export function medianOf(kills: readonly Kill[]): number {
  const counts = kills.map(({ at }) => at ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const middle = counts.length >> 1;
  return counts.length % 2 === 1 ? counts[middle] : (counts[middle - 1] + counts[middle]) / 2;
}

// --- internal ---

function isRejected(c: Case, expected: Answer, actual: Answer): boolean {
  const { kind } = judge(c, expected, actual, DEFAULT_TOLERANCE);
  return kind === 'differs' || kind === 'refused';
}

function byTurns(cases: readonly Case[]): readonly Case[] {
  const families = new Map<string, Case[]>();
  for (const c of cases) {
    const family = c.id.split('/')[1];
    families.set(family, [...(families.get(family) ?? []), c]);
  }
  const longest = Math.max(...[...families.values()].map((list) => list.length));
  const turns: Case[] = [];
  for (let n = 0; n < longest; n++) for (const list of families.values()) if (n < list.length) turns.push(list[n]);
  return turns;
}

/** A subject that has its answers ready. */
function answering(cases: readonly Case[], answers: readonly Answer[]): Subject {
  const ready = new Map(cases.map((c, i) => [c.id, answers[i]]));
  const unasked: Answer = { outcome: { kind: 'unsupported', reason: 'no answer is ready' }, truth: null };
  return {
    name: 'ready',
    kind: 'js',
    version: null,
    capabilities: {},
    batch: { cases: cases.length, window: 1 },
    ask: async (asked) => asked.map(({ id }) => ready.get(id) ?? unasked),
    close: async () => {},
  };
}
