// The recipe of a layer: PyTorch's choices for a case, and the same with a subject's findings put in. Read from a report alone.

import type { Arguments, Case } from '../../../../cases/case.ts';
import type { Partition } from '../../diagnosis/model/partition.ts';
import type { Finding } from '../../finding.ts';

export interface Recipe {
  /** What goes into a statistic, and what is normalised with it. */
  readonly members: Partition;
  readonly users: Partition;
  readonly centredOutput: boolean;
  readonly centredVariance: boolean;
  readonly divisor: 'n' | 'n-1';
  readonly eps: number;
  readonly placement: string;
  readonly affine: string;
  readonly train: string;
  readonly eval: string;
  readonly rule: string;
  readonly momentum: number;
  readonly runningDivisor: 'n' | 'n-1';
  readonly tracksStd: boolean;
  readonly updatesInEval: boolean;
  readonly initialMean: number;
  readonly initialVariance: number;
  readonly detached: boolean;
}

/** PyTorch's recipe for the layer that a case makes, on inputs of `rank` axes; null for a case that makes none. */
export function torchRecipe(c: Case, rank: number): Recipe | null {
  const made = c.steps.find((step) => step.kind === 'construct');
  if (made?.kind !== 'construct') return null;
  const args = made.arguments;
  const members = partitionOf(made.layer, args, rank);
  const rms = made.layer === 'RMSNorm';
  return {
    members,
    users: members,
    centredOutput: !rms,
    centredVariance: !rms,
    divisor: 'n',
    eps: numberIn(args, 'eps') ?? (rms ? 2 ** -52 : 1e-5),
    placement: 'inside-sqrt',
    affine: 'weight*x+bias',
    train: 'batch',
    eval: made.layer.startsWith('BatchNorm') ? 'running' : 'batch',
    rule: 'new-weight',
    momentum: numberIn(args, 'momentum') ?? 0.1,
    runningDivisor: 'n-1',
    tracksStd: false,
    updatesInEval: false,
    initialMean: 0,
    initialVariance: 1,
    detached: false,
  };
}

/** The recipe with a subject's findings put in; null where one of them is no choice of numbers, such as which weights are shared. */
export function subjectRecipe(torch: Recipe, c: Case, rank: number, findings: readonly Finding[]): Recipe | null {
  const made = c.steps.find((step) => step.kind === 'construct');
  const given = made?.kind === 'construct' ? made.arguments : {};
  let recipe: Recipe | null = torch;
  for (const { convention, actual, level } of findings) {
    if (level === 'error' && recipe !== null) recipe = withFinding(recipe, convention, actual, given, rank);
  }
  return recipe;
}

// --- internal ---

function partitionOf(layer: string, args: Arguments, rank: number): Partition {
  const plain = (kept: number[]): Partition => ({ kind: 'axes', kept, groups: null });
  if (layer.startsWith('BatchNorm')) return plain([1]);
  if (layer.startsWith('InstanceNorm')) return plain([0, 1]);
  if (layer === 'GroupNorm') {
    return { kind: 'axes', kept: [0], groups: { count: numberIn(args, 'num_groups') ?? 1, layout: 'contiguous' } };
  }
  const size = args.normalized_shape;
  const trailing = size?.kind === 'list' ? size.items.length : 1;
  return plain(Array.from({ length: rank - trailing }, (_, axis) => axis));
}

function numberIn(args: Arguments, name: string): number | null {
  const value = args[name];
  return value?.kind === 'int' || value?.kind === 'float' ? value.value : null;
}

const LETTERS: Readonly<Record<number, string>> = { 2: 'NC', 3: 'NCL', 4: 'NCHW', 5: 'NCDHW' };

function withFinding(
  recipe: Recipe,
  convention: string,
  actual: string | number,
  given: Arguments,
  rank: number,
): Recipe | null {
  switch (convention) {
    case 'variance.normalization':
      return actual === 'unbiased' ? { ...recipe, divisor: 'n-1' } : { ...recipe, centredVariance: false };
    case 'mean.subtracted':
      return {
        ...recipe,
        centredOutput: actual === 'yes' || actual === 'from-output-only',
        centredVariance: actual === 'yes' || actual === 'from-variance-only',
      };
    case 'eps.value':
      return 'eps' in given ? recipe : { ...recipe, eps: Number(actual) };
    case 'eps.placement':
      return { ...recipe, placement: String(actual) };
    case 'variance.running':
      return { ...recipe, runningDivisor: actual === 'biased' ? 'n' : 'n-1' };
    case 'running.tracked':
      return { ...recipe, tracksStd: actual === 'std' };
    case 'momentum.rule':
      // A report has no word for the subject's own default; that it weighs as PyTorch's does is held against what was observed.
      return actual === 'old-weight' && !('momentum' in given)
        ? { ...recipe, rule: 'old-weight', momentum: 1 - recipe.momentum }
        : { ...recipe, rule: String(actual) };
    case 'momentum.default':
      return 'momentum' in given ? recipe : { ...recipe, momentum: Number(actual) };
    case 'running.update-in-eval':
      return { ...recipe, updatesInEval: actual === 'yes' };
    case 'running.initial':
      if (actual === 'variance-zero') return { ...recipe, initialVariance: 0 };
      return actual === 'swapped' ? { ...recipe, initialMean: 1, initialVariance: 0 } : null;
    case 'statistics.train':
      return { ...recipe, train: String(actual) };
    case 'statistics.eval':
      return { ...recipe, eval: String(actual) };
    case 'gradient.statistics':
      return { ...recipe, detached: actual === 'detached' };
    case 'affine.form':
      return { ...recipe, affine: String(actual) };
    case 'axes.reduction': {
      const letters = LETTERS[rank] ?? '';
      const reduced = actual === 'all' ? [...letters] : String(actual).split(',');
      if (reduced.some((letter) => !letters.includes(letter))) return null;
      return withMembers(recipe, {
        kind: 'axes',
        kept: [...letters].flatMap((letter, axis) => (reduced.includes(letter) ? [] : [axis])),
        groups: null,
      });
    }
    case 'groups.layout':
      if (recipe.members.kind !== 'axes' || recipe.members.groups === null) return null;
      return withMembers(recipe, {
        ...recipe.members,
        groups: { ...recipe.members.groups, layout: actual === 'interleaved' ? 'interleaved' : 'contiguous' },
      });
    case 'channel.axis': {
      if (recipe.members.kind !== 'axes') return null;
      const moved = (to: number): Partition =>
        recipe.members.kind === 'axes'
          ? { ...recipe.members, kept: recipe.members.kept.map((axis) => (axis === 1 ? to : axis)) }
          : recipe.members;
      if (actual === 'broadcast-last') return { ...recipe, users: moved(rank - 1) };
      return actual === '-1' || actual === '0' ? withMembers(recipe, moved(actual === '0' ? 0 : rank - 1)) : null;
    }
    case 'affine.shape':
      return null;
    default:
      return recipe; // conduct, layouts, graphs: nothing of the numbers
  }
}

const withMembers = (recipe: Recipe, members: Partition): Recipe => ({ ...recipe, members, users: members });
