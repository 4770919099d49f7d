// An export of a module as a specimen: the ways in which it may be called tried, the one that works asked. Its signature is a guess that they prove.

import type { Case } from '../../../../cases/case.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import { ChildGone } from '../../subjects/js/child/start-child.ts';
import type { Trial } from '../../subjects/js/foreign/choose-plan.ts';
import type { ExportFacts } from '../../subjects/js/foreign/export-facts.ts';
import type { ForeignModule } from '../../subjects/js/foreign/foreign-module.ts';
import { makePlans, type PlannedExport } from '../../subjects/js/foreign/make-plans.ts';
import { argumentChoices, rolesOf } from '../measure/constructor-arguments.ts';
import { kindFromName, rankFromName } from '../axes/norm-kind.ts';
import { ladder } from '../measure/ladder.ts';
import { SubjectGone } from '../measure/measure.ts';
import { noise } from '../measure/noise.ts';
import { construct, float64, forward, probe, readAll, type Specimen } from '../measure/specimen.ts';

export type OpenedExport =
  | {
      readonly kind: 'opened';
      readonly specimen: Specimen;
      readonly planned: PlannedExport;
      /** Gradients that it answers; null where it has no way back. */
      readonly gradients: readonly string[] | null;
    }
  /** No way of calling it works; `message` says what came of the likeliest. */
  | { readonly kind: 'closed'; readonly message: string };

/** Opens an export of a module whose child has been started for it. Throws SubjectGone where the child is gone. */
export async function openExport(module: ForeignModule, facts: ExportFacts, name: string): Promise<OpenedExport> {
  const { plans, backward, reason } = makePlans(facts, module.exports, kindFromName(name));
  if (plans.length === 0) return { kind: 'closed', message: reason };
  const trials = plans.map(({ plan, signature }): Trial => ({ plan, cases: trialCases(name, signature) }));
  const chosen = await orGone(module.choose(facts.name, backward, trials));
  if (chosen.plan === null) return { kind: 'closed', message: chosen.message };
  const planned = plans[chosen.plan];
  return {
    kind: 'opened',
    planned,
    gradients: chosen.gradients,
    specimen: {
      name,
      signature: planned.signature,
      // A way back that answers the input's gradient alone is all that there is to ask of it.
      partialGradients: true,
      ask: (cases) => orGone(module.ask(cases)),
    },
  };
}

// --- internal ---

/** Shapes of the ladder with sizes that differ, with the arguments that fit them: the likeliest first. */
function trialCases(name: string, signature: PlannedExport['signature']): Case[] {
  const roles = rolesOf(signature);
  const rungs = ladder(kindFromName(name), rankFromName(name)).filter((rung) => !rung.coincidence);
  return rungs.flatMap((rung) =>
    argumentChoices(signature, roles, rung).map((choice) => {
      const x = float64(noise(7, sizeOf(rung.shape)), rung.shape);
      return probe(name, [
        construct(name, choice.arguments),
        readAll,
        forward('train', x),
        readAll,
        forward('eval', x),
      ]);
    }),
  );
}

async function orGone<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (problem) {
    if (problem instanceof ChildGone) throw new SubjectGone(problem.reason);
    throw problem;
  }
}
