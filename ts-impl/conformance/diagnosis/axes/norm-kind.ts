// Which PyTorch norm a name speaks of. A hint, never a verdict.

import type { LayerName } from '../../../../cases/case.ts';

export type NormKind = 'BatchNorm' | 'LayerNorm' | 'InstanceNorm' | 'GroupNorm' | 'RMSNorm';

const WORDS: readonly (readonly [RegExp, NormKind])[] = [
  [/rms_?norm/i, 'RMSNorm'],
  [/batch_?norm/i, 'BatchNorm'],
  [/layer_?norm/i, 'LayerNorm'],
  [/instance_?norm/i, 'InstanceNorm'],
  [/group_?norm/i, 'GroupNorm'],
];

/** The kind whose words the name contains; null for none. */
export function kindFromName(name: string): NormKind | null {
  return WORDS.find(([word]) => word.test(name))?.[1] ?? null;
}

/** The rank of a batched input that "1d", "2d" or "3d" in a name speaks of; null for none. */
export function rankFromName(name: string): number | null {
  const digit = /([123])_?d/i.exec(name)?.[1];
  return digit === undefined ? null : Number(digit) + 2;
}

/** PyTorch's class for a kind on inputs of a rank. */
export function layerFor(kind: NormKind, rank: number): LayerName {
  if (kind === 'LayerNorm' || kind === 'GroupNorm' || kind === 'RMSNorm') return kind;
  const dimensions = Math.min(3, Math.max(1, rank - 2)) as 1 | 2 | 3; // clamped to the classes that exist
  return `${kind}${dimensions}d`;
}
