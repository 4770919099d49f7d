// What makes one correct implementation differ from another: how it sums, which form it writes, where it rounds. No arithmetic here.

export type SumRule = 'sequential' | 'lanes' | 'pairwise' | 'kahan';

export interface Style {
  readonly name: string;
  readonly line: string;
  readonly sum: SumRule;
  /** Mean and variance in one pass by Welford's recurrence, instead of two passes. */
  readonly welford: boolean;
  /** Everything in float64, rounded once at the end. */
  readonly wide: boolean;
  /** ((x − m)·r)·w + b; x·(r·w) + (b − m·r·w); (x − m)/√(v + eps)·w + b. */
  readonly output: 'textbook' | 'folded' | 'divided';
  /** r·(gw − mean − z·mean); a·gw + b·x + c as PyTorch expands it; through the gradients of mean and variance as autograd composes it. */
  readonly backward: 'textbook' | 'expanded' | 'composed';
  /** (1 − f)·old + f·new; old + f·(new − old). */
  readonly update: 'weighted' | 'lerp';
  /** Half precision: mean and variance are kept in the dtype of the input. */
  readonly narrowStatistics: boolean;
  /** Times eps: 1 in every correct style; another only to see that the judge is not blind. */
  readonly epsFactor: number;
}

const TEXTBOOK = {
  sum: 'lanes',
  welford: false,
  wide: false,
  output: 'textbook',
  backward: 'textbook',
  update: 'weighted',
  narrowStatistics: false,
  epsFactor: 1,
} as const;

export const STYLES: readonly Style[] = [
  {
    ...TEXTBOOK,
    name: 'welford',
    line: "Welford's recurrence, element by element; folded output",
    welford: true,
    sum: 'sequential',
    output: 'folded',
    update: 'lerp',
  },
  { ...TEXTBOOK, name: 'two-pass', line: 'two passes in eight lanes, textbook forms' },
  {
    ...TEXTBOOK,
    name: 'pairwise',
    line: 'pairwise sums, a division by the root, gradients as autograd composes them',
    sum: 'pairwise',
    output: 'divided',
    backward: 'composed',
  },
  { ...TEXTBOOK, name: 'kahan', line: 'compensated sums', sum: 'kahan', update: 'lerp' },
  {
    ...TEXTBOOK,
    name: 'sequential',
    line: 'one accumulator in the dtype; folded output, expanded gradient',
    sum: 'sequential',
    output: 'folded',
    backward: 'expanded',
  },
  { ...TEXTBOOK, name: 'float64 inside', line: 'float64 throughout, rounded at the end', wide: true },
  {
    ...TEXTBOOK,
    name: 'narrow statistics',
    line: 'mean and variance rounded to the dtype of the input before they are used',
    narrowStatistics: true,
  },
];

/** Whether a style is another one in this dtype: float64 inside is two-pass for float64, and narrow statistics need a half type. */
export function applies(style: Style, dtype: string): boolean {
  if (style.wide) return dtype !== 'float64';
  return !style.narrowStatistics || dtype === 'float16' || dtype === 'bfloat16';
}
