// Candidates for witnesses of conventions of which the model does not speak (layouts, writing to the input, printing): smallest first, to be asked.

import type { Case, Step } from '../../../../cases/case.ts';
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { FloatDtype } from '../../../tensor/dtype.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Axis } from '../axes/axis.ts';
import type { Target } from '../axes/target.ts';
import { transposed } from '../measure/measure-conduct.ts';
import type { Stance } from '../measure/stance.ts';
import type { Profile } from '../model/profile.ts';
import { caseOfSketch, type Sketch } from './sketch.ts';
import { smallShapes, fewSketches } from './small-cases.ts';
import { layerArguments, makeTensor, trial } from './trial-cases.ts';

/** A case, and the target whose options it constructs (groups shrink with the shape). */
export interface SmallCase {
  readonly case: Case;
  readonly target: Target;
}

/** Cases that may show an axis by being asked, smallest first. */
export function specialCases(axis: Axis, target: Target, stance: Stance, profile: Profile): SmallCase[] {
  const make = (shape: Shape, steps: readonly Step[], sized = target): SmallCase => ({
    case: trial(sized, 'float64', [
      { kind: 'construct', layer: sized.layer, arguments: layerArguments(sized, shape) },
      ...steps,
    ]),
    target: sized,
  });
  const sketched = (sketch: Sketch): SmallCase => ({ case: caseOfSketch(sketch), target: sketch.target });
  /** One forward each, nothing set. */
  const plainOnes = () =>
    fewSketches(target, stance, profile).filter(
      ({ acts, set, options }) => acts.length === 1 && Object.keys(set).length + Object.keys(options).length === 0,
    );
  const shapes = smallShapes(target, stance);
  const run = (input: Tensor): Step => ({ kind: 'forward', mode: 'train', input, gradient: false });
  const rising = (shape: Shape) => Float64Array.from({ length: sizeOf(shape) }, (_, i) => 2 * i);
  switch (axis.id) {
    case 'input.layout': {
      const square = stance.shape.map((_, at) => (at >= stance.shape.length - 2 ? 2 : 1));
      const grouped = square.map((size, at) => (at === 1 ? 2 : size));
      const single = target.groups === null || stance.groups === null ? target : { ...target, groups: 1 };
      return [
        make(square, [run(transposed(rising(square), square))], single),
        make(grouped, [run(transposed(rising(grouped), grouped))], single),
        make(stance.shape, [run(transposed(rising(stance.shape), stance.shape))]),
      ];
    }
    case 'running.gradient':
      return shapes.flatMap(({ shape, target: sized }) => {
        const x = makeTensor('float64', shape, rising(shape));
        const step: Step = { kind: 'forward', mode: 'train', input: x, gradient: true };
        const gradient = makeTensor('float64', shape, rising(shape));
        const back: Step = { kind: 'backward', gradient, accumulate: false, again: false };
        return [make(shape, [step, { kind: 'copy' }], sized), make(shape, [step, back, step, back], sized)];
      });
    case 'variance.algorithm':
      // Squares whose difference float32 can't hold.
      return plainOnes().flatMap((sketch) =>
        [2 ** 12, 2 ** 16, 2 ** 20].map((base) => sketched(onInputs(sketch, 'float32', (v) => base + v / 2))),
      );
    case 'eps.zero':
      return plainOnes().map((sketch) =>
        sketched(onInputs({ ...sketch, options: { eps: 0 } }, 'float64', (v) => v / 1000)),
      );
    case 'precision.accumulation':
    case 'precision.affine':
      // A sum, a square or a product that float16 can't hold, though what PyTorch gives fits.
      return plainOnes().flatMap((sketch) =>
        [30000, 300].map((size) => sketched(onInputs(sketch, 'float16', (v) => v * size))),
      );
    case 'affine.shape':
      return fewSketches(target, stance, profile)
        .filter(({ shape, set }) => new Set(Object.values(set).flat()).size > 1 && sizeOf(shape) > 1)
        .map(sketched)
        .slice(0, MOST_ASKED);
    case 'single-value.train': {
      const single = stance.shape.map((size, at) => (at === 1 && target.normalizedAxes === 0 ? size : 1));
      const one = single.map((size, at) => (at === 1 && target.groups === null ? 1 : size));
      const two = one.map((size, at) => (at === 0 ? 2 : size)); // one value of a sample, where samples are kept apart
      return [one, single, two].map((shape) =>
        make(shape, [run(makeTensor('float64', shape, new Float64Array(sizeOf(shape)).fill(3)))]),
      );
    }
    case 'channel.axis':
      return stance.shape.length < 3
        ? []
        : shapes.map(({ shape, target: sized }) => {
            const uneven = shape.map((size, at) => (at === shape.length - 1 ? 3 : size));
            return make(uneven, [run(makeTensor('float64', uneven, rising(uneven)))], sized);
          });
    default:
      return fewSketches(target, stance, profile).slice(0, MOST_ASKED).map(sketched);
  }
}

/** The input of the first forward of a case. */
export function firstInput(c: Case): Tensor | null {
  const step = c.steps.find((s) => s.kind === 'forward');
  return step?.kind === 'forward' ? step.input : null;
}

// --- internal ---

/** The sketch in another dtype, its inputs changed. */
function onInputs(sketch: Sketch, dtype: FloatDtype, change: (v: number) => number): Sketch {
  const acts = sketch.acts.map((act) => (act.kind === 'forward' ? { ...act, values: act.values.map(change) } : act));
  return { ...sketch, dtype, acts };
}

/** Questions for one convention that are asked where the model has no word in it. */
const MOST_ASKED = 40;
