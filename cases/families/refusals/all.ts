// Every refusal in one list: the one family whose cases PyTorch does not take.

import type { Row } from '../row.ts';
import { BATCH_NORM_OPTION_REFUSALS } from './batch-norm-options.ts';
import { BATCH_NORM_SHAPE_REFUSALS } from './batch-norm-shapes.ts';
import { GROUP_NORM_REFUSALS } from './group-norm.ts';
import { HALF_REFUSALS } from './half.ts';
import { INSTANCE_NORM_REFUSALS } from './instance-norm.ts';
import { LAYER_NORM_REFUSALS } from './layer-norm.ts';
import { STATE_REFUSALS } from './state.ts';

export const REFUSALS: readonly Row[] = [
  ...BATCH_NORM_SHAPE_REFUSALS,
  ...BATCH_NORM_OPTION_REFUSALS,
  ...INSTANCE_NORM_REFUSALS,
  ...LAYER_NORM_REFUSALS,
  ...GROUP_NORM_REFUSALS,
  ...STATE_REFUSALS,
  ...HALF_REFUSALS,
];
