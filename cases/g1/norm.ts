// What kind of normalisation a layer or function is, and the ranks it takes. No choices, no values.

import { FUNCTIONS, type FunctionName, LAYERS, type LayerName } from '../case.ts';

export type Norm = 'batch' | 'instance' | 'layer' | 'group' | 'rms';
export type Subject = LayerName | FunctionName;

export const SUBJECTS: readonly Subject[] = [...LAYERS, ...FUNCTIONS];

/** One rank that a layer takes. `batched` false: the input has no batch axis (InstanceNorm alone). */
export interface Rank {
  readonly rank: number;
  readonly batched: boolean;
}

export function normOf(subject: Subject): Norm {
  switch (subject) {
    case 'BatchNorm1d':
    case 'BatchNorm2d':
    case 'BatchNorm3d':
    case 'batch_norm':
      return 'batch';
    case 'InstanceNorm1d':
    case 'InstanceNorm2d':
    case 'InstanceNorm3d':
    case 'instance_norm':
      return 'instance';
    case 'LayerNorm':
    case 'layer_norm':
      return 'layer';
    case 'GroupNorm':
    case 'group_norm':
      return 'group';
    case 'RMSNorm':
    case 'rms_norm':
      return 'rms';
    default:
      return subject satisfies never;
  }
}

export function isFunction(subject: Subject): subject is FunctionName {
  return (FUNCTIONS as readonly string[]).includes(subject);
}

/** True for the norms whose layers may keep running statistics. */
export function mayTrack(norm: Norm): boolean {
  return norm === 'batch' || norm === 'instance';
}

export function ranksOf(subject: Subject): readonly Rank[] {
  switch (subject) {
    case 'BatchNorm1d':
      return batched(2, 3);
    case 'BatchNorm2d':
      return batched(4, 4);
    case 'BatchNorm3d':
      return batched(5, 5);
    case 'batch_norm':
      return batched(2, 6);
    case 'InstanceNorm1d':
      return [{ rank: 2, batched: false }, ...batched(3, 3)];
    case 'InstanceNorm2d':
      return [{ rank: 3, batched: false }, ...batched(4, 4)];
    case 'InstanceNorm3d':
      return [{ rank: 4, batched: false }, ...batched(5, 5)];
    case 'instance_norm':
      return batched(3, 5);
    case 'LayerNorm':
    case 'layer_norm':
    case 'RMSNorm':
    case 'rms_norm':
      return batched(1, 5);
    case 'GroupNorm':
    case 'group_norm':
      return batched(2, 6);
    default:
      return subject satisfies never;
  }
}

// --- internal ---

function batched(from: number, to: number): readonly Rank[] {
  return Array.from({ length: to - from + 1 }, (_, k) => ({ rank: from + k, batched: true }));
}
