// From the signature of an export to the ways in which it may be meant: which argument is what, how the input is handed over. It runs nothing.

import type { Value } from '../../../../../cases/case.ts';
import { callContainers } from './call-containers.ts';
import { callSlots, type CallSlots } from './call-slots.ts';
import type { ExportFacts } from './export-facts.ts';
import { roleOfName } from './parameter-role.ts';
import type { Plan, Slot } from './plan.ts';
import { type Callable, hasConstructor, type Parameter, type Property, readCallable } from './read-callable.ts';

/** A constructor parameter as the diagnosis sees it. */
export interface PlannedParameter {
  readonly name: string;
  readonly hasDefault: boolean;
  readonly default: Value | null;
}

/** A way in which an export may be meant, with the constructor that it then has. */
export interface PlannedExport {
  readonly plan: Plan;
  readonly signature: readonly PlannedParameter[];
}

export interface Planned {
  readonly plans: readonly PlannedExport[];
  /** The export that goes back through calls of a function; null for none. */
  readonly backward: string | null;
  /** Why there is no plan; empty where there is one. */
  readonly reason: string;
}

/** The function that an export goes back through; null for one that is called for its own sake. */
export function forwardOf(facts: ExportFacts, all: readonly ExportFacts[]): ExportFacts | null {
  return (
    all.find((other) => other !== facts && other.kind === 'function' && backwardOf(other.name, all) === facts) ?? null
  );
}

/** The ways of using an export, the likeliest first. `kind` is the norm that its name speaks of, null for none. */
export function makePlans(facts: ExportFacts, all: readonly ExportFacts[], kind: string | null): Planned {
  if (facts.kind === 'other') return none(`it is ${facts.text}, neither a class nor a function`);
  if (facts.kind === 'adapter') return { plans: [adapterPlan(facts)], backward: null, reason: '' };
  const callable = readCallable(facts.text);
  if (callable === null) return none('its source can not be read (bound or native code)');
  if (facts.kind === 'class') return classPlans(facts, all, kind);
  if (callable.makes !== null) {
    const { method, parameters } = callable.makes;
    const made = { by: 'call', callable, method, words: callable.words } as const;
    return { plans: instancePlans(made, parameters, all, kind), backward: null, reason: '' };
  }
  return functionPlans(facts, callable, all, kind);
}

// --- internal ---

const none = (reason: string): Planned => ({ plans: [], backward: null, reason });

const METHODS = 'forward call apply __call__ normalize normalise norm transform process compute run predict'.split(' ');
/** Methods for one mode alone. */
const TRAIN_METHODS = ['forwardTrain', 'trainForward', 'forward_train', 'fitTransform'];
const EVAL_METHODS = [
  'forwardEval',
  'evalForward',
  'forward_eval',
  'forwardInference',
  'infer',
  'inference',
  'predict',
];

function classPlans(facts: ExportFacts, all: readonly ExportFacts[], kind: string | null): Planned {
  const written = [facts.text, ...facts.parents].find(
    (text) => /^class\b/.test(text) === false || hasConstructor(text),
  );
  const callable = written === undefined ? null : readCallable(written);
  const methods = new Map(facts.methods.map(({ name, text }) => [name, text]));
  const has = (names: readonly string[]) => names.find((name) => methods.has(name));
  const train = has(TRAIN_METHODS) ?? has(METHODS);
  if (train === undefined) return none('an instance has no method forward, call, apply or normalize');
  const evaluated = (has(TRAIN_METHODS) === undefined ? undefined : has(EVAL_METHODS)) ?? train;
  const called = readCallable(methods.get(train) ?? '');
  const words = facts.methods.flatMap(({ text }) => readCallable(text)?.words ?? []);
  const made = { by: 'new', callable, method: train, evalMethod: evaluated, words } as const;
  const plans = called === null ? [] : instancePlans(made, called.parameters, all, kind);
  return plans.length === 0
    ? none('no argument of its method can be the input')
    : { plans, backward: null, reason: '' };
}

interface Making {
  readonly by: 'new' | 'call';
  /** Whose parameters are the constructor's; null where there is no constructor. */
  readonly callable: Callable | null;
  readonly method: string | null;
  readonly evalMethod?: string;
  readonly words: readonly string[];
}

function instancePlans(
  { by, callable, method, evalMethod, words }: Making,
  parameters: readonly Parameter[],
  all: readonly ExportFacts[],
  kind: string | null,
): PlannedExport[] {
  const call = callSlots(parameters, words, kind, 'method');
  if (call === null) return [];
  const methods = method === null ? null : { train: method, eval: evalMethod ?? method };
  return [false, true].flatMap((filled) => {
    const making = constructorSlots(callable?.parameters ?? [], filled, kind);
    if (filled && !making.open) return []; // there is nothing to fill in
    return callContainers(call, kind, all, true).map(
      (how): PlannedExport => ({
        plan: {
          make: { by, slots: making.slots },
          method: methods,
          slots: call.slots,
          size: making.size,
          given: false,
          backward: null,
          identity: 1,
          ...how,
        },
        signature: [...making.signature, ...call.options.map(optionParameter)],
      }),
    );
  });
}

interface ConstructorSlots {
  readonly slots: readonly Slot[];
  readonly signature: readonly PlannedParameter[];
  readonly size: string | null;
  /** Some option shows no default. */
  readonly open: boolean;
}

/** `filled`: options of which no default is to be seen are given all the same. */
function constructorSlots(parameters: readonly Parameter[], filled: boolean, kind: string | null): ConstructorSlots {
  const signature: PlannedParameter[] = [];
  let tensors = 0;
  let open = false;
  const entry = (p: Property, inBag: boolean): Slot => {
    const role = roleOfName(p.key);
    const isFlag = p.default?.kind === 'bool';
    if (['weight', 'bias', 'mean', 'variance'].includes(role) && !isFlag) {
      const words = /^(scale|center|use|has|with)/i.test(p.key);
      if (!words && p.optional) return { kind: 'nothing' };
      if (!words && !inBag) {
        tensors++;
        return { kind: 'tensor', name: p.key, role: role as 'weight' }; // one of the four
      }
    }
    if (['training', 'inference', 'mode', 'axis'].includes(role) && (p.optional || inBag)) return { kind: 'nothing' };
    if (role === 'training') return { kind: 'mode', train: true, eval: true };
    const isSize = ['size', 'dim', 'groups', 'shape', 'input'].includes(role);
    const bare = inBag && !p.optional && !isSize;
    open ||= bare;
    signature.push({ name: p.key, hasDefault: p.optional || (bare && !filled), default: p.default });
    return { kind: 'option', name: p.key };
  };
  const slots = parameters.map((p): Slot => {
    if (p.bag === null) return entry(p, false);
    const entries = p.bag.map((inner) => ({ key: inner.key, slot: entry(inner, true) }));
    return { kind: 'bag', name: p.key, entries };
  });
  if (tensors === 0) return { slots, signature, size: null, open };
  const size = sizeName(kind);
  return { slots, signature: [{ name: size, hasDefault: false, default: null }, ...signature], size, open };
}

const sizeName = (kind: string | null) =>
  kind === 'LayerNorm' || kind === 'RMSNorm' ? 'normalizedShape' : kind === 'GroupNorm' ? 'numChannels' : 'numFeatures';

function optionParameter(p: Property): PlannedParameter {
  return { name: p.key, hasDefault: p.optional, default: p.default };
}

function functionPlans(
  facts: ExportFacts,
  callable: Callable,
  all: readonly ExportFacts[],
  kind: string | null,
): Planned {
  const call = callSlots(callable.parameters, callable.words, kind, 'function');
  if (call === null) return none('no argument of it can be the input');
  const pair = backwardOf(facts.name, all);
  const back = pair === null ? null : backwardSlots(pair, kind);
  const plans: PlannedExport[] = [];
  for (const filled of call.hidden ? [false, true] : [false]) {
    const { signature, size } = functionSignature(call, kind, filled);
    for (const how of callContainers(call, kind, all, false)) {
      const backward = pair === null || back === null ? null : { name: pair.name, slots: back };
      const plan: Plan = {
        make: null,
        method: null,
        slots: call.slots,
        size,
        given: call.given,
        backward,
        identity: 1,
        ...how,
      };
      plans.push({ plan, signature });
    }
  }
  return { plans, backward: pair?.name ?? null, reason: '' };
}

/** The constructor that a function has as a layer: the size of its tensors, then its options. */
function functionSignature(call: CallSlots, kind: string | null, filled: boolean) {
  const options = call.options.map((p) => ({
    name: p.key,
    hasDefault: p.optional || (call.inBag.has(p.key) && !filled),
    default: p.default,
  }));
  const own = call.options.find((p) => roleOfName(p.key) === 'size' || p.key === 'shape');
  if (call.tensors === 0) return { signature: options, size: null };
  if (own !== undefined) {
    const first = options.map((p) => (p.name === own.key ? { ...p, hasDefault: false } : p));
    return { signature: first, size: own.key };
  }
  const size = sizeName(kind);
  return { signature: [{ name: size, hasDefault: false, default: null }, ...options], size };
}

/** The export that goes back through a function: `layerNormBackward`, `layerNormGrad`, `backwardLayerNorm`. */
function backwardOf(name: string, all: readonly ExportFacts[]): ExportFacts | null {
  const bare = name.replace(/_?(forward|train)$/i, '').toLowerCase();
  const names = [`${bare}backward`, `${bare}_backward`, `${bare}grad`, `backward${bare}`, `${bare}backprop`];
  return all.find((other) => other.kind === 'function' && names.includes(other.name.toLowerCase())) ?? null;
}

function backwardSlots(facts: ExportFacts, kind: string | null): readonly Slot[] | null {
  const callable = readCallable(facts.text);
  return callable === null ? null : (callSlots(callable.parameters, callable.words, kind, 'backward')?.slots ?? null);
}

function adapterPlan(facts: ExportFacts): PlannedExport {
  const plan: Plan = {
    make: null,
    method: null,
    slots: [],
    container: { kind: 'typed' },
    lift: 'none',
    blind: false,
    rank: null,
    vector: 'typed',
    size: null,
    given: false,
    backward: null,
    identity: 1,
  };
  const signature = facts.parameters.map(({ name, value }): PlannedParameter => {
    const given: unknown = JSON.parse(value);
    if (typeof given === 'boolean') return { name, hasDefault: true, default: { kind: 'bool', value: given } };
    if (typeof given !== 'number') return { name, hasDefault: false, default: null };
    return { name, hasDefault: true, default: { kind: Number.isInteger(given) ? 'int' : 'float', value: given } };
  });
  return { plan, signature };
}
