// The group-norm kernels for half precision, over decoded memory, and the rounding of the statistics they keep. No checks.

import type { HalfDtype } from '../tensor/dtype.ts';
import { roundHalf } from '../tensor/half.ts';
import type { GroupKernels, Groups } from './group-norm-kernel.ts';
import { backwardHalfChannelsLast, normaliseHalfChannelsLast } from './half-group-norm-channels-last.ts';
import { backwardHalfGroups, type HalfGroups, normaliseHalfGroups } from './half-group-norm-kernel.ts';
import type { ComputeArray } from './rounding.ts';

/** `mixed`: the parameters are float32. The arrays given to these kernels must be float32; results are still to be rounded. */
export function halfGroupKernels(half: HalfDtype, mixed: boolean, channelsLast: boolean): GroupKernels {
  const own = (groups: Groups): HalfGroups => ({ ...groups, data: ofFloat32(groups.data), half, mixed });
  const normalise = channelsLast ? normaliseHalfChannelsLast : normaliseHalfGroups;
  const backward = channelsLast ? backwardHalfChannelsLast : backwardHalfGroups;
  return {
    normalise(groups, weight, bias, eps, y, into) {
      normalise(own(groups), weight && ofFloat32(weight), bias && ofFloat32(bias), eps, ofFloat32(y), into);
      if (mixed) return;
      for (const kept of [into.mean, into.rstd]) {
        for (let i = 0; i < kept.length; i++) kept[i] = roundHalf(kept[i], half);
      }
    },
    backward: (groups, g, statistics, weight) =>
      backward(own(groups), ofFloat32(g), statistics, weight && ofFloat32(weight)),
  };
}

// --- internal ---

function ofFloat32(values: ComputeArray): Float32Array {
  return values as Float32Array; // decoded half precision, or float32 parameters
}
