// A point of the space of conventions: a layer and up to three departures that can be seen beside each other. It writes no source.

import type { Draw } from '../../../cases/counter.ts';
import type { Departures } from '../read-corpus.ts';

export type Kind = 'batch' | 'instance' | 'layer' | 'group' | 'rms';

export interface Point {
  readonly kind: Kind;
  readonly layer: string;
  /** Of the input; 4 for what runs on any. */
  readonly rank: number;
  readonly departures: Departures;
  /** How many trailing axes LayerNorm and RMSNorm run over. */
  readonly trailing: number;
}

/** Up to `most` departures; fewer where what was drawn does not go together. */
export function drawPoint(draw: Draw, most = 3): Point {
  const kind = draw.pick<Kind>(['batch', 'batch', 'batch', 'instance', 'layer', 'layer', 'group', 'rms']);
  const dimensions = kind === 'batch' || kind === 'instance' ? draw.between(1, 3) : 0;
  const rank = kind === 'batch' && dimensions === 1 ? draw.pick([2, 2, 3]) : dimensions === 0 ? 4 : dimensions + 2;
  const wanted = Math.min(most, draw.pick([0, 1, 1, 1, 2, 2, 2, 3, 3, 3]));
  const trailing = (kind === 'layer' || kind === 'rms') && draw.chance(1, 4) ? draw.between(2, 3) : 1;
  const departures: Record<string, string | number> = {};
  const menu = MENUS[kind].filter(([axis, value]) => fits(axis, value, kind, rank, trailing));
  for (let tries = 0; tries < 24 && Object.keys(departures).length < wanted; tries++) {
    const [axis, values] = draw.pick(menu);
    const value = draw.pick(values);
    if (!fits(axis, [value], kind, rank, trailing)) continue;
    const next = { ...departures, [axis]: value, ...impliedBy(kind, axis, value) };
    if (axis in departures || Object.keys(next).length > wanted || !goTogether(next)) continue;
    Object.assign(departures, next);
  }
  // Where eps is the rounding unit its place can't be seen.
  if (kind === 'rms' && departures['eps.placement'] !== 'absent' && !('eps.value' in departures))
    delete departures['eps.placement'];
  return { kind, layer: layerOf(kind, dimensions), rank, departures, trailing };
}

// --- internal ---

type Menu = readonly (readonly [axis: string, values: readonly (string | number)[]])[];

const NUMBERS: Menu = [
  ['variance.normalization', ['unbiased']],
  ['variance.normalization', ['unbiased']],
  ['eps.value', [1e-3, 1e-4, 3e-4, 1e-6, 1e-8, 2e-5, 1e-12, 0.01]],
  ['eps.value', [1e-3, 1e-6]],
  ['eps.placement', ['outside-sqrt', 'outside-sqrt', 'max', 'absent', 'squared']],
  ['mean.subtracted', ['no', 'from-output-only', 'from-variance-only']],
  ['variance.algorithm', ['one-pass', 'one-pass-clamped']],
  ['gradient.statistics', ['detached']],
  [
    'affine.form',
    ['one-plus-weight', 'bias-before-weight', 'weight-only', 'bias-only', 'none', 'ignored', 'forced-one'],
  ],
  ['weight.initial', ['zeros', 'uniform']],
  ['input.mutated', ['yes']],
  ['input.layout', ['contiguous-only']],
];

const RUNNING: Menu = [
  ['variance.running', ['biased']],
  ['variance.running', ['biased']],
  [
    'momentum.rule',
    ['old-weight', 'old-weight', 'cumulative', 'zero-debiased', 'first-step-copies', 'overwritten', 'never-updated'],
  ],
  ['momentum.rule', ['old-weight']],
  ['momentum.default', [0.01, 0.03, 0.25, 0.5, 0.003]],
  ['running.tracked', ['std', 'inverse-std']],
  ['running.initial', ['variance-zero', 'swapped']],
];

const MENUS: Readonly<Record<Kind, Menu>> = {
  batch: [
    ...NUMBERS,
    ...RUNNING,
    ['running.update-in-eval', ['yes']],
    ['running.gradient', ['attached']],
    ['running.gradient', ['attached']],
    ['statistics.train', ['running-after-update', 'running-before-update']],
    ['statistics.eval', ['batch']],
    ['statistics.untracked-eval', ['running-initial', 'raises']],
    ['axes.reduction', ['all', 'N', 'C', 'H,W', 'C,H,W', 'L', 'C,L', 'N,H', 'D,H,W', 'H,W', 'C,D,H,W', 'N,H,W']],
    ['channel.axis', ['-1', 'broadcast-last', 'flattened', '0']],
    ['affine.shape', ['scalar', 'last-axis']],
  ],
  instance: [
    ...NUMBERS,
    ...RUNNING.slice(0, 5),
    ['axes.reduction', ['C', 'N,H,W', 'H', 'W', 'C,H,W', 'N,L', 'C,L', 'H,W', 'D', 'N,D,H,W']],
    ['affine.shape', ['scalar']],
  ],
  layer: [
    ...NUMBERS,
    ['affine.shape', ['scalar', 'C']],
    ['axes.reduction', ['C', 'C,H,W', 'H,W']],
    ['precision.affine', ['after-rounding']],
  ],
  group: [
    ...NUMBERS,
    ['groups.layout', ['interleaved']],
    ['groups.layout', ['interleaved']],
    ['affine.shape', ['G', 'scalar']],
    ['precision.affine', ['after-rounding']],
  ],
  rms: [
    ['eps.value', [1e-5, 1e-6, 1e-8, 1e-3, 3e-4]],
    ['eps.value', [1e-5, 1e-6, 1e-8, 1e-3, 3e-4]],
    ['eps.placement', ['outside-sqrt', 'max', 'absent', 'squared']],
    ['mean.subtracted', ['yes', 'from-variance-only', 'from-output-only']],
    ['affine.form', ['one-plus-weight', 'weight*x+bias', 'none', 'ignored']],
    ['affine.shape', ['scalar']],
    ['gradient.statistics', ['detached']],
    ['weight.initial', ['zeros', 'uniform']],
    ['input.layout', ['contiguous-only']],
    ['precision.affine', ['after-rounding']],
    ['precision.affine', ['after-rounding']],
  ],
};

function layerOf(kind: Kind, dimensions: number): string {
  const plain = {
    layer: 'LayerNorm',
    group: 'GroupNorm',
    rms: 'RMSNorm',
    batch: 'BatchNorm',
    instance: 'InstanceNorm',
  };
  return dimensions === 0 ? plain[kind] : `${plain[kind]}${dimensions}d`;
}

/** Whether some of the values have a meaning for inputs of that rank. */
function fits(axis: string, values: readonly (string | number)[], kind: Kind, rank: number, trailing: number): boolean {
  return values.some((value) => {
    if (axis === 'axes.reduction') return reductionFits(String(value), kind, rank, trailing);
    if (axis === 'channel.axis') return rank >= 3;
    if (axis === 'affine.shape') return value !== 'last-axis' || rank >= 3 ? trailing === 1 : false;
    if (axis === 'input.layout') return !((kind === 'batch' || kind === 'instance') && rank <= 3);
    if (axis === 'affine.form') return !(kind === 'instance' && value === 'none');
    return true;
  });
}

function reductionFits(value: string, kind: Kind, rank: number, trailing: number): boolean {
  const letters = LETTERS[rank];
  const wanted = value === 'all' ? [] : value.split(',');
  if (!wanted.every((letter) => letters.includes(letter))) return false;
  const plain = {
    batch: plainBatch(letters),
    instance: letters.slice(2),
    layer: letters.slice(-1),
    group: '',
    rms: '',
  }[kind];
  if (kind === 'layer') return trailing === 1;
  return value === 'all' ? rank > 2 : wanted.join('') !== plain;
}

const plainBatch = (letters: string) => `N${letters.slice(2)}`;

export const LETTERS: Readonly<Record<number, string>> = { 2: 'NC', 3: 'NCL', 4: 'NCHW', 5: 'NCDHW' };

/** Departures that can't be written without another. */
function impliedBy(kind: Kind, axis: string, value: string | number): Departures {
  const stateless = kind === 'batch' && ((axis === 'axes.reduction' && value !== 'all') || axis === 'mean.subtracted');
  if (stateless) return { 'statistics.eval': 'batch' };
  return kind === 'layer' && axis === 'axes.reduction' && value === 'C' ? { 'affine.shape': 'C' } : {};
}

/** Departures of which one hides or implies the other, or which no one line of code can have at once. */
const APART: readonly (readonly [RegExp, RegExp])[] = [
  [/^statistics\.eval/, /^(running|momentum|variance\.running|statistics\.(train|untracked))/],
  [
    /^statistics\.train/,
    /^(variance\.(normalization|algorithm)|gradient|mean\.sub|running\.(update|tracked|initial)|momentum\.rule: (?!old)|input|axes|channel|statistics\.un)/,
  ],
  [/^mean\.subtracted: (no|from-output)/, /^variance\.(normalization|algorithm)/],
  [/^mean\.subtracted/, /^(variance\.algorithm|input\.mutated)/],
  [/^eps\.placement: absent/, /^(eps\.value|variance\.algorithm|running\.initial)/],
  [/^eps\.placement/, /^running\.tracked: inverse/],
  [/^eps\.placement: (max|outside|squared)/, /^variance\.algorithm: one-pass$/],
  [/^eps\.placement: (max|squared)/, /^running\.tracked/],
  [/^momentum\.default/, /^momentum\.rule/],
  [/^momentum\.rule: never/, /^(variance\.running|running|axes)/],
  [/^momentum\.rule: (overwritten|cumulative|zero|first)/, /^running\.(initial|tracked|gradient|update)/],
  [/^running\.tracked/, /^running\.(initial|update|gradient)/],
  [/^running\.gradient/, /^(gradient|input\.mutated|running\.update|statistics\.un)/],
  [/^statistics\.untracked/, /^(axes|channel|input|gradient|momentum\.rule: (?!old)|running)/],
  [/^axes\.reduction/, /^(channel|input|affine\.shape: last|running)/],
  [/^axes\.reduction: (?!all)/, /^(momentum|variance\.running)/],
  [/^mean\.subtracted/, /^(momentum|variance\.running|running)/],
  [/^eps\.placement: (?!inside)/, /^eps\.value: 1e-(12|8)/],
  [/^eps\.placement: squared/, /^eps\.value: 0\.000001/],
  [/^axes\.reduction: (?!C$)/, /^affine\.shape: C/],
  [/^axes\.reduction: all/, /^(variance\.algorithm|momentum\.rule)/],
  [/^channel\.axis/, /^(affine\.shape|input)/],
  [/^affine\.form/, /^(affine\.shape|weight\.initial|precision\.affine)/],
  [/^input\.layout/, /^(affine\.shape: (?!scalar)|input\.mutated|groups)/],
  [/^input\.mutated/, /^(gradient|groups|precision|running\.gradient|affine\.shape: C|axes)/],
  [/^precision/, /^(input|variance\.algorithm|gradient|affine\.shape|axes)/],
  [/^groups/, /^affine\.shape: G/],
  [/^weight\.initial: uniform/, /^affine\.shape: scalar/],
];

export function goTogether(departures: Departures): boolean {
  const said = Object.entries(departures).map(([axis, value]) => `${axis}: ${value}`);
  return !APART.some(([a, b]) =>
    said.some((one) => a.test(one) && said.some((other) => other !== one && b.test(other))),
  );
}
