// The measurement finds known conventions again: every value of every axis that the model speaks of, planted one by one.

import { describe, expect, it } from 'vitest';
import { AXES, departuresFrom } from '../../../ts-impl/conformance/diagnosis/axes/axes.ts';
import { measure } from '../../../ts-impl/conformance/diagnosis/measure/measure.ts';
import { layerFor, type NormKind } from '../../../ts-impl/conformance/diagnosis/axes/norm-kind.ts';
import type { Profile } from '../../../ts-impl/conformance/diagnosis/model/profile.ts';
import { defaultTarget } from '../../../ts-impl/conformance/diagnosis/axes/target.ts';
import type { Stance } from '../../../ts-impl/conformance/diagnosis/measure/stance.ts';
import { anatomyOf, faithful, GROUPS, KINDS, shapeOf } from './faithful-profile.ts';
import { modelSpecimen } from './model-specimen.ts';

const NO_STANCE = { refusals: [] } as unknown as Stance; // the axes look at nothing else before there is a subject

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
