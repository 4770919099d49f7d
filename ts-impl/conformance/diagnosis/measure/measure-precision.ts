// Reads off what half precision does: whether statistics are kept wider than bfloat16, and whether the weight comes before or after rounding.

import type { Case } from '../../../../cases/case.ts';
import { roundHalf } from '../../../tensor/half.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { type Tensor, tensor } from '../../../tensor/tensor.ts';
import type { Outcome } from '../../outcome.ts';
import { modelForward } from '../model/model.ts';
import { initialState } from '../model/model-state.ts';
import { optionsOf } from '../model/model-subject.ts';
import { entryIndex } from '../model/model-entries.ts';
import type { AffineTensor, Profile, Traits } from '../model/profile.ts';
import type { TensorRoles } from './measure-roles.ts';
import { noise } from './noise.ts';
import { construct, forward, probe, resultsOf, setTensor, tensorOf, toFloat64 } from './specimen.ts';
import type { Stance } from './stance.ts';

/** The question, put in bfloat16; null where training does not normalise each sample with its own statistics. */
export function precisionCase(name: string, stance: Stance, roles: TensorRoles, profile: Profile): Case | null {
  if (profile.scale.statistics !== 'batch' || profile.dtype !== 'float64') return null;
  // Across samples PyTorch itself folds statistics and parameters into one factor and one term: the orders told apart here are not its own.
  const { members } = profile.structure;
  if (profile.running !== null || members.kind !== 'axes' || !members.kept.includes(0)) return null;
  const { weight, bias } = parameters(profile);
  const set = (role: string | null, values: Float64Array | null) => {
    const shape = stance.tensors.find((t) => t.name === role)?.shape;
    return role === null || values === null || shape === undefined ? [] : [setTensor(role, half(values, shape))];
  };
  return probe(
    name,
    [
      construct(name, stance.arguments),
      ...set(roles.weight, weight),
      ...set(roles.bias, bias),
      forward('train', half(input(profile), profile.shape)),
    ],
    'bfloat16',
  );
}

/** What the answer to `precisionCase` says; null where it refuses bfloat16, answers in another dtype or fits neither order. */
export function precisionOf(outcome: Outcome, profile: Profile): Traits['precision'] {
  const given = tensorOf(outcome, resultsOf(outcome).length - 1, 'output');
  if (given === null || given.dtype !== 'bfloat16') return null;
  const seen = toFloat64(given);
  const { weight, bias } = parameters(profile);
  const state = { ...initialState(), weight, bias };
  const x = input(profile);
  const whole = modelForward(profile, optionsOf(profile), state, x, profile.shape, 'train').output;
  const share = (predicted: Float64Array) => seen.filter((v, i) => v === predicted[i]).length / seen.length;
  const before = share(whole.map(rounded));
  const after = Math.max(
    ...[true, false].map((fused) =>
      profile.affine.weight === null ? 0 : share(afterRounding(profile, x, weight, bias, fused)),
    ),
  );
  if (Math.max(before, after) >= EXACT) {
    const affine = Math.min(before, after) >= EXACT ? null : after > before ? 'after-rounding' : 'before-rounding';
    return { accumulation: 'float32-or-wider', affine: profile.affine.weight === null ? null : affine };
  }
  return Math.max(before, after) < COARSE ? { accumulation: 'input-dtype', affine: null } : null;
}

// --- internal ---

/** Of the elements, how many are the very number predicted: nearly all where the statistics are wide, as float32 misrounds few. */
const EXACT = 0.96;
const COARSE = 0.9;

const rounded = (v: number) => roundHalf(v, 'bfloat16');
const half = (values: Float64Array, shape: Shape): Tensor => tensor(values, shape, 'bfloat16');

function input({ shape }: Profile): Float64Array {
  return noise(111, sizeOf(shape)).map((v) => rounded(v * 1.5 + 4));
}

function parameters({ affine }: Profile): { weight: Float64Array | null; bias: Float64Array | null } {
  const of = (t: AffineTensor | null, seed: number) =>
    t === null ? null : noise(seed, sizeOf(t.shape)).map((v) => rounded(v + Math.sign(v)));
  return { weight: of(affine.weight, 113), bias: of(affine.bias, 115) };
}

/** The normalised value rounded first, then every operation of the affine form rounded by itself, or weight and bias in one (`fused`). */
function afterRounding(
  profile: Profile,
  x: Float64Array,
  weight: Float64Array | null,
  bias: Float64Array | null,
  fused: boolean,
): Float64Array {
  const { shape, affine } = profile;
  const bare: Profile = { ...profile, affine: { form: 'none', weight: null, bias: null, identity: 1 } };
  const z = modelForward(bare, optionsOf(bare), initialState(), x, shape, 'train').output;
  const entries = (t: AffineTensor | null, values: Float64Array | null) => {
    if (t === null || values === null) return null;
    const index = entryIndex(t, shape, t.perGroup ? values.length : 1);
    return (i: number) => values[index[i]];
  };
  const w = entries(affine.weight, weight);
  const b = entries(affine.bias, bias);
  return z.map((v, i) => {
    const factor = affine.form === 'one-plus-weight' ? rounded(1 + (w?.(i) ?? 0)) : (w?.(i) ?? 1);
    if (affine.form === 'bias-before-weight') return rounded(rounded(rounded(v) + (b?.(i) ?? 0)) * factor);
    const scaled = fused && b !== null ? rounded(v) * factor : rounded(rounded(v) * factor);
    return b === null ? scaled : rounded(scaled + b(i));
  });
}
