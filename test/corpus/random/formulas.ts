// Python for mean, variance, denominator and affine map, each in one of several spellings. It knows no class around them.

import type { Draw } from '../../../cases/counter.ts';
import type { Departures } from '../read-corpus.ts';
import type { Geometry } from './layout.ts';
import type { Point } from './point.ts';

/** Lines that define `mean` and `var`. */
export function drawMoments(draw: Draw, { kind, departures }: Point, geometry: Geometry): readonly string[] {
  const { dims, keep, count, wide } = geometry;
  const detached = departures['gradient.statistics'] === 'detached';
  const how = detached ? draw.pick(['data', 'block', 'after']) : 'plain';
  const z = how === 'data' ? `${geometry.z}.detach()` : geometry.z;
  const over = dims === null ? '' : `${dims}${keep ? ', keepdim=True' : ''}`;
  const reduce = (value: string, by: string) => `${value}.${by}(${over})`;
  const lines = momentLines(draw, kind, departures, { z, over, count, wide, reduce });
  if (how === 'block') return ['with torch.no_grad():', ...lines.map((line) => `    ${line}`)];
  const both = /(^|, )mean\b.* = /.test(lines[0]);
  const after = both ? 'mean, var = mean.detach(), var.detach()' : 'var = var.detach()';
  return how === 'after' ? [...lines, after] : lines;
}

/** Python for the numerator over the denominator, `numerator` given. */
export function drawQuotient(
  draw: Draw,
  departures: Departures,
  numerator: string,
  variance: string,
  eps: string,
): string {
  switch (departures['eps.placement']) {
    case 'outside-sqrt':
      return draw.pick([
        `${numerator} / (torch.sqrt(${variance}) + ${eps})`,
        `${numerator} / (${variance} ** 0.5 + ${eps})`,
      ]);
    case 'max':
      return draw.pick([
        `${numerator} / torch.sqrt(${variance}).clamp(min=${eps})`,
        `${numerator} / torch.clamp_min(${variance} ** 0.5, ${eps})`,
      ]);
    case 'absent':
      return draw.pick([
        `${numerator} / torch.sqrt(${variance})`,
        `${numerator} * ${variance} ** -0.5`,
        `${numerator} / ${variance}.sqrt()`,
      ]);
    case 'squared':
      return draw.pick([
        `${numerator} / torch.sqrt(${variance} + ${eps} ** 2)`,
        `${numerator} * torch.rsqrt(${variance} + ${eps} * ${eps})`,
      ]);
    default:
      return draw.pick([
        `${numerator} / torch.sqrt(${variance} + ${eps})`,
        `${numerator} * torch.rsqrt(${variance} + ${eps})`,
        `${numerator} / (${variance} + ${eps}).sqrt()`,
        `${numerator} * (${variance} + ${eps}) ** -0.5`,
        `torch.div(${numerator}, (${variance} + ${eps}) ** 0.5)`,
      ]);
  }
}

/** Python for the affine map of `y`; `weight` and `bias` are as broad as it, or null where the subject has none. */
export function drawAffine(draw: Draw, form: string, y: string, weight: string | null, bias: string | null): string {
  if (form === 'ignored' || form === 'none') return y;
  if (form === 'bias-before-weight' && weight !== null && bias !== null) return `(${y} + ${bias}) * ${weight}`;
  const factor = form === 'one-plus-weight' ? `(1 + ${weight})` : weight;
  if (weight === null || factor === null || form === 'forced-one') return bias === null ? y : `${y} + ${bias}`;
  if (bias === null) return draw.pick([`${y} * ${factor}`, `${factor} * ${y}`]);
  return draw.pick([
    `${y} * ${factor} + ${bias}`,
    `${factor} * ${y} + ${bias}`,
    `torch.addcmul(${bias}, ${y}, ${factor})`,
  ]);
}

// --- internal ---

interface Parts {
  readonly z: string;
  readonly over: string;
  readonly count: string;
  readonly wide: (statistic: string) => string;
  readonly reduce: (value: string, by: string) => string;
}

function momentLines(draw: Draw, kind: Point['kind'], departures: Departures, parts: Parts): string[] {
  const { z, over, count, wide, reduce } = parts;
  const comma = over === '' ? '' : `${over}, `;
  const subtracted = departures['mean.subtracted'] ?? (kind === 'rms' ? 'no' : 'yes');
  const mean = draw.chance(1, 3) ? `mean = ${reduce(z, 'sum')} / (${count})` : `mean = ${reduce(z, 'mean')}`;
  if (subtracted === 'no' || subtracted === 'from-output-only') {
    const square = draw.pick([`${z}.pow(2)`, `(${z} * ${z})`, `${z}.square()`, `(${z} ** 2)`]);
    const var_ = draw.chance(1, 4) ? `var = ${reduce(square, 'sum')} / (${count})` : `var = ${reduce(square, 'mean')}`;
    return subtracted === 'no' ? [var_] : [mean, var_];
  }
  const unbiased = departures['variance.normalization'] === 'unbiased';
  const algorithm = departures['variance.algorithm'];
  if (algorithm !== undefined) {
    const second = draw.pick([`${z}.pow(2)`, `(${z} * ${z})`]);
    const difference = `${reduce(second, 'mean')} - mean ${draw.pick(['* mean', '** 2'])}`;
    const var_ = algorithm === 'one-pass-clamped' ? `(${difference}).clamp(min=0)` : difference;
    const bessel = unbiased ? [`var = var * (${count}) / (${count} - 1)`] : [];
    return [mean, `var = ${var_}`, ...bessel];
  }
  const centred = `(${z} - ${wide('mean')})`;
  const square = draw.pick([`(${centred} ** 2)`, `${centred}.pow(2)`, `${centred}.square()`]);
  if (unbiased)
    return draw.pick([
      [mean, `var = ${z}.var(${over})`],
      [mean, `var = ${z}.var(${comma}unbiased=True)`],
      [`mean, var = ${reduce(z, 'mean')}, ${reduce(z, 'var')}`],
      [mean, `var = ${reduce(square, 'sum')} / (${count} - 1)`],
      [mean, `var = ${reduce(z, 'std')} ** 2`],
    ]);
  return draw.pick([
    [mean, `var = ${z}.var(${comma}unbiased=False)`],
    [mean, `var = ${z}.var(${comma}correction=0)`],
    [mean, `var = ${reduce(square, 'mean')}`],
    [mean, `var = ${reduce(square, 'sum')} / (${count})`],
    [`var, mean = torch.var_mean(${z}, ${comma}unbiased=False)`],
    [mean, `var = torch.var(${z}, ${comma}unbiased=False)`],
  ]);
}
