// B-111 to B-222: degenerate sizes, eps, gradients, numerics, memory formats and state dicts.

import type { Behaviour } from './behaviour.ts';

export const SECOND_HALF: readonly Behaviour[] = [];
