// The counter-model: computes in plain float64 what a layer with a given profile answers. It shares no code with the port.

import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { entryIndex } from './model-entries.ts';
import { inputGradient } from './model-gradient.ts';
import { fillState, type ModelOptions, type ModelState } from './model-state.ts';
import { denominatorOf, moments, snapshot, Uses, updateBuffers } from './model-statistics.ts';
import { statisticCount, statisticIds } from './partition.ts';
import type { Affine, AffineTensor, Profile } from './profile.ts';

export interface ModelGradients {
  readonly input: Float64Array; // [elements]
  readonly weight: Float64Array | null;
  readonly bias: Float64Array | null;
}

export interface ModelForward {
  readonly output: Float64Array; // [elements]
  /** Gradients for an upstream gradient of this forward. */
  readonly backward: (upstream: Float64Array) => ModelGradients;
}

/** One forward of the modelled layer; `state`'s buffers move as the profile says. `x` is in index order, [elements] of `shape`. */
export function modelForward(
  profile: Profile,
  options: ModelOptions,
  state: ModelState,
  x: Float64Array,
  shape: Shape,
  mode: 'train' | 'eval',
): ModelForward {
  const { scale, running } = profile;
  fillState(profile, state, shape);
  const members = statisticIds(profile.structure.members, shape);
  const count = statisticCount(profile.structure.members, shape);
  const batch = moments(x, members, count, scale);
  const before = snapshot(state);
  const update = running !== null && (mode === 'train' || running.updatesInEval);
  const shares = update ? updateBuffers(profile, options, state, x, members, count) : null;
  const source = mode === 'eval' ? (running?.evalStatistics === 'running' ? 'buffer' : 'batch') : scale.statistics;
  const asBefore = source === 'running-before-update' || (source === 'buffer' && running?.evalReads === 'before');
  const partition = source === 'buffer' && running !== null ? running.users : profile.structure.users;
  const users = statisticIds(partition, shape);
  const used = new Uses(
    Math.max(count, statisticCount(partition, shape)),
    batch,
    source,
    asBefore ? before : state,
    running,
    shares,
  );
  const denominator = used.variance.map((v, id) =>
    used.bare ? Math.sqrt(v) : denominatorOf(v, options.eps, scale, used.sizes[id]),
  ); // [statistics]
  const w = entries(profile.affine.weight, state.weight, shape, profile.affine.identity);
  const b = entries(profile.affine.bias, state.bias, shape, 0);
  const form = profile.affine;
  const z = new Float64Array(x.length); // [elements]
  const output = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const id = users[i];
    z[i] = (x[i] - (scale.outputCentred ? used.mean[id] : 0)) / denominator[id];
    output[i] = applyAffine(form, z[i], w.values[i], b.values[i]);
  }
  const backward = (upstream: Float64Array): ModelGradients => {
    const gz = new Float64Array(x.length);
    const gw = w.index === null ? null : new Float64Array(state.weight?.length ?? 0);
    const gb = b.index === null ? null : new Float64Array(state.bias?.length ?? 0);
    for (let i = 0; i < x.length; i++) {
      const factor = form.form === 'one-plus-weight' ? 1 + w.values[i] : w.values[i];
      gz[i] = upstream[i] * factor;
      const scaled = form.form === 'bias-before-weight' ? z[i] + b.values[i] : z[i];
      if (gw !== null && w.index !== null) gw[w.index[i]] += upstream[i] * scaled;
      if (gb !== null && b.index !== null) {
        gb[b.index[i]] += form.form === 'bias-before-weight' ? gz[i] : upstream[i];
      }
    }
    return {
      input: inputGradient(profile, options, x, z, gz, members, users, denominator, batch, used),
      weight: gw,
      bias: gb,
    };
  };
  return { output, backward };
}

// --- internal ---

function applyAffine(affine: Affine, z: number, w: number, b: number): number {
  switch (affine.form) {
    case 'one-plus-weight':
      return z * (1 + w) + b;
    case 'bias-before-weight':
      return (z + b) * w;
    default:
      return z * w + b;
  }
}

interface Entries {
  readonly values: Float64Array; // [elements]
  readonly index: Int32Array | null;
}

function entries(t: AffineTensor | null, values: Float64Array | null, shape: Shape, absent: number): Entries {
  const size = sizeOf(shape);
  if (t === null || values === null) return { values: new Float64Array(size).fill(absent), index: null };
  const index = entryIndex(t, shape, t.perGroup ? values.length : 1);
  const out = new Float64Array(size);
  for (let i = 0; i < size; i++) out[i] = values[index[i]];
  return { values: out, index };
}
