// The axis entries as a table: every id once, PyTorch's value among the words, and the page that is made from them up to date.

import { describe, expect, it } from 'vitest';
import { AXES } from '../../../ts-impl/conformance/diagnosis/axes/axes.ts';
import { renderConventionsPage } from '../../../ts-impl/conformance/diagnosis/axes/conventions-page.ts';
import { kindFromName, layerFor, rankFromName } from '../../../ts-impl/conformance/diagnosis/axes/norm-kind.ts';

describe('the axis entries', () => {
  it('have an id each', () => {
    expect(AXES.length).toBeGreaterThan(0);
    expect(new Set(AXES.map((axis) => axis.id)).size).toBe(AXES.length);
  });

  it('make docs/conventions.md', async () => {
    await expect(renderConventionsPage()).toMatchFileSnapshot('../../../docs/conventions.md');
  });
});

describe('names', () => {
  it.each([
    ['BatchNorm2d', 'BatchNorm', 4],
    ['MyLayerNorm', 'LayerNorm', null],
    ['layer_norm_1d', 'LayerNorm', 3],
    ['T5RMSNorm', 'RMSNorm', null],
    ['Residual', null, null],
  ])('%s speaks of %s, rank %s', (name, kind, rank) => {
    expect([kindFromName(name), rankFromName(name)]).toEqual([kind, rank]);
  });

  it('are hints that fit PyTorch classes', () => {
    expect([layerFor('BatchNorm', 2), layerFor('InstanceNorm', 5), layerFor('GroupNorm', 4)]).toEqual([
      'BatchNorm1d',
      'InstanceNorm3d',
      'GroupNorm',
    ]);
  });
});
