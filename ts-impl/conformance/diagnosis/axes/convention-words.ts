// An axis entry and its lesson as words: PyTorch's value for each layer, the other values with who has them, the example. It lays out nothing.

import type { Axis } from './axis.ts';
import type { Example } from './lesson.ts';
import { lessonOf } from './lessons.ts';
import { layerFor, type NormKind } from './norm-kind.ts';
import type { Target } from './target.ts';

export interface ValueWords {
  readonly value: string;
  readonly means: string;
  /** Libraries and texts that have it; null where none is known. */
  readonly who: string | null;
}

/** PyTorch's value for the layers that have one, those with the same value together. */
export function pytorchValues(axis: Axis): { readonly value: string; readonly kinds: readonly NormKind[] }[] {
  const byValue = new Map<string, NormKind[]>();
  for (const kind of KINDS) {
    const value = axis.pytorch(exampleTarget(kind));
    if (value === null) continue;
    const word = wordOf(axis.told?.(value) ?? value);
    byValue.set(word, [...(byValue.get(word) ?? []), kind]);
  }
  return [...byValue].map(([value, kinds]) => ({ value, kinds }));
}

/** Whether every layer has the value. */
export const isEveryKind = (kinds: readonly NormKind[]): boolean => kinds.length === KINDS.length;

/** The values of an axis with their meanings; numbers and sets that somebody has come after the values of the table. */
export function valueWords(axis: Axis): ValueWords[] {
  const { values } = lessonOf(axis.id);
  const listed = [...new Set([...axis.values, ...Object.keys(values)])];
  const seen = Object.entries(axis.who).filter(([value]) => !listed.includes(value));
  return [
    ...listed.map((value) => ({
      value: value === 'number' ? 'any number' : value,
      means: values[value] ?? '',
      who: axis.who[value] ?? null,
    })),
    ...seen.map(([value, who]) => ({
      value: wordOf(Number.isNaN(Number(value)) ? value : Number(value)),
      means: '',
      who,
    })),
  ];
}

export function levelWords({ level }: Axis): string {
  return typeof level === 'string' ? level : 'error or note, by what the code has';
}

/** The lines of an example: a value, whether it is PyTorch's for the layer of the example, and what comes under it. */
export function exampleRows(
  axis: Axis,
  example: Example,
): { readonly value: string; readonly isPytorchs: boolean; readonly gives: string }[] {
  const own = pytorchValues(axis)
    .filter(({ kinds }) => example.kind === 'words' || kinds.includes(example.layer))
    .map(({ value }) => value);
  return Object.entries(example.gives).map(([value, gives]) => ({
    value,
    isPytorchs: own.includes(value),
    gives: typeof gives === 'string' ? gives : `[${gives.join(', ')}]`,
  }));
}

export const sentence = (words: string): string => `${words[0].toUpperCase()}${words.slice(1)}.`;

// --- internal ---

const KINDS: readonly NormKind[] = ['BatchNorm', 'LayerNorm', 'InstanceNorm', 'GroupNorm', 'RMSNorm'];

/** The layer with default options on inputs (N, C, H, W), LayerNorm and RMSNorm over the last axis, GroupNorm with two groups. */
function exampleTarget(kind: NormKind): Target {
  return {
    kind,
    layer: layerFor(kind, 4),
    rank: 4,
    normalizedAxes: kind === 'LayerNorm' || kind === 'RMSNorm' ? 1 : 0,
    groups: kind === 'GroupNorm' ? 2 : null,
    tracked: kind === 'BatchNorm',
    affine: kind !== 'InstanceNorm',
    options: {},
  };
}

/** A power of ten as one writes it. */
function wordOf(value: string | number): string {
  if (typeof value === 'string') return value;
  if (value === 2 ** -52) return 'machine epsilon'; // of float64, in which layers are measured
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential().replace('e-0', 'e-') : String(value);
}
