// Which layer is it: the one it is held against, and the nearest of all PyTorch's norms with their options.

import type { Closest, Equivalent } from '../report/report.ts';
import type { Subject as Oracle } from '../subjects/subject.ts';
import { departuresFrom, errorsIn } from './axes/axes.ts';
import type { Subject } from './axes/axis.ts';
import type { NormKind } from './axes/norm-kind.ts';
import { allTargets, defaultTarget, type Target, trailingReduced } from './axes/target.ts';
import type { Specimen } from './measure/specimen.ts';
import { holdAgainst, type Trial } from './prove/hold-against.ts';
import type { Dictionary } from './prove/translate.ts';

/** The target with the fewest departures of level error; of several the first in PyTorch's order. */
export function nearestOf(subject: Subject): Target {
  return fewestErrors(allTargets(subject.profile), subject);
}

/** The default layer of a kind, shaped by where the specimen's size argument was found. */
export function targetFor(kind: NormKind, { profile, stance }: Subject): Target {
  const groups = profile.structure.members.kind === 'axes' ? (profile.structure.members.groups?.count ?? null) : null;
  const rank = profile.shape.length;
  const trailing =
    stance.sizeAxis === 1
      ? rank - 1
      : stance.sizeAxis === 'last'
        ? (stance.size?.length ?? 1)
        : trailingReduced(profile) || 1;
  return defaultTarget(kind, profile, stance.groups ?? groups, trailing);
}

/** The same layer with track_running_stats=True. */
export function withTracking(target: Target): Target {
  return { ...target, tracked: true, options: { ...target.options, track_running_stats: true } };
}

/** Without a name the nearest layer itself, with its default options where those explain as much. */
export function plainest(nearest: Target, subject: Subject): Target {
  const plain = targetFor(nearest.kind, subject);
  const errors = (t: Target) => errorsIn(departuresFrom(t, subject)).length;
  return errors(plain) <= errors(nearest) || nearest.kind === 'BatchNorm' ? plain : nearest;
}

/** The closest layer, and the same as `equivalent` where the specimen equals it on every trial case. */
export async function compareClosest(
  closest: Target,
  held: Target,
  trial: Trial,
  subject: Subject,
  dictionary: Dictionary,
  specimen: Specimen,
  oracle: Oracle,
): Promise<{ closest: Closest; equivalent: Equivalent | null }> {
  const findings = errorsIn(departuresFrom(closest, subject)).length;
  const equal =
    findings > 0
      ? false
      : closest === held
        ? trial.equal
        : (await holdAgainst(closest, oracle, specimen, dictionary)).equal;
  const named = { layer: closest.layer, options: closest.options };
  return { closest: { ...named, findings }, equivalent: equal ? named : null };
}

// --- internal ---

function fewestErrors(targets: readonly Target[], subject: Subject): Target {
  let best = targets[0];
  let fewest = Number.POSITIVE_INFINITY;
  for (const target of targets) {
    const count = errorsIn(departuresFrom(target, subject)).length;
    if (count < fewest) {
      best = target;
      fewest = count;
    }
  }
  return best;
}
