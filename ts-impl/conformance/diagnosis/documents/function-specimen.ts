// A function of a document as a specimen: a worker finds out how it is called as a norm, and asks it like a layer from then on.

import type { Arguments, Case, Value } from '../../../../cases/case.ts';
import { int, ints, text } from '../../../../cases/case.ts';
import type { UndecidedReason } from '../../outcome.ts';
import type { LoadedFunction } from '../../subjects/wire/reply.ts';
import type { Worker } from '../../subjects/worker.ts';
import type { ArgumentRole } from '../measure/argument-role.ts';
import { SubjectGone } from '../measure/measure.ts';
import { type Given, probe, resultsOf, type Specimen, textOf } from '../measure/specimen.ts';

/** How a function is called, as the worker tells it. */
export interface FunctionPlan {
  /** Of an input that it takes. */
  readonly shape: readonly number[];
  /** The size of its parameters on that input; null where it has none. */
  readonly size: { readonly name: string; readonly value: number | readonly number[] } | null;
  readonly options: readonly {
    readonly name: string;
    readonly hasDefault: boolean;
    readonly default: Value | null;
    readonly role: string;
  }[];
  /** Roles of its parameters and buffers, by their names. */
  readonly tensors: Readonly<Record<string, string>>;
  readonly arrays: 'torch' | 'numpy';
  /** What tells training from evaluation: `none`, `grad`, or an argument with its value in training. */
  readonly mode: string;
}

export type Fitted =
  | { readonly kind: 'norm'; readonly plan: FunctionPlan }
  /** `raised`: no call of it came through; otherwise what came back shows that it is no norm. */
  | { readonly kind: 'none'; readonly raised: boolean; readonly reason: string }
  | { readonly kind: 'undecided'; readonly reason: UndecidedReason };

/** Roles of names that the user has given, by name. */
export type RoleMap = Readonly<Record<string, string>>;

/** Finds out how the worker's document's function is called. One question. */
export async function fitFunction(fn: LoadedFunction, worker: Worker, map: RoleMap): Promise<Fitted> {
  const name = referenceTo(fn);
  const [{ outcome }] = await worker.ask(
    [withMap(probe(name, [{ kind: 'construct', layer: name, arguments: {} }]), map)],
    {
      truth: false,
    },
  );
  switch (outcome.kind) {
    case 'undecided':
      return { kind: 'undecided', reason: outcome.reason };
    case 'unsupported':
      return { kind: 'none', raised: false, reason: outcome.reason };
    case 'returned':
    case 'refused': {
      const [made] = resultsOf(outcome);
      if (made?.kind === 'refused') {
        const known = made.type === 'NotANorm' || made.type === 'NoCallWorked';
        const reason = known ? made.message : `${made.type}: ${made.message}`;
        return { kind: 'none', raised: made.type !== 'NotANorm', reason };
      }
      // Our own worker wrote it; the code of the document has no hand in it.
      return { kind: 'norm', plan: JSON.parse(textOf(outcome, 0, 'plan')) as FunctionPlan };
    }
    default:
      return outcome satisfies never;
  }
}

/** When the worker dies or hangs, asking throws SubjectGone. */
export function functionSpecimen(
  fn: LoadedFunction,
  plan: FunctionPlan,
  worker: Worker,
  map: RoleMap,
  given?: Given,
): Specimen {
  const { size, options } = plan;
  const named = size === null ? [] : [{ name: size.name, hasDefault: false, default: null }];
  const value = size === null ? null : typeof size.value === 'number' ? int(size.value) : ints(size.value);
  return {
    name: referenceTo(fn),
    signature: [...named, ...options],
    given: {
      arguments: { ...optionsIn(given, plan), ...(size === null || value === null ? {} : { [size.name]: value }) },
      roles: {
        ...Object.fromEntries(options.map((o) => [o.name, roleOf(o.role)])),
        ...(size === null ? {} : { [size.name]: 'size' as const }),
      },
      shapes: [plan.shape],
    },
    ask: async (cases) => {
      const answers = await worker.ask(
        cases.map((c) => withMap(c, map)),
        { truth: false },
      );
      return answers.map(({ outcome }) => {
        if (outcome.kind === 'undecided') throw new SubjectGone(outcome.reason);
        return outcome;
      });
    },
  };
}

/** Facts about how it was called, for people. */
export function callRemarks(plan: FunctionPlan): string[] {
  const remarks: string[] = [];
  if (plan.mode === 'grad') remarks.push('called for evaluation under torch.no_grad(), which is how it tells');
  else if (plan.mode !== 'none') remarks.push(`called for training with ${plan.mode}`);
  if (plan.arrays === 'numpy') remarks.push('works on NumPy arrays: its gradients were not asked for');
  return remarks;
}

// --- internal ---

/** What --init gives of its options; the size of its parameters goes with the input it was found to take. */
function optionsIn(given: Given | undefined, { options }: FunctionPlan): Arguments {
  return Object.fromEntries(
    Object.entries(given?.arguments ?? {}).filter(([name]) => options.some((o) => o.name === name)),
  );
}

/** By the line of its definition too: a document may define one name twice. */
const referenceTo = (fn: LoadedFunction) => `${fn.name}@${fn.line}`;

/** The argument by which the worker hears what the user says of names; no parameter can be called so. */
const MAP = '--map';

function withMap(c: Case, map: RoleMap): Case {
  const pairs = Object.entries(map).map(([name, role]) => `${name}=${role}`);
  if (pairs.length === 0) return c;
  const steps = c.steps.map((step) =>
    step.kind === 'construct' ? { ...step, arguments: { ...step.arguments, [MAP]: text(pairs.join(';')) } } : step,
  );
  return { ...c, steps };
}

function roleOf(word: string): ArgumentRole {
  return word === 'eps' || word === 'momentum' || word === 'groups' || word === 'size' ? word : 'other';
}
