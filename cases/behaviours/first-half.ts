// B-001 to B-110: construction, shapes, training and modes.

import type { Behaviour } from './behaviour.ts';
import { CONSTRUCTION } from './construction.ts';
import { BATCH_NORM_TRAINING } from './batch-norm-training.ts';

export const FIRST_HALF: readonly Behaviour[] = [...CONSTRUCTION, ...BATCH_NORM_TRAINING];
