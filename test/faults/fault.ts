// A seeded fault: a saboteur that departs from PyTorch on named axes, at the layers where the departure makes sense.

import type { LayerName } from '../../cases/case.ts';
import type { Saboteur } from '../saboteurs/saboteur.ts';

export interface Fault extends Saboteur {
  /** The axis and value of the table of conventions, or of each part of a combination. */
  readonly departs: readonly string[];
  readonly layers: readonly LayerName[];
}

export const BATCH = ['BatchNorm1d', 'BatchNorm2d', 'BatchNorm3d'] as const;
export const INSTANCE = ['InstanceNorm1d', 'InstanceNorm2d', 'InstanceNorm3d'] as const;
export const RUNNING: readonly LayerName[] = [...BATCH, ...INSTANCE];
export const CENTRED: readonly LayerName[] = [...RUNNING, 'LayerNorm', 'GroupNorm'];
export const ALL: readonly LayerName[] = [...CENTRED, 'RMSNorm'];
