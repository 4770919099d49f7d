// What a diagnosis may cost: few questions, in few messages, of a typical specimen. Counted where it is asked, witnesses left out.

import { describe, expect, it } from 'vitest';
import { layerFor } from '../../../ts-impl/conformance/diagnosis/axes/norm-kind.ts';
import { defaultTarget } from '../../../ts-impl/conformance/diagnosis/axes/target.ts';
import { counted } from '../../../ts-impl/conformance/diagnosis/measure/counted-specimen.ts';
import { measure } from '../../../ts-impl/conformance/diagnosis/measure/measure.ts';
import { prove } from '../../../ts-impl/conformance/diagnosis/prove/proof.ts';
import { trialCases } from '../../../ts-impl/conformance/diagnosis/prove/trial-cases.ts';
import { anatomyOf, faithful, GROUPS, KINDS, shapeOf } from './faithful-profile.ts';
import { modelSpecimen } from './model-specimen.ts';

describe('the budget', () => {
  it.each(KINDS)('holds for a %s: 80 questions in 8 messages, measurement, proof and trial together', async (kind) => {
    const profile = faithful(kind, shapeOf(kind));
    const { specimen, cost } = counted(modelSpecimen(layerFor(kind, profile.shape.length), anatomyOf(kind, profile)));
    const measured = await measure(specimen, kind, null);
    if (measured.kind !== 'measured') throw new Error(measured.kind);
    await prove(specimen, measured.stance, measured.roles, measured.profile);
    const trial = trialCases(defaultTarget(kind, profile, GROUPS, 1), measured.stance, measured.profile);
    expect(cost.questions).toBeGreaterThan(20);
    expect(cost.questions + trial.length).toBeLessThanOrEqual(80);
    expect(cost.roundTrips + 1).toBeLessThanOrEqual(8);
  });
});
