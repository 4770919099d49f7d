// Names an update rule from shares: how much of the old buffer and how much of the new statistic each of three steps leaves. Asks nothing.

import { trackedValue, zeroDebiasedShares } from '../model/model-statistics.ts';
import type { MomentumRule, Running, Scale } from '../model/profile.ts';
import type { BatchStatistics } from './batch-statistics.ts';

/** The momentum given by argument where one may be varied: dyadic, and far from PyTorch's default and from its complement. */
export const TRIAL_MOMENTUM = 0.25;

/** For each step the share of the old buffer, the share of the new mean, and what the second buffer took in (its share times the statistic). */
export interface Shares {
  readonly old: number[];
  readonly fresh: number[];
  readonly variance: Float64Array[];
}

export interface Rule {
  readonly rule: MomentumRule;
  readonly newShare: number;
  readonly oldShare: number;
  /** Which share the momentum argument is; null where it moves nothing. */
  readonly weighs: 'new' | 'old' | null;
}

/** The rule behind the shares of a default-constructed layer and of one whose momentum is TRIAL_MOMENTUM. */
export function ruleOf(standard: Shares, varied: Shares, hasArgument: boolean): Rule {
  const debiased = near(standard.old[0], 0) && isZeroDebiased(standard);
  const moves = hasArgument && !near(standard.old[1], varied.old[1]);
  const rule = nameOf(standard, varied, debiased, moves, hasArgument);
  return {
    rule,
    newShare: debiased ? 1 - debiasedDecay(standard) : standard.fresh[1],
    oldShare: debiased ? debiasedDecay(standard) : standard.old[1],
    weighs: moves ? weighs(varied, rule) : null,
  };
}

/** What of a batch's variance the second buffer takes in, by the smallest error; null where nothing fits. */
export function trackedKind(
  standard: Shares,
  statistics: readonly BatchStatistics[],
  scale: Scale,
): Pick<Running, 'divisor' | 'tracked' | 'floored'> | null {
  let best: { found: Pick<Running, 'divisor' | 'tracked' | 'floored'>; error: number } | null = null;
  for (const tracked of ['variance', 'std', 'inverse-std'] as const) {
    for (const floored of tracked === 'inverse-std' ? [true, false] : [false, true]) {
      for (const divisor of ['n-1', 'n'] as const) {
        const found = { divisor, tracked, floored };
        let error = 0;
        statistics.forEach((s, k) => {
          const taken = s.tracked(divisor, (v) => trackedValue(found, v, scale.eps, scale));
          standard.variance[k].forEach((v, c) => {
            const share = standard.fresh[k] * taken[c];
            error = Math.max(error, Math.abs(v - share) / (Math.abs(v) + 1e-9));
          });
        });
        if (error <= 1e-4 && (best === null || error < best.error / 10)) best = { found, error };
      }
    }
  }
  return best?.found ?? null;
}

/** The factors (a, g) with which a·u + g·v gives y, by least squares; null where none do. */
export function twoFactors(
  u: readonly number[],
  v: readonly number[],
  y: readonly number[],
): readonly [number, number] | null {
  let [uu, uv, vv, uy, vy, yy] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < y.length; i++) {
    uu += u[i] * u[i];
    uv += u[i] * v[i];
    vv += v[i] * v[i];
    uy += u[i] * y[i];
    vy += v[i] * y[i];
    yy += y[i] * y[i];
  }
  const determinant = uu * vv - uv * uv;
  if (!(determinant > 1e-12 * uu * vv)) return null;
  const a = (uy * vv - vy * uv) / determinant;
  const g = (vy * uu - uy * uv) / determinant;
  let rest = 0;
  for (let i = 0; i < y.length; i++) rest += (y[i] - a * u[i] - g * v[i]) ** 2;
  return rest <= 1e-8 * Math.max(yy, 1e-12) ? [a, g] : null;
}

// --- internal ---

const near = (a: number, b: number) => Math.abs(a - b) < 1e-5;

function nameOf(
  standard: Shares,
  varied: Shares,
  debiased: boolean,
  moves: boolean,
  hasArgument: boolean,
): MomentumRule {
  const { old, fresh } = standard;
  const constant = old.every((a) => near(a, old[1])) && fresh.every((g) => near(g, fresh[1]));
  if (old.every((a, k) => near(a, k / (k + 1))) && fresh.every((g, k) => near(g, 1 / (k + 1)))) return 'cumulative';
  if (near(old[0], 0) && near(fresh[0], 1) && !near(old[1], 0) && near(old[1], old[2])) return 'first-step-copies';
  if (debiased) return 'zero-debiased';
  if (!constant) return 'other';
  if (moves) {
    if (near(varied.old[1], 1 - TRIAL_MOMENTUM) && near(varied.fresh[1], TRIAL_MOMENTUM)) return 'new-weight';
    if (near(varied.old[1], TRIAL_MOMENTUM) && near(varied.fresh[1], 1 - TRIAL_MOMENTUM)) return 'old-weight';
    return 'other';
  }
  if (near(old[1], 1) && near(fresh[1], 0)) return hasArgument ? 'never-updated' : 'new-weight';
  if (near(old[1], 0) && near(fresh[1], 1)) return hasArgument ? 'overwritten' : 'new-weight';
  return near(old[1] + fresh[1], 1) ? 'new-weight' : 'other';
}

/** The decay of a zero-debiased average, from its second step: its shares are d/(1+d) and 1/(1+d). */
const debiasedDecay = ({ old }: Shares) => old[1] / (1 - old[1]);

function isZeroDebiased(standard: Shares): boolean {
  const decay = debiasedDecay(standard);
  if (near(decay, 0) || near(decay, 1)) return false;
  return standard.old.every((a, k) => {
    const [old, fresh] = zeroDebiasedShares(decay, k + 1);
    return near(a, old) && near(standard.fresh[k], fresh);
  });
}

/** Which share the momentum argument is, from what it does at the trial value. */
function weighs(varied: Shares, rule: MomentumRule): 'new' | 'old' {
  const old = rule === 'zero-debiased' ? debiasedDecay(varied) : varied.old[1];
  return near(old, TRIAL_MOMENTUM) ? 'old' : 'new';
}
