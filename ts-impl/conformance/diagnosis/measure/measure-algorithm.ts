// Reads off how the variance is computed: in float32, far from zero, E[x²] − E[x]² loses what the two-pass way keeps. Judges no convention.

import type { Case } from '../../../../cases/case.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import { fromStorage } from '../../../tensor/tensor.ts';
import type { Outcome } from '../../outcome.ts';
import { denominatorOf } from '../model/model-statistics.ts';
import { statisticIds } from '../model/partition.ts';
import type { Profile, Scale, Traits } from '../model/profile.ts';
import { fitLines, type Line } from './lines.ts';
import { identitySteps } from './measure-evaluation.ts';
import type { TensorRoles } from './measure-roles.ts';
import { noise } from './noise.ts';
import { construct, forward, probe, resultsOf, valuesOf } from './specimen.ts';
import type { Stance } from './stance.ts';

/** Means of the inputs, in units of the spread: one-pass variances are off by a few per cent at the first and worthless at the last. */
const CENTRES = [3000, 11_000, 40_000];

/** The question; null where the variance is not that of a batch around its mean. */
export function algorithmCase(name: string, stance: Stance, roles: TensorRoles, profile: Profile): Case | null {
  const { scale, affine } = profile;
  if (scale.statistics !== 'batch' || !scale.varianceCentred || !scale.outputCentred) return null;
  return probe(
    name,
    [
      construct(name, stance.arguments),
      ...identitySteps(stance, roles, affine, 'float32'),
      ...inputs(profile).map((x) => forward('train', fromStorage('float32', profile.shape, x))),
    ],
    'float32',
  );
}

/** What the answer to `algorithmCase` says; null where it is neither clean nor clearly off. */
export function algorithmOf(outcome: Outcome, profile: Profile): Traits['algorithm'] {
  const { scale, structure, shape } = profile;
  const first = resultsOf(outcome).length - CENTRES.length;
  let off = 0;
  let clean = 0;
  let clamped = 0;
  let negative = 0;
  inputs(profile).forEach((x, k) => {
    const y = valuesOf(outcome, first + k, 'output');
    if (y === null) return;
    const lines = fitLines(Float64Array.from(x), y, structure, shape, null, { mean: null, variance: null });
    for (const line of lines) {
      const variance = line.squares / (scale.divisor === 'n' ? line.n : line.n - 1);
      const none = denominatorOf(0, scale.eps, scale, sizeFor(line, scale));
      if (!(line.n > 1) || !(variance > 100 * none * none)) continue; // eps would hide what the variance lost
      const ratio = line.denominator / denominatorOf(variance, scale.eps, scale, sizeFor(line, scale));
      const atNone = Math.abs(line.denominator / none - 1) < 1e-3;
      if (!Number.isFinite(ratio)) negative++;
      else if (atNone) clamped++;
      else if (Math.abs(ratio - 1) < 0.02) clean++;
      else if (Math.abs(ratio - 1) > 0.04) off++;
    }
  });
  if (off + clamped + negative === 0) return clean > 0 ? 'stable' : null;
  if (off + clamped + negative < 2) return null;
  // Below 0 a clamped variance leaves eps alone; an unclamped one gives NaN, unless it was never below.
  return clamped > 0 && negative === 0 ? 'one-pass-clamped' : 'one-pass';
}

// --- internal ---

function sizeFor({ sizes }: Line, { scaling }: Scale): number {
  if (scaling == null) return 0;
  return scaling.inside ? sizes[scaling.by] : Math.sqrt(sizes[scaling.by]);
}

/** Around each centre, each statistic with its own; rounded to float32, so that both sides see the same numbers. */
function inputs({ structure, shape }: Profile): Float32Array[] {
  const ids = statisticIds(structure.members, shape);
  return CENTRES.map((centre, k) => {
    const spread = noise(101 + k, sizeOf(shape));
    return Float32Array.from(spread, (v, i) => v + centre * (1 + (ids[i] % 7) / 7));
  });
}
