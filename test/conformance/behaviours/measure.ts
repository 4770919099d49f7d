// Measuring behaviours: their states, and which saboteurs and faults fail their claims. It asks the subjects it is given.

import type { Behaviour } from '../../../cases/behaviours/behaviour.ts';
import type { Case } from '../../../cases/case.ts';
import { asksTorchAlone, breaks, type Settled, settle } from '../../../ts-impl/conformance/behaviours/state.ts';
import type { Answer, Outcome } from '../../../ts-impl/conformance/outcome.ts';
import { type Judged, run } from '../../../ts-impl/conformance/run.ts';
import type { Subject } from '../../../ts-impl/conformance/subjects/subject.ts';
import { CONDUCT_FAULTS } from '../../faults/conduct-faults.ts';
import { FAULTS } from '../../faults/faults.ts';
import { FAULTLESS } from '../../faults/plain-saboteur.ts';
import { SABOTEURS } from '../../saboteurs/all.ts';
import type { Saboteur } from '../../saboteurs/saboteur.ts';

export interface MeasuredRow {
  readonly behaviour: Behaviour;
  readonly state: Settled['state'];
  readonly caughtBy: string | null;
  /** All who fail its claims. */
  readonly catching: ReadonlySet<string>;
}

/** Faults that depart from what `faultless` does: where that fails a behaviour (it has its own order of arithmetic), they prove nothing. */
export interface Registries {
  /** Faults in the numbers. */
  readonly faults: readonly Saboteur[];
  readonly faultless: Saboteur;
  /** Faults in all else: keys, texts, refusals. */
  readonly conduct: readonly Saboteur[];
  readonly saboteurs: readonly Saboteur[];
}

/** All that are registered. */
export const REGISTRIES: Registries = {
  faults: FAULTS.filter((fault) => !CONDUCT_FAULTS.includes(fault)),
  faultless: FAULTLESS,
  conduct: CONDUCT_FAULTS,
  saboteurs: SABOTEURS,
};

/**
 * Faults are looked at before conduct, and conduct before saboteurs. Of those that fail a behaviour's claims, the one that fails the fewest behaviours is
 * named, the earlier of equals.
 */
export async function measure(
  behaviours: readonly Behaviour[],
  oracle: Subject,
  port: Subject,
  { faults, faultless, conduct, saboteurs }: Registries = REGISTRIES,
): Promise<MeasuredRow[]> {
  const judged = await judgeAll(behaviours, oracle, port);
  const rows: { -readonly [key in keyof MeasuredRow]: MeasuredRow[key] }[] = behaviours.map((behaviour) => ({
    behaviour,
    state: settle(behaviour, judgedOf(behaviour, judged)).state,
    caughtBy: null,
    catching: new Set<string>(),
  }));
  // It proves nothing that a broken claim breaks.
  const whole = behaviours.filter((behaviour) => !breaks(sideOf(behaviour), behaviour, judgedOf(behaviour, judged)));
  const undecided = await failedBy(faultless, whole, judged);
  for (const [registry, excused] of [
    [faults, undecided],
    [conduct, NOBODY],
    [saboteurs, NOBODY],
  ] as const) {
    const failing = new Map<string, ReadonlySet<string>>();
    for (const saboteur of registry) failing.set(saboteur.name, await failedBy(saboteur, whole, judged));
    for (const row of rows) {
      if (excused.has(row.behaviour.id)) continue;
      const catching = [...failing].filter(([, failed]) => failed.has(row.behaviour.id));
      catching.sort(([, a], [, b]) => a.size - b.size);
      row.caughtBy ??= catching[0]?.[0] ?? null;
      row.catching = new Set([...row.catching, ...catching.map(([name]) => name)]);
    }
  }
  return rows;
}

// --- internal ---

const NOBODY: ReadonlySet<string> = new Set();

async function judgeAll(
  behaviours: readonly Behaviour[],
  oracle: Subject,
  port: Subject,
): Promise<ReadonlyMap<string, Judged>> {
  const cases = behaviours.flatMap(({ questions }) => questions.map((question) => question.case));
  const all = new Map<string, Judged>();
  for await (const judged of run(cases, oracle, port, { tolerance: { kind: 'bound' }, truth: true })) {
    all.set(judged.case.id, judged);
  }
  return all;
}

function judgedOf({ questions }: Behaviour, all: ReadonlyMap<string, Judged>): Judged[] {
  return questions.map((question) => all.get(question.case.id) as Judged); // `run` judges every case
}

/** The behaviours whose claims fail: on the sabotaged port, or on sabotaged PyTorch where they are about it alone. */
async function failedBy(
  saboteur: Saboteur,
  behaviours: readonly Behaviour[],
  judged: ReadonlyMap<string, Judged>,
): Promise<ReadonlySet<string>> {
  const failed = new Set<string>();
  for (const behaviour of behaviours) {
    const side = sideOf(behaviour);
    const honest = judgedOf(behaviour, judged);
    const cases = honest.map(({ case: c }) => c);
    const answers = await saboteur.wrap(answering(honest, side)).ask(cases, { truth: false });
    if (answers.some(({ outcome }, i) => !isAnswer(outcome) && (side === 'oracle' || !asksTorchAlone(cases[i]))))
      continue;
    const spoilt = honest.map((one, i) => ({ ...one, [side === 'oracle' ? 'expected' : 'actual']: answers[i] }));
    if (breaks(side, behaviour, spoilt)) failed.add(behaviour.id);
  }
  return failed;
}

function sideOf({ about }: Behaviour): 'oracle' | 'subject' {
  return about.kind === 'torch' ? 'oracle' : 'subject';
}

function isAnswer(outcome: Outcome): boolean {
  return outcome.kind === 'returned' || outcome.kind === 'refused';
}

/** What was answered, answered again. */
function answering(judged: readonly Judged[], side: 'oracle' | 'subject'): Subject {
  const known = new Map<string, Answer>(
    judged.map((one) => [one.case.id, side === 'oracle' ? one.expected : one.actual]),
  );
  return {
    name: 'recorded',
    kind: side === 'oracle' ? 'oracle' : 'port',
    version: null,
    capabilities: {},
    batch: { cases: 64, window: 1 },
    ask: async (cases: readonly Case[]) => cases.map((c) => known.get(c.id) as Answer), // asked of the same cases
    close: async () => {},
  };
}
