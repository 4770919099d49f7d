// B-001 to B-110: construction, shapes, training and modes.

import { BATCH_NORM_TRAINING } from './batch-norm-training.ts';
import type { Behaviour } from './behaviour.ts';
import { CONSTRUCTION } from './construction.ts';
import { MODES } from './modes.ts';
import { RANKS } from './ranks.ts';
import { SINGLE_VALUES } from './single-values.ts';
import { SIZES } from './sizes.ts';

export const FIRST_HALF: readonly Behaviour[] = [
  ...CONSTRUCTION,
  ...RANKS,
  ...SIZES,
  ...BATCH_NORM_TRAINING,
  ...MODES,
  ...SINGLE_VALUES,
];
