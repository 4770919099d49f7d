// What a departure costs, in numbers: how far apart the models with and without it come at two sizes, told in one sentence. Only models are asked.

import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Departure } from '../axes/axes.ts';
import type { Target } from '../axes/target.ts';
import { noise } from '../measure/noise.ts';
import { resultsOf, toFloat64 } from '../measure/specimen.ts';
import type { Stance } from '../measure/stance.ts';
import { askModel } from '../model/model-subject.ts';
import { withGroups, withoutDeparture } from './separate.ts';
import { type Act, caseOfSketch, isLegal, type Sketch } from './sketch.ts';
import { type Dictionary, toSpecimen } from './translate.ts';

/** One sentence, or the empty string where models don't speak of the departure or nothing of it shows on ordinary inputs. */
export function consequenceOf(departure: Departure, target: Target, dictionary: Dictionary): string {
  if (departure.axis.apply === null) return '';
  const settings = settingsFor(departure, target, dictionary);
  const seen = settings.flatMap((setting) => {
    const gap = gapAt(setting.sketch, departure, dictionary);
    return gap === null ? [] : [{ ...gap, where: setting.where }];
  });
  if (seen.length === 0) return '';
  const worst = seen.reduce((a, b) => (b.share > a.share ? b : a));
  if (!(worst.share > LEAST)) return '';
  const noun = NOUNS[worst.what];
  const told = seen.filter((gap) => gap.what === worst.what || gap.share === 0);
  const parts = told.map(({ share, where }) => `${percent(share)} ${where}`);
  return `${noun} differ by up to ${parts.join(', ')}.`;
}

// --- internal ---

/** Less than this is rounding. */
const LEAST = 1e-9;

const NOUNS = {
  output: 'Outputs',
  running: 'Running statistics',
  gradient: 'Input gradients',
} as const;

interface Setting {
  readonly sketch: Sketch;
  /** In words that follow a percentage. */
  readonly where: string;
}

/** Two settings that tell what a departure costs: few and many values, a wide and a narrow spread, or one and ten steps. */
function settingsFor({ axis }: Departure, target: Target, { stance, profile }: Dictionary): Setting[] {
  // A rule is what an argument means: the same number is given to both.
  const byArgument = axis.id === 'momentum.rule' && (profile.running?.argument ?? null) !== null;
  const make = (shape: Shape, sigma: number, steps: number): Sketch => ({
    target: shapedTarget(target, stance),
    dtype: 'float64',
    shape,
    options: byArgument ? { momentum: 0.1 } : {},
    set: {},
    acts: actsOf(shape, sigma, steps, axis.shownBy?.tensors ?? null),
  });
  const at = (n: number) => sizedShape(n, target, stance);
  // Where the channels are given, not every size of a group can be had.
  const reached = (n: number) =>
    target.kind === 'GroupNorm' && stance.groups === null ? sizeOf(at(n).slice(1)) / (target.groups ?? 1) : n;
  const settings: Setting[] = axis.id.startsWith('eps.')
    ? [1, 1e-3].map((sigma) => ({ sketch: make(at(64), sigma, 1), where: `at a standard deviation of ${sigma}` }))
    : axis.id.startsWith('momentum.')
      ? [1, 10].map((steps) => ({
          sketch: make(at(64), 1, steps),
          where: `after ${steps} training step${steps === 1 ? '' : 's'}${byArgument ? ' with momentum 0.1' : ''}`,
        }))
      : [4, 64].map((n) => ({ sketch: make(at(n), 1, 1), where: `${whereOf(target)} ${reached(n)}` }));
  const legal = settings.filter(({ sketch }) => isLegal(sketch, stance, profile));
  if (legal.length > 0) return legal;
  return [{ sketch: make(stance.shape, 1, 1), where: `on inputs of ${stance.shape.join('×')}` }].filter(({ sketch }) =>
    isLegal(sketch, stance, profile),
  );
}

const whereOf = ({ kind }: Target): string => {
  switch (kind) {
    case 'BatchNorm':
      return 'at batch size';
    case 'LayerNorm':
    case 'RMSNorm':
      return 'at a normalised size of';
    case 'InstanceNorm':
      return 'at a plane of';
    case 'GroupNorm':
      return 'at a group size of';
    default:
      return kind satisfies never;
  }
};

/** Groups of two where their number is an argument; as they are where it is not. */
function shapedTarget(target: Target, stance: Stance): Target {
  return target.groups === null || stance.groups === null ? target : { ...target, groups: 2 };
}

/** A shape with `n` values a statistic, as PyTorch takes them. */
function sizedShape(n: number, target: Target, stance: Stance): Shape {
  const rank = stance.shape.length;
  const ones = new Array<number>(Math.max(0, rank - 2)).fill(1);
  const lastOnly = (size: number) => ones.map((one, i) => (i === ones.length - 1 ? size : one));
  switch (target.kind) {
    case 'BatchNorm':
      return [n, 2, ...ones];
    case 'InstanceNorm':
      return [2, 2, ...lastOnly(n)];
    case 'GroupNorm': {
      const groups = shapedTarget(target, stance).groups ?? 1;
      if (stance.groups === null)
        return [2, stance.shape[1], ...lastOnly(Math.max(1, Math.floor((n * groups) / stance.shape[1])))];
      return [2, groups * 2, ...lastOnly(n / 2)];
    }
    case 'LayerNorm':
    case 'RMSNorm':
      if (stance.sizeAxis === 1) return [2, 2, ...lastOnly(n / 2)];
      return [...new Array<number>(rank - 1).fill(2).map((size, axis) => (axis === 0 ? size : 1)), n];
    default:
      return target.kind satisfies never;
  }
}

function actsOf(shape: Shape, sigma: number, steps: number, tensors: RegExp | null): Act[] {
  const values = (seed: number) => normal(seed, sizeOf(shape)).map((v) => 2 + sigma * v);
  const train = (seed: number): Act => ({ kind: 'forward', mode: 'train', values: values(seed) });
  if (tensors?.test('input.grad') && !tensors.test('output'))
    return [train(1), { kind: 'backward', values: normal(2, sizeOf(shape)) }];
  const trained = Array.from({ length: steps }, (_, i) => train(1 + i));
  return [...trained, { kind: 'read' }, { kind: 'forward', mode: 'eval', values: values(40) }, { kind: 'read' }];
}

/** Numbers with mean 0 and standard deviation 1, exactly so over all of them. */
function normal(seed: number, size: number): number[] {
  const raw = [...noise(700 + seed, size)];
  const mean = raw.reduce((a, b) => a + b, 0) / size;
  const sigma = Math.sqrt(raw.reduce((sum, v) => sum + (v - mean) ** 2, 0) / size) || 1;
  return raw.map((v) => (v - mean) / sigma);
}

interface Gap {
  readonly what: keyof typeof NOUNS;
  /** Of the largest number of the tensor. */
  readonly share: number;
}

/** The largest gap between the model with a departure and the one without it, in what it shows in; null where they can't be asked. */
function gapAt(sketch: Sketch, departure: Departure, dictionary: Dictionary): Gap | null {
  const asked = toSpecimen(caseOfSketch(sketch), dictionary);
  if (asked === null) return null;
  const own = withGroups(dictionary.profile, sketch.target);
  const whole = resultsOf(askModel(own, asked));
  const without = resultsOf(askModel(withoutDeparture(own, departure, sketch.target), asked));
  let worst: Gap | null = null;
  whole.forEach((result, step) => {
    const other = without[step];
    if (result.kind !== 'returned' || other?.kind !== 'returned') return;
    for (const { name, tensor } of result.tensors) {
      const twin = other.tensors.find((t) => t.name === name)?.tensor;
      const torch = [...dictionary.names].find(([, its]) => its === name)?.[0] ?? name;
      if (twin === undefined || !(departure.axis.shownBy?.tensors.test(torch) ?? true)) continue;
      const what = torch.endsWith('.grad') ? 'gradient' : torch === 'output' ? 'output' : 'running';
      const share = gapOf(toFloat64(tensor), toFloat64(twin));
      if (worst === null || share > worst.share) worst = { what, share };
    }
  });
  return worst;
}

function gapOf(a: Float64Array, b: Float64Array): number {
  if (a.length !== b.length) return Number.NaN;
  const size = b.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-300);
  return a.reduce((gap, v, i) => Math.max(gap, Math.abs(v - b[i])), 0) / size;
}

/** Two digits of a percentage; what is many times as large as a factor. */
function percent(share: number): string {
  if (Number.isNaN(share)) return 'NaN';
  if (share >= 10) return `${Number(share.toPrecision(2))} times their size`;
  if (share < LEAST) return '0 %';
  return `${Number((100 * share).toPrecision(2))} %`;
}
