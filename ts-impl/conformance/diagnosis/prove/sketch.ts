// A sketch: a small question in PyTorch's words, as the few numbers that make it. It renders to a Case and is told legal or not; it asks nobody.

import { type Arguments, type Case, float, type Step, type Value } from '../../../../cases/case.ts';
import type { FloatDtype } from '../../../tensor/dtype.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { tensor } from '../../../tensor/tensor.ts';
import { keptAxes, type Target } from '../axes/target.ts';
import type { Stance } from '../measure/stance.ts';
import { type Partition, statisticCount, statisticIds } from '../model/partition.ts';
import type { Profile } from '../model/profile.ts';
import { layerArguments } from './trial-cases.ts';

export type Act =
  | { readonly kind: 'forward'; readonly mode: 'train' | 'eval'; readonly values: readonly number[] }
  /** Upstream gradient into the latest forward. */
  | { readonly kind: 'backward'; readonly values: readonly number[] }
  | { readonly kind: 'read' };

export type Settable = 'weight' | 'bias' | 'running_mean' | 'running_var';

export interface Sketch {
  /** The layer and its options; groups shrink with the shape. */
  readonly target: Target;
  readonly dtype: FloatDtype;
  /** Of every input. */
  readonly shape: Shape;
  readonly options: { readonly eps?: number; readonly momentum?: number };
  /** Parameters and buffers that are not left as they come, in index order. */
  readonly set: Readonly<Partial<Record<Settable, readonly number[]>>>;
  readonly acts: readonly Act[];
}

/** The shape that a parameter or buffer has in PyTorch. */
export function ownShape(target: Target, shape: Shape): Shape {
  return target.normalizedAxes > 0 ? shape.slice(shape.length - target.normalizedAxes) : [shape[1]];
}

/** The case, without its id. */
export function caseOfSketch({ target, dtype, shape, options, set, acts }: Sketch): Case {
  const given: Record<string, Value> = { ...layerArguments(target, shape) };
  for (const [name, value] of Object.entries(options)) given[name] = float(value);
  const own = ownShape(target, shape);
  const made: Arguments = given;
  const steps: Step[] = [{ kind: 'construct', layer: target.layer, arguments: made }];
  for (const [name, values] of Object.entries(set)) {
    steps.push({ kind: 'set_tensor', name, tensor: tensor(values, own, dtype) });
  }
  acts.forEach((act, i) => {
    switch (act.kind) {
      case 'forward': {
        const gradient = acts[i + 1]?.kind === 'backward';
        steps.push({ kind: 'forward', mode: act.mode, input: tensor(act.values, shape, dtype), gradient });
        return;
      }
      case 'backward':
        steps.push({
          kind: 'backward',
          gradient: tensor(act.values, shape, dtype),
          accumulate: false,
          again: false,
        });
        return;
      case 'read':
        steps.push({ kind: 'read', what: 'buffers' });
        return;
      default:
        act satisfies never;
    }
  });
  return { id: '', layer: target.layer, dtype, layout: 'contiguous', steps };
}

/** Whether PyTorch takes it and the specimen can be meant: no statistic of one value in training, sizes that a broadcast or an argument ties. */
export function isLegal({ target, shape, acts }: Sketch, stance: Stance, profile: Profile): boolean {
  const trains = acts.some((act) => act.kind === 'forward' && (act.mode === 'train' || !target.tracked));
  const wantsTwo = target.kind !== 'LayerNorm' && target.kind !== 'RMSNorm';
  if (trains && wantsTwo && valuesPerStatistic(target, shape) < 2) return false;
  const last = shape[shape.length - 1];
  if (stance.sizeAxis === 'last' && target.normalizedAxes === 0 && shape[1] !== last) return false;
  const { members, users } = profile.structure;
  if (users.kind !== 'axes' || isSame(members, users)) return true;
  return users.kept.every((axis) => axis === 0 || shape[axis] === shape[1]);
}

/** A statistic of one value, no spread in any, or a momentum that keeps or forgets all: what happens there teaches nothing else. */
export function isPoor({ target, shape, acts, options }: Sketch, profile: Profile): boolean {
  const { momentum } = options;
  if (momentum !== undefined && (momentum <= 0 || momentum >= 1)) return true;
  const { members } = profile.structure;
  if (sizeOf(shape) / statisticCount(members, shape) < 2) return true;
  const ids = torchStatistics(target, shape);
  return acts.every((act) => act.kind !== 'forward' || !hasSpread(act.values, ids));
}

/** The statistics that PyTorch takes of an input: which one each element goes into, in index order. */
export function torchStatistics(target: Target, shape: Shape): Int32Array {
  const groups = target.groups === null ? null : { count: target.groups, layout: 'contiguous' as const };
  return statisticIds({ kind: 'axes', kept: keptAxes(target), groups }, shape);
}

// --- internal ---

const isSame = (one: Partition, other: Partition) => one === other || JSON.stringify(one) === JSON.stringify(other);

function valuesPerStatistic(target: Target, shape: Shape): number {
  const apart = keptAxes(target).reduce((n, axis) => n * shape[axis], target.groups ?? 1);
  return sizeOf(shape) / apart;
}

function hasSpread(values: readonly number[], ids: Int32Array): boolean {
  const first = new Map<number, number>();
  return values.some((v, i) => {
    const other = first.get(ids[i]);
    if (other === undefined) first.set(ids[i], v);
    return other !== undefined && other !== v;
  });
}
