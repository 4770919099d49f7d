// What the figures of the corpus must reach. They are goals, not measurements.

import type { Figures } from './score.ts';

export interface Goals {
  readonly recall: number;
  readonly precision: number;
  readonly exactShare: number;
  readonly falseErrors: number;
}

export const GOALS: Goals = { recall: 0.98, precision: 0.99, exactShare: 0.95, falseErrors: 0 };

/** NaN, the share of nothing, meets no goal. */
export function meets(figures: Figures, goals: Goals): boolean {
  return (
    figures.recall >= goals.recall &&
    figures.precision >= goals.precision &&
    figures.exactShare >= goals.exactShare &&
    figures.falseErrors <= goals.falseErrors
  );
}
