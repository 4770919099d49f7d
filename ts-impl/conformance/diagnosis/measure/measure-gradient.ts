// Reads off which statistics the gradient flows through, by holding the subject's input gradient against the model's in each combination.

import { sizeOf } from '../../../tensor/shape.ts';
import type { StepResult } from '../../outcome.ts';
import { modelForward } from '../model/model.ts';
import { initialState } from '../model/model-state.ts';
import { optionsOf } from '../model/model-subject.ts';
import type { Gradient, Profile } from '../model/profile.ts';
import type { TensorRoles } from './measure-roles.ts';
import { noise } from './noise.ts';
import {
  backward,
  construct,
  float64,
  forward,
  probe,
  resultsOf,
  type Specimen,
  setTensor,
  valuesOf,
} from './specimen.ts';
import type { Stance } from './stance.ts';

export type GradientMeasurement =
  | { readonly kind: 'measured'; readonly gradient: Gradient }
  | { readonly kind: 'refused'; readonly message: string }
  /** It has no way back. */
  | { readonly kind: 'not-asked' }
  | { readonly kind: 'unknown' };

/** Measures the gradient of a training step. One round trip. `profile` is complete but for it. */
export async function measureGradient(
  specimen: Specimen,
  stance: Stance,
  roles: TensorRoles,
  profile: Profile,
): Promise<GradientMeasurement> {
  const { shape } = stance;
  const x = noise(81, sizeOf(shape)).map((v) => v * 1.5 + 0.25);
  const g = noise(83, x.length);
  const weightShape = profile.affine.weight?.shape ?? [];
  const weight = noise(85, sizeOf(weightShape));
  const set = roles.weight === null ? [] : [setTensor(roles.weight, float64(weight, weightShape))];
  const [outcome] = await specimen.ask([
    probe(specimen.name, [
      construct(specimen.name, stance.arguments),
      ...set,
      forward('train', float64(x, shape), true),
      backward(float64(g, shape)),
    ]),
  ]);
  if (outcome.kind === 'unsupported') return { kind: 'not-asked' };
  const last = resultsOf(outcome).at(-1);
  if (last?.kind === 'refused') return { kind: 'refused', message: `${last.type}: ${last.message}` };
  const seen = valuesOf(outcome, resultsOf(outcome).length - 1, 'input.grad');
  if (seen === null) return { kind: 'unknown' };
  const answered = specimen.partialGradients === true ? { answered: gradientNames(last) } : {};
  for (const meanDetached of [false, true]) {
    for (const varianceDetached of [false, true]) {
      const gradient = { meanDetached, varianceDetached, ...answered };
      const state = initialState();
      if (profile.affine.weight !== null) state.weight = weight;
      const model = modelForward({ ...profile, gradient }, optionsOf(profile), state, x, shape, 'train').backward(
        g,
      ).input;
      const size = model.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-12);
      if (model.every((v, i) => Math.abs(v - seen[i]) <= 1e-6 * size)) return { kind: 'measured', gradient };
    }
  }
  return { kind: 'unknown' };
}

// --- internal ---

function gradientNames(result: StepResult | undefined): string[] {
  return result?.kind === 'returned' ? result.tensors.map(({ name }) => name) : [];
}
