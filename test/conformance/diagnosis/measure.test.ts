// The measurement finds known conventions again: every value of every axis that the model speaks of, planted one by one.

import { describe, expect, it } from 'vitest';
import { float } from '../../../cases/case.ts';
import { AXES, departuresFrom } from '../../../ts-impl/conformance/diagnosis/axes/axes.ts';
import { measure } from '../../../ts-impl/conformance/diagnosis/measure/measure.ts';
import { layerFor, type NormKind } from '../../../ts-impl/conformance/diagnosis/axes/norm-kind.ts';
import type { Partition } from '../../../ts-impl/conformance/diagnosis/model/partition.ts';
import { type AffineTensor, NO_TRAITS, type Profile, type Running } from '../../../ts-impl/conformance/diagnosis/model/profile.ts';
import { defaultTarget, keptAxes } from '../../../ts-impl/conformance/diagnosis/axes/target.ts';
import type { Stance } from '../../../ts-impl/conformance/diagnosis/measure/stance.ts';
import { type Anatomy, modelSpecimen } from './model-specimen.ts';

const KINDS: readonly NormKind[] = ['BatchNorm', 'LayerNorm', 'InstanceNorm', 'GroupNorm', 'RMSNorm'];
const GROUPS = 3;
const NO_STANCE = { refusals: [] } as unknown as Stance; // the axes look at nothing else before there is a subject

/** PyTorch's own conventions for a kind, on inputs of `shape`. */
function faithful(kind: NormKind, shape: readonly number[]): Profile {
  const rank = shape.length;
  const layered = kind === 'LayerNorm' || kind === 'RMSNorm';
  const axes = layered ? [rank - 1] : [1];
  const tensor = (name: string): AffineTensor => ({ name, shape: [6], axes, perGroup: false, flattened: false });
  const running: Running = {
    mean: 'mu',
    variance: 'v',
    shape: [6],
    rule: 'new-weight',
    newShare: 0.1,
    oldShare: 0.9,
    argument: { name: 'momentum', weighs: 'new', default: 0.1 },
    divisor: 'n-1',
    tracked: 'variance',
    floored: false,
    bare: false,
    sums: false,
    swapped: false,
    late: false,
    initial: { mean: 0, variance: 1 },
    updatesInEval: false,
    attached: [],
    evalStatistics: 'running',
    users: { kind: 'axes', kept: [1], groups: null },
    evalReads: 'before',
  };
  const target = defaultTarget(kind, { shape } as Profile, GROUPS, 1); // only the shape is looked at
  const members: Partition = {
    kind: 'axes',
    kept: keptAxes(target),
    groups: kind === 'GroupNorm' ? { count: GROUPS, layout: 'contiguous' } : null,
  };
  return {
    shape,
    structure: { members, users: members },
    affine:
      kind === 'InstanceNorm'
        ? { form: 'none', weight: null, bias: null, identity: 1 }
        : kind === 'RMSNorm'
          ? { form: 'weight-only', weight: tensor('w'), bias: null, identity: 1 }
          : { form: 'weight*x+bias', weight: tensor('w'), bias: tensor('b'), identity: 1 },
    scale: {
      outputCentred: kind !== 'RMSNorm',
      varianceCentred: kind !== 'RMSNorm',
      divisor: 'n',
      eps: kind === 'RMSNorm' ? 2 ** -52 : 1e-5,
      placement: 'inside-sqrt',
      statistics: 'batch',
    },
    running: kind === 'BatchNorm' ? running : null,
    gradient: { meanDetached: false, varianceDetached: false },
    layouts: { works: [], fails: [] },
    mutatesInput: false,
    stdout: '',
    epsArgument: 'eps',
    singleValue: null,
    extras: [],
    traits: NO_TRAITS,
    counter: null,
    agreement: 1e-5,
    dtype: 'float64',
    evalIsTrain: kind !== 'BatchNorm',
  };
}

function anatomyOf(kind: NormKind, profile: Profile): Anatomy {
  const size = { name: kind === 'GroupNorm' ? 'channels' : 'size', hasDefault: false, default: null };
  const signature = kind === 'GroupNorm' ? [size, { name: 'groups', hasDefault: false, default: null }] : [size];
  signature.push({ name: 'eps', hasDefault: true, default: null });
  if (profile.running?.argument) {
    signature.push({
      name: 'momentum',
      hasDefault: true,
      default: float(profile.running.argument.default ?? 0.1) as never,
    }); // a Value or null by type
  }
  const layered = kind === 'LayerNorm' || kind === 'RMSNorm';
  return { profile, signature, sizeAxis: (rank) => (layered ? rank - 1 : 1), ranks: [profile.shape.length] };
}

/** Which of weight and bias a form needs: a layer without them can't have it. */
const FORMS: Readonly<Record<string, string>> = {
  'weight*x+bias': 'wb',
  'one-plus-weight': 'wb',
  'bias-before-weight': 'wb',
  'weight-only': 'w',
  'bias-only': 'b',
  none: '',
  ignored: '',
};
const tensorsOf = ({ affine }: Profile) => `${affine.weight?.name ?? ''}${affine.bias?.name ?? ''}`;

const shapeOf = (kind: NormKind) => (kind === 'LayerNorm' || kind === 'RMSNorm' ? [4, 5, 6] : [4, 6, 5, 7]);

async function departuresOf(kind: NormKind, profile: Profile) {
  const name = layerFor(kind, profile.shape.length);
  const result = await measure(modelSpecimen(name, anatomyOf(kind, profile)), kind, null);
  if (result.kind !== 'measured') return result;
  const target = defaultTarget(kind, result.profile, GROUPS, 1);
  return Object.fromEntries(
    departuresFrom(target, result)
      // The model never raises, and counts no steps.
      .filter((d) => d.axis.id !== 'single-value.train' && d.axis.id !== 'state.batches-tracked')
      .map((d) => [d.axis.id, d.actual]),
  );
}

describe('measure', () => {
  it.each(KINDS)('finds nothing in a faithful %s', async (kind) => {
    expect(await departuresOf(kind, faithful(kind, shapeOf(kind)))).toEqual({});
  });

  const planted = KINDS.flatMap((kind) => {
    const profile = faithful(kind, shapeOf(kind));
    const target = defaultTarget(kind, profile, GROUPS, 1);
    return AXES.flatMap((axis) => {
      const pytorch = axis.pytorch(target);
      if (pytorch === null || axis.apply === null) return [];
      const values = axis.values.includes('number') ? [3e-4, 1e-8, 0.02] : axis.values;
      return values
        .filter((v) => v !== pytorch && !v.toString().includes('other') && !v.toString().includes('sets of'))
        .map((value) => ({ kind, axis, value, target, profile: axis.apply?.(profile, value, target) ?? profile }))
        .filter((p) => axis.id !== 'affine.form' || FORMS[String(p.value)] === tensorsOf(p.profile))
        .filter((p) => axis.measured({ profile: p.profile, stance: NO_STANCE }, target) === p.value);
    });
  });

  it('plants a fault on every axis that the model speaks of', () => {
    const spoken = AXES.filter((axis) => axis.apply !== null).map((axis) => axis.id);
    expect(new Set(planted.map((p) => p.axis.id))).toEqual(new Set(spoken));
  });

  it.each(planted.map((p) => [p.kind, p.axis.id, p.value, p] as const))(
    'finds in %s that %s is %s',
    async (kind, id, value, p) => {
      const found = await departuresOf(kind, p.profile);
      expect({ [id]: value, ...found }).toEqual(found);
      expect(found).toHaveProperty([id]);
    },
  );
});
