// B-111 to B-222: degenerate sizes, eps, gradients, numerics, memory formats and state dicts.

import { AFFINE } from './affine.ts';
import type { Behaviour } from './behaviour.ts';
import { DEGENERATE } from './degenerate.ts';
import { EMPTY } from './empty.ts';
import { EPS } from './eps.ts';

export const SECOND_HALF: readonly Behaviour[] = [...DEGENERATE, ...EMPTY, ...EPS, ...AFFINE];
