// B-111 to B-222: degenerate sizes, eps, gradients, numerics, memory formats and state dicts.

import { AFFINE } from './affine.ts';
import { BACKWARD } from './backward.ts';
import { BACKWARD_PRECISION } from './backward-precision.ts';
import type { Behaviour } from './behaviour.ts';
import { BITS } from './bits.ts';
import { CANCELLATION } from './cancellation.ts';
import { DEGENERATE } from './degenerate.ts';
import { DOUBLE_BACKWARD } from './double-backward.ts';
import { DTYPES } from './dtypes.ts';
import { EMPTY } from './empty.ts';
import { EPS } from './eps.ts';
import { EQUIVALENCES } from './equivalences.ts';
import { EXTRAS } from './extras.ts';
import { GRADIENTS } from './gradients.ts';
import { HALF_PRECISION } from './half-precision.ts';
import { MEMORY_FORMAT } from './memory-format.ts';
import { SAMPLE_SHAPES } from './samples.ts';
import { SPECIAL_VALUES } from './special-values.ts';
import { STATE_DICTS } from './state-dicts.ts';

export const SECOND_HALF: readonly Behaviour[] = [
  ...DEGENERATE,
  ...EMPTY,
  ...EPS,
  ...AFFINE,
  ...EQUIVALENCES,
  ...GRADIENTS,
  ...BACKWARD,
  ...DOUBLE_BACKWARD,
  ...BACKWARD_PRECISION,
  ...BITS,
  ...CANCELLATION,
  ...SPECIAL_VALUES,
  ...HALF_PRECISION,
  ...DTYPES,
  ...MEMORY_FORMAT,
  ...STATE_DICTS,
  ...SAMPLE_SHAPES,
  ...EXTRAS,
].toSorted((a, b) => (a.id < b.id ? -1 : 1));
