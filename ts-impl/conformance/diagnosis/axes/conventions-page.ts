// The page docs/conventions.md, made from the axis entries so that it can't say anything else than they do. It returns Markdown.

import { AXES } from './axes.ts';
import type { Axis } from './axis.ts';
import type { NormKind } from './norm-kind.ts';
import { layerFor } from './norm-kind.ts';
import type { Target } from './target.ts';

/** All conventions: what each is about, its values, PyTorch's value for each kind of layer, and what separates the values. */
export function renderConventionsPage(): string {
  const parts = AXES.map((axis) => {
    const level = typeof axis.level === 'string' ? axis.level : 'error where the code has a constant, else note';
    const values = axis.values.map((v) => (v === 'number' ? 'any number' : `\`${v}\``)).join(', ');
    return [
      `## ${axis.id}`,
      '',
      `${sentence(axis.about)} Level: ${level}.`,
      '',
      `- PyTorch: ${pytorchWords(axis)}`,
      `- Values: ${values}`,
      `- Told apart by ${axis.separatedBy}.`,
      '',
    ].join('\n');
  });
  return `${HEAD}\n${parts.join('\n')}`;
}

// --- internal ---

const HEAD = `# Conventions

A normalisation layer is a choice on each of the axes below; PyTorch is one point in that space. \`normative audit\` measures where an
implementation stands and names each axis on which it is elsewhere, in these words. This page is made from the axis entries in
\`ts-impl/conformance/diagnosis/axes\` (\`npm test -- test/conformance/diagnosis/axes -u\` writes it anew).
`;

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

function pytorchWords(axis: Axis): string {
  const byValue = new Map<string, NormKind[]>();
  for (const kind of KINDS) {
    const value = axis.pytorch(exampleTarget(kind));
    if (value === null) continue;
    const word = String(axis.told?.(value) ?? value);
    byValue.set(word, [...(byValue.get(word) ?? []), kind]);
  }
  if (byValue.size === 1) {
    const [[value, kinds]] = [...byValue];
    return kinds.length === KINDS.length ? `\`${value}\`` : `\`${value}\` (${kinds.join(', ')})`;
  }
  return [...byValue].map(([value, kinds]) => `${kinds.join(', ')} \`${value}\``).join('; ');
}

function sentence(words: string): string {
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}
