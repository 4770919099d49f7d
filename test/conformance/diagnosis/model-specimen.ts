// A specimen made of the counter-model: a class with known conventions that the diagnosis must find again. It refuses shapes as broadcasting would.

import type { Case } from '../../../cases/case.ts';
import { askModel } from '../../../ts-impl/conformance/diagnosis/model/model-subject.ts';
import { bufferCount, entryCount } from '../../../ts-impl/conformance/diagnosis/model/model-entries.ts';
import type { AffineTensor, Profile } from '../../../ts-impl/conformance/diagnosis/model/profile.ts';
import type { ConstructorParameter, Specimen } from '../../../ts-impl/conformance/diagnosis/measure/specimen.ts';
import { type Outcome, outcomeOf, type StepResult } from '../../../ts-impl/conformance/outcome.ts';
import { tensor } from '../../../ts-impl/tensor/tensor.ts';

export interface Anatomy {
  readonly profile: Profile;
  readonly signature: readonly ConstructorParameter[];
  /** The axis whose size the size argument is. */
  readonly sizeAxis: (rank: number) => number;
  readonly ranks: readonly number[];
}

/** A specimen of that anatomy. */
export function modelSpecimen(name: string, anatomy: Anatomy): Specimen {
  return {
    name,
    signature: anatomy.signature,
    ask: async (cases) => cases.map((c) => answer(anatomy, c)),
  };
}

// --- internal ---

const READ = { kind: 'read', what: 'buffers' } as const;

function answer(anatomy: Anatomy, c: Case): Outcome {
  const steps: StepResult[] = [];
  for (const part of trajectories(c)) steps.push(...run(anatomy, part));
  return outcomeOf(steps);
}

function trajectories(c: Case): Case[] {
  const parts: Case[] = [];
  for (const step of c.steps) {
    const last = parts.at(-1);
    if (step.kind === 'construct' || last === undefined) parts.push({ ...c, steps: [step] });
    else parts[parts.length - 1] = { ...last, steps: [...last.steps, step] };
  }
  return parts;
}

function run(anatomy: Anatomy, c: Case): StepResult[] {
  const refuse: StepResult = { kind: 'refused', type: 'RuntimeError', message: 'The size of tensor a must match' };
  const made = c.steps[0];
  const size = made.kind === 'construct' ? Object.values(made.arguments)[0] : undefined;
  const shapes = c.steps.flatMap((s) => (s.kind === 'forward' ? [s.input.shape] : []));
  const shape = shapes[0] ?? anatomy.profile.shape;
  const { profile } = anatomy;
  const { members, users } = profile.structure;
  const fits =
    anatomy.ranks.includes(shape.length) &&
    (size?.kind !== 'int' || shape[anatomy.sizeAxis(shape.length)] === size.value) &&
    (members === users || (users.kind === 'axes' && shape[users.kept[users.kept.length - 1]] === shape[1]));
  const outcome = askModel(profile, {
    ...c,
    steps: c.steps.map((s) => (s.kind === 'save_state' || (s.kind === 'set_tensor' && s.name === 'idle') ? READ : s)),
  });
  if (outcome.kind === 'unsupported' || outcome.kind === 'undecided')
    throw new Error(outcome.kind === 'unsupported' ? outcome.reason : '');
  return outcome.steps.map((result, i): StepResult => {
    const step = c.steps[i];
    if (!fits && (step.kind === 'forward' || step.kind === 'backward' || step.kind === 'read')) return refuse;
    if (step.kind === 'save_state') return initial(profile, shape);
    if (step.kind === 'construct') return { kind: 'returned', tensors: [], texts: words(profile) };
    if (step.kind === 'read' && !c.steps.slice(0, i).some((s) => s.kind === 'forward')) return initial(profile, shape);
    if (step.kind === 'read' && result.kind === 'returned') {
      return {
        ...result,
        tensors: [...idle(profile), ...result.tensors],
        texts: { attached: profile.running?.attached.join(' ') ?? '' },
      };
    }
    return result;
  });
}

const words = (profile: Profile) => ({
  parameters:
    profile.affine.form === 'ignored'
      ? 'idle'
      : [profile.affine.weight?.name, profile.affine.bias?.name].filter((n) => n !== undefined).join(' '),
  buffers: profile.running === null ? '' : `${profile.running.mean} ${profile.running.variance}`,
  attributes: '',
});

/** Parameters of a layer that ignores them. */
function idle(profile: Profile) {
  return profile.affine.form === 'ignored' ? [{ name: 'idle', tensor: tensor([1, 1], [2], 'float64') }] : [];
}

function initial(profile: Profile, shape: readonly number[]): StepResult {
  const of = (t: AffineTensor | null, value: number) => {
    if (t === null) return [];
    const count = entryCount(t, profile, shape);
    return [{ name: t.name, tensor: tensor(new Array<number>(count).fill(value), [count], 'float64') }];
  };
  const { affine, running } = profile;
  const count = bufferCount(profile, shape);
  const buffer = (name: string | null, value: number) => ({
    name: name ?? '',
    tensor: tensor(new Array<number>(count).fill(value), [count], 'float64'),
  });
  return {
    kind: 'returned',
    texts: {},
    tensors: [
      ...idle(profile),
      ...of(affine.weight, affine.identity),
      ...of(affine.bias, 0),
      ...(running === null
        ? []
        : [buffer(running.mean, running.initial.mean), buffer(running.variance, running.initial.variance)]),
    ],
  };
}
