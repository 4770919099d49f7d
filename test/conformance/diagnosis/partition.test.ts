// Structures are read from which outputs one input element moves: every partition of the model space comes back from its own influence.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Partition,
  type Structure,
  statisticCount,
  statisticIds,
  structureFromInfluence,
  telltaleIndex,
} from '../../../ts-impl/conformance/diagnosis/model/partition.ts';
import { sizeOf } from '../../../ts-impl/tensor/shape.ts';

/** The outputs that change with the element at `index`: its own, and those normalised with the statistic that it went into. */
function influence({ members, users }: Structure, index: readonly number[], shape: readonly number[]): Uint8Array {
  const self = index.reduce((at, i, axis) => at * shape[axis] + i, 0);
  const into = statisticIds(members, shape)[self];
  return Uint8Array.from(statisticIds(users, shape), (id, i) => (id === into || i === self ? 1 : 0));
}

const same = (partition: Partition): Structure => ({ members: partition, users: partition });
const axes = (kept: readonly number[], groups: (Partition & { kind: 'axes' })['groups'] = null): Partition => ({
  kind: 'axes',
  kept,
  groups,
});

describe('structureFromInfluence', () => {
  const shape = [4, 6, 5, 7];
  it.each([
    ['batch norm', same(axes([1])), shape],
    ['instance norm', same(axes([0, 1])), shape],
    ['layer norm over the last axis', same(axes([0, 1, 2])), shape],
    ['layer norm over all but the batch', same(axes([0])), shape],
    ['one statistic in all', same(axes([])), shape],
    ['groups', same(axes([0], { count: 3, layout: 'contiguous' })), shape],
    ['interleaved groups', same(axes([0], { count: 3, layout: 'interleaved' })), shape],
    ['channels last', same(axes([3])), shape],
    ['flattened channels', same({ kind: 'flattened', channels: 6 }), shape],
    ['a broadcast along the wrong axis', { members: axes([1]), users: axes([3]) }, [4, 6, 5, 6]],
  ] as const)('recovers %s', (_name, structure, s) => {
    const index = telltaleIndex(s);
    expect(structureFromInfluence(influence(structure, index, s), index, s)).toEqual(structure);
  });

  it('sees no structure in a scattered influence', () => {
    const moved = new Uint8Array(sizeOf(shape));
    for (const i of [3, 100, 501]) moved[i] = 1;
    expect(structureFromInfluence(moved, telltaleIndex(shape), shape)).toBeNull();
  });
});

describe('statisticIds', () => {
  it('numbers every statistic, each with as many elements as any other', () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(shapes, fc.nat(31), (shape, mask) => {
        const partition = axes(shape.map((_, axis) => axis).filter((axis) => (mask >> axis) & 1));
        const count = statisticCount(partition, shape);
        const members = new Array<number>(count).fill(0);
        for (const id of statisticIds(partition, shape)) members[id]++;
        expect(new Set(members)).toEqual(new Set([sizeOf(shape) / count]));
      }),
    );
  });
});
