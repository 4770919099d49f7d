// Reads off what weight and bias do: their form, and which of their entries goes with each element. Needs no knowledge of the statistics.

import type { Case, Step } from '../../../../cases/case.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Affine, AffineForm, AffineTensor } from '../model/profile.ts';
import type { TensorRoles } from './measure-roles.ts';
import { noise } from './noise.ts';
import { construct, filled, float64, forward, probe, type Specimen, setTensor, valuesOf } from './specimen.ts';
import type { Stance } from './stance.ts';

/** Measures the affine form. One round trip; null where weight or bias do something outside the model space. */
export async function measureAffine(specimen: Specimen, stance: Stance, roles: TensorRoles): Promise<Affine | null> {
  const plan = affineCases(specimen.name, stance, roles);
  const outcomes = await specimen.ask(plan.cases);
  const [y00, y10, yw0, y0b, y1b] = outcomes.map((o) =>
    valuesOf(o, o.kind === 'returned' ? o.steps.length - 1 : 0, 'output'),
  );
  if (y00 === null || y10 === null || yw0 === null || y0b === null || y1b === null) return null;
  const z = roles.weight === null ? y00 : y10.map((v, i) => v - y00[i]);
  const weight = roles.weight === null ? null : describe(roles.weight, stance, plan.w, ratio(yw0, y00, z));
  const bias =
    roles.bias === null
      ? null
      : describe(
          roles.bias,
          stance,
          plan.b,
          y1b.map((v, i) => v - y10[i]),
        );
  if ((roles.weight !== null && weight === null) || (roles.bias !== null && bias === null)) return null;
  const onePlus = roles.weight !== null && largest(y00) > 1e-9 * largest(z);
  const biasScaled = roles.weight !== null && roles.bias !== null && !onePlus && largest(y0b) < 1e-9 * largest(plan.b);
  return { form: formOf(roles, onePlus, biasScaled), weight, bias, identity: onePlus ? 0 : 1 };
}

// --- internal ---

function affineCases(name: string, stance: Stance, roles: TensorRoles) {
  const shapeOf = (tensor: string | null) => stance.tensors.find((t) => t.name === tensor)?.shape ?? [];
  const weightShape = shapeOf(roles.weight);
  const biasShape = shapeOf(roles.bias);
  const w = noise(21, sizeOf(weightShape)).map((v, i) => v + 5 * (i + 3) * (i % 2 === 0 ? 1 : -1)); // all different
  const b = noise(23, sizeOf(biasShape)).map((v, i) => v + 5 * (i + 1));
  const x = float64(noise(25, sizeOf(stance.shape)), stance.shape);
  const set = (tensor: string | null, values: Float64Array | number, shape: Shape): Step[] => {
    if (tensor === null) return [];
    return [setTensor(tensor, typeof values === 'number' ? filled(values, shape) : float64(values, shape))];
  };
  const ask = (weight: Float64Array | number, bias: Float64Array | number): Case =>
    probe(name, [
      construct(name, stance.arguments),
      ...set(roles.weight, weight, weightShape),
      ...set(roles.bias, bias, biasShape),
      forward('train', x),
    ]);
  return { cases: [ask(0, 0), ask(1, 0), ask(w, 0), ask(0, b), ask(1, b)], w, b };
}

function ratio(y: Float64Array, y0: Float64Array, z: Float64Array): Float64Array {
  const floor = 1e-6 * largest(z);
  return y.map((v, i) => (Math.abs(z[i]) > floor ? (v - y0[i]) / z[i] : Number.NaN));
}

function largest(values: Float64Array): number {
  return values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
}

function formOf(roles: TensorRoles, onePlus: boolean, biasScaled: boolean): AffineForm {
  if (roles.weight === null && roles.bias === null) return roles.idle.length > 0 ? 'ignored' : 'none';
  if (onePlus) return 'one-plus-weight';
  if (biasScaled) return 'bias-before-weight';
  if (roles.bias === null) return 'weight-only';
  if (roles.weight !== null) return 'weight*x+bias';
  return roles.idle.length > 0 ? 'forced-one' : 'bias-only'; // a weight that is there but counts as 1
}

/** Finds for each element the entry whose value it shows, and says along which axes the entry changes. NaN elements show nothing. */
function describe(name: string, stance: Stance, entryValues: Float64Array, shown: Float64Array): AffineTensor | null {
  const { shape } = stance;
  const entry = new Int32Array(shown.length).fill(-1);
  for (let i = 0; i < shown.length; i++) {
    if (Number.isNaN(shown[i])) continue;
    let best = 0;
    for (let j = 1; j < entryValues.length; j++) {
      if (Math.abs(entryValues[j] - shown[i]) < Math.abs(entryValues[best] - shown[i])) best = j;
    }
    if (!(Math.abs(entryValues[best] - shown[i]) <= 1e-4 * (1 + Math.abs(entryValues[best])))) return null;
    entry[i] = best;
  }
  const tensorShape = stance.tensors.find((t) => t.name === name)?.shape ?? [];
  const axes = shape.map((_, axis) => axis).filter((axis) => variesAlong(axis, entry, shape));
  const distinct = new Set([...entry].filter((e) => e >= 0)).size;
  const perGroup = axes.length === 1 && axes[0] === 1 && distinct < shape[1] && distinct === entryValues.length;
  const flattened =
    axes.length > 1 && entryValues.length === shape[1] && entry.every((e, i) => e < 0 || e === i % entryValues.length);
  return { name, shape: tensorShape, axes, perGroup, flattened };
}

function variesAlong(axis: number, entry: Int32Array, shape: Shape): boolean {
  let stride = 1;
  for (let a = shape.length - 1; a > axis; a--) stride *= shape[a];
  for (let i = 0; i + stride < entry.length; i++) {
    if (Math.floor(i / stride) % shape[axis] === shape[axis] - 1) continue;
    if (entry[i] >= 0 && entry[i + stride] >= 0 && entry[i] !== entry[i + stride]) return true;
  }
  return false;
}
