// Candidates for witnesses: the smallest cases of a layer, smallest first, with numbers that a person can check by hand. In PyTorch's words.

import { type Arguments, type Case, float, type Step } from '../../../../cases/case.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Axis } from '../axes/axis.ts';
import type { Target } from '../axes/target.ts';
import { transposed } from '../measure/measure-conduct.ts';
import type { Stance } from '../measure/stance.ts';
import type { Profile } from '../model/profile.ts';
import { layerArguments, makeTensor, trial } from './trial-cases.ts';

/** A small case, and the target whose options it constructs (groups shrink with the shape). */
export interface SmallCase {
  readonly case: Case;
  readonly target: Target;
}

/** Every small case of the target, fewest elements first, then fewest steps. */
export function smallCases(target: Target, stance: Stance, profile: Profile): SmallCase[] {
  const found: SmallCase[] = [];
  for (const { shape, target: sized } of smallShapes(target, stance)) {
    for (const values of patterns(sizeOf(shape))) {
      for (const steps of trajectories(sized, shape, values, profile))
        found.push({ case: trial(sized, 'float64', steps), target: sized });
    }
  }
  const weight = (c: SmallCase) => firstInput(c.case)?.storage.length ?? 0;
  return found.sort((a, b) => weight(a) - weight(b) || a.case.steps.length - b.case.steps.length);
}

/** Cases that show an axis of which the model does not speak; empty for all others. */
export function specialCases(axis: Axis, target: Target, stance: Stance): SmallCase[] {
  const make = (shape: Shape, steps: readonly Step[], t = target): SmallCase => ({
    case: trial(t, 'float64', [{ kind: 'construct', layer: t.layer, arguments: layerArguments(t, shape) }, ...steps]),
    target: t,
  });
  const shapes = smallShapes(target, stance);
  const { shape, target: sized } = shapes[shapes.length - 1];
  const values = Float64Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 5) % 7) + (i % 2));
  const x = makeTensor('float64', shape, values);
  const run = (input: Tensor): Step => ({ kind: 'forward', mode: 'train', input, gradient: false });
  switch (axis.id) {
    case 'input.layout':
      return [
        make(shape, [run(transposed(values, shape))], sized),
        make(stance.shape, [
          run(
            transposed(
              Float64Array.from({ length: sizeOf(stance.shape) }, (_, i) => (i * 5) % 17),
              stance.shape,
            ),
          ),
        ]),
      ];
    case 'input.mutated':
    case 'stdout':
    case 'state.keys':
    case 'input.dtype':
      return [make(shape, [run(x)], sized)];
    case 'running.gradient': {
      const step: Step = { kind: 'forward', mode: 'train', input: x, gradient: true };
      const back: Step = {
        kind: 'backward',
        gradient: makeTensor('float64', shape, values),
        accumulate: false,
        again: false,
      };
      return [make(shape, [step, back, step, back], sized)];
    }
    case 'affine.shape': {
      const own = target.normalizedAxes > 0 ? shape.slice(shape.length - target.normalizedAxes) : [shape[1]];
      const weight = makeTensor(
        'float64',
        own,
        Float64Array.from({ length: sizeOf(own) }, (_, i) => i + 1),
      );
      const set: Step = { kind: 'set_tensor', name: 'weight', tensor: weight };
      return [make(shape, [set, run(x)], sized)];
    }
    case 'single-value.train': {
      const single = shape.map((size, axis) => (axis === 1 && target.normalizedAxes === 0 ? size : 1));
      return [make(single, [run(makeTensor('float64', single, new Float64Array(sizeOf(single)).fill(3)))])];
    }
    case 'channel.axis': {
      if (shape.length < 3) return [];
      const uneven = shape.map((size, axis) => (axis === shape.length - 1 ? 3 : size));
      return [
        make(uneven, [
          run(
            makeTensor(
              'float64',
              uneven,
              Float64Array.from({ length: sizeOf(uneven) }, (_, i) => 2 * i),
            ),
          ),
        ]),
      ];
    }
    default:
      return [];
  }
}

/** The input of the first forward of a case. */
export function firstInput(c: Case): Tensor | null {
  const step = c.steps.find((s) => s.kind === 'forward');
  return step?.kind === 'forward' ? step.input : null;
}

// --- internal ---

function smallShapes(target: Target, stance: Stance): { shape: Shape; target: Target }[] {
  const rank = stance.shape.length;
  const ones = new Array<number>(Math.max(0, rank - 2)).fill(1);
  const lastTwo = ones.map((_, i) => (i === ones.length - 1 ? 2 : 1));
  const same = (shapes: Shape[]) => shapes.map((shape) => ({ shape, target }));
  switch (target.kind) {
    case 'BatchNorm':
      return rank === 2
        ? same([
            [2, 1],
            [2, 2],
            [3, 2],
          ])
        : same([
            [1, 1, ...lastTwo],
            [2, 1, ...ones],
            [1, 2, ...lastTwo],
            [2, 2, ...lastTwo],
          ]);
    case 'InstanceNorm':
      return same([
        [1, 1, ...lastTwo],
        [1, 2, ...lastTwo],
        [2, 2, ...lastTwo],
      ]);
    case 'GroupNorm': {
      const grouped = (groups: number) => (stance.groups === null ? target : { ...target, groups });
      return [
        { shape: [1, 2, ...ones], target: grouped(1) },
        { shape: [1, 4, ...ones], target: grouped(2) },
        { shape: [1, 4, ...lastTwo], target: grouped(2) },
      ];
    }
    case 'LayerNorm':
    case 'RMSNorm': {
      if (stance.sizeAxis === 1)
        return same([
          [1, 2, ...ones],
          [1, 1, ...lastTwo],
          [1, 2, ...lastTwo],
          [2, 2, ...lastTwo],
        ]);
      const leading = new Array<number>(rank - 1).fill(1);
      return same([
        [...leading, 2],
        [...leading, 3],
        [...leading.slice(0, -1), 2, 2],
      ]);
    }
    default:
      return target.kind satisfies never;
  }
}

function patterns(size: number): Float64Array[] {
  const fill = (f: (i: number) => number) => Float64Array.from({ length: size }, (_, i) => f(i));
  return [
    fill((i) => 2 * i),
    fill((i) => [0, 2, 0, 8][i % 4] + (i > 3 ? 1 : 0)),
    fill((i) => (i % 2) * 0.002),
    fill((i) => [0, 0, 2, 8][i % 4]),
    fill((i) => 4 + 2 * (i % 2)),
    fill(() => 3),
  ];
}

function trajectories(target: Target, shape: Shape, values: Float64Array, profile: Profile): Step[][] {
  const x = makeTensor('float64', shape, values);
  const make = (extra: Arguments = {}): Step => ({
    kind: 'construct',
    layer: target.layer,
    arguments: { ...layerArguments(target, shape), ...extra },
  });
  const train: Step = { kind: 'forward', mode: 'train', input: x, gradient: false };
  const evaluate: Step = { ...train, mode: 'eval' };
  const read: Step = { kind: 'read', what: 'buffers' };
  const steps: Step[][] = [
    [make(), train],
    [make(), evaluate],
  ];
  if (profile.epsArgument !== null) steps.push([make({ eps: float(1) }), train]);
  if (target.affine && profile.affine.form !== 'none') {
    const own = target.normalizedAxes > 0 ? shape.slice(shape.length - target.normalizedAxes) : [shape[1]];
    const set = (name: string, value: number): Step => ({
      kind: 'set_tensor',
      name,
      tensor: makeTensor('float64', own, new Float64Array(sizeOf(own)).fill(value)),
    });
    const bias = target.kind === 'RMSNorm' ? [] : [set('bias', 1)];
    steps.push([make(), set('weight', 2), train], [make(), set('weight', 2), ...bias, train]);
  }
  const upstream = makeTensor(
    'float64',
    shape,
    Float64Array.from({ length: values.length }, (_, i) => (i === 0 ? 1 : 0)),
  );
  steps.push([
    make(),
    { ...train, gradient: true },
    { kind: 'backward', gradient: upstream, accumulate: false, again: false },
  ]);
  if (target.tracked) {
    const small: Step = {
      kind: 'set_tensor',
      name: 'running_var',
      tensor: makeTensor('float64', [shape[1]], new Float64Array(shape[1]).fill(1e-6)),
    };
    steps.push([make(), small, evaluate]);
    steps.push(
      [make(), train, read],
      [make(), evaluate, read],
      [make(), train, evaluate],
      [make(), train, train, read],
    );
    if ((profile.running?.argument ?? null) !== null)
      steps.push([make({ momentum: float(0.25) }), train, read], [make({ momentum: float(0.25) }), train, train, read]);
  }
  return steps;
}
