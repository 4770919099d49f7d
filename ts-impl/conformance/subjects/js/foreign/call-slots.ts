// The arguments of a call, told apart by their names and their neighbours: input, sizes, tensors, options, mode. A guess that is tried later.

import { roleOfName, type ParameterRole } from './parameter-role.ts';
import type { Fold, Slot, TensorRole } from './plan.ts';
import type { Parameter, Property } from './read-callable.ts';

export interface CallSlots {
  readonly slots: readonly Slot[];
  /** Arguments that the constructor of the layer takes in the call's place. */
  readonly options: readonly Property[];
  /** Those of them that stand in a bag and show no default. */
  readonly inBag: ReadonlySet<string>;
  readonly hidden: boolean;
  readonly tensors: number;
  /** Sizes of the input among the arguments: a shape, or how many single ones. */
  readonly sizes: 'shape' | number;
  /** Mean and variance are given, and nothing tells training from evaluation. */
  readonly given: boolean;
  /** Properties that are read of the input. */
  readonly read: readonly string[];
}

/** Null where no argument can be the input. */
export function callSlots(
  written: readonly Parameter[],
  words: readonly string[],
  kind: string | null,
  what: 'function' | 'method' | 'backward',
): CallSlots | null {
  // What is called like an input is one, whatever is read of it.
  const parameters = written.map((p) => (p.bag !== null && roleOfName(p.key) === 'input' ? { ...p, bag: null } : p));
  const flat = parameters.flatMap((p): Property[] => (p.bag === null ? [p] : [...p.bag]));
  const roles = new Map(flat.map((p) => [p.key, roleOfName(p.key)]));
  for (const p of flat) if (p.key === 'dim' && !p.optional) roles.set(p.key, 'dim'); // with a default it is an axis
  settleLetters(roles);
  const input = inputOf(parameters, roles, what);
  if (input === null && what !== 'backward') return null;
  const tells = [...roles.values()].some(
    (r) => r === 'training' || r === 'inference' || r === 'mode' || r === 'momentum',
  );
  const dims = flat.filter((p) => p.key !== input && roles.get(p.key) === 'dim' && !p.optional);
  const options: Property[] = [];
  const inBag = new Set<string>();
  let tensors = 0;
  let hidden = false;
  const slotOf = (p: Property, bagged: boolean): Slot => {
    if (p.key === input) return { kind: 'input' };
    const role = roles.get(p.key) ?? 'other';
    const option = (): Slot => {
      options.push(p);
      if (bagged && !p.optional) {
        hidden = true;
        inBag.add(p.key);
      }
      return { kind: 'option', name: p.key };
    };
    switch (role) {
      case 'out':
        return what === 'function' && !p.optional ? { kind: 'out' } : { kind: 'nothing' };
      case 'shape':
        return p.optional && !bagged ? { kind: 'nothing' } : { kind: 'shape' };
      case 'dim':
        return dims.includes(p)
          ? { kind: 'dim', index: dims.indexOf(p), of: dims.length, fold: foldOf(dims, kind) }
          : { kind: 'nothing' };
      case 'weight':
      case 'bias':
      case 'mean':
      case 'variance':
        if (p.default?.kind === 'bool' || (what === 'method' && p.optional)) return { kind: 'nothing' };
        tensors++;
        return { kind: 'tensor', name: p.key, role: role satisfies TensorRole };
      case 'eps':
      case 'momentum':
      case 'groups':
      case 'size':
        return what === 'method' && p.optional ? { kind: 'nothing' } : option();
      case 'training':
        return { kind: 'mode', train: true, eval: false };
      case 'inference':
        return { kind: 'mode', train: false, eval: true };
      case 'mode':
        return { kind: 'mode', train: wordIn(words, TRAIN_WORDS), eval: wordIn(words, EVAL_WORDS) };
      case 'axis':
        return p.optional ? { kind: 'nothing' } : { kind: 'constant', value: -1 };
      case 'upstream':
        return what === 'backward' ? { kind: 'upstream' } : { kind: 'nothing' };
      case 'cache':
        return what === 'backward' ? { kind: 'cache' } : { kind: 'nothing' };
      case 'input':
        return what === 'backward' ? { kind: 'input' } : { kind: 'nothing' };
      case 'other':
        if (what === 'backward') return { kind: 'cache' };
        return p.optional || what === 'method' ? { kind: 'nothing' } : option();
      default:
        return role satisfies never;
    }
  };
  const slots = parameters.map((p, i): Slot => {
    if (what === 'backward' && i === 0 && roleOfName(p.key) !== 'cache') return { kind: 'upstream' };
    if (what === 'backward' && (p.bag !== null || roleOfName(p.key) === 'cache')) return { kind: 'cache' };
    if (p.bag === null || p.key === input) return slotOf(p, false);
    return { kind: 'bag', name: p.key, entries: p.bag.map((inner) => ({ key: inner.key, slot: slotOf(inner, true) })) };
  });
  const statistics = [...roles.values()].filter((r) => r === 'mean' || r === 'variance').length;
  return {
    slots,
    options,
    inBag,
    hidden,
    tensors,
    sizes: flat.some((p) => p.key !== input && roles.get(p.key) === 'shape') ? 'shape' : dims.length,
    given: what === 'function' && statistics === 2 && !tells,
    read: parameters.find((p) => p.key === input)?.read ?? [],
  };
}

// --- internal ---

const TRAIN_WORDS = ['train', 'training', 'fit'];
const EVAL_WORDS = ['eval', 'test', 'inference', 'infer', 'predict', 'evaluation', 'evaluate', 'val'];

const wordIn = (words: readonly string[], wanted: readonly string[]) =>
  wanted.find((word) => words.includes(word)) ?? wanted[0];

/** Letters that stand for a tensor alone, unless a longer name has that job already: then they are sizes, or the groups. */
function settleLetters(roles: Map<string, ParameterRole>): void {
  const long = (role: ParameterRole) => [...roles].some(([name, r]) => r === role && name.length > 1);
  for (const [name, role] of roles) {
    if (name.length > 1) continue;
    if (role === 'weight' && long('weight')) roles.set(name, name === 'g' || name === 'G' ? 'groups' : 'dim');
    if (role === 'bias' && long('bias')) roles.set(name, 'dim');
  }
  // `groups` and `G` are both there: the letter is the groups where nothing else is.
  if (roles.get('G') === 'weight' && ![...roles.values()].includes('bias')) roles.set('G', 'groups');
}

/** The first argument that is neither the place of the answer nor a size. */
function inputOf(
  parameters: readonly Parameter[],
  roles: ReadonlyMap<string, ParameterRole>,
  what: 'function' | 'method' | 'backward',
): string | null {
  if (what === 'backward') return null;
  const plain = parameters.filter((p) => p.bag === null);
  const named = plain.find((p) => roles.get(p.key) === 'input');
  const open = plain.find((p) => ['other', 'shape', 'out'].includes(roles.get(p.key) ?? '') && !p.optional);
  const first = plain[0];
  if (first !== undefined && roles.get(first.key) === 'input') return first.key;
  if (first?.read.some((key) => OF_INPUTS.has(key))) return first.key;
  return (named ?? open ?? first)?.key ?? null;
}

const OF_INPUTS = new Set(['map', 'reduce', 'data', 'shape', 'dims', 'storage', 'values']);

function foldOf(dims: readonly Property[], kind: string | null): Fold {
  const last = dims[dims.length - 1].key.toLowerCase();
  if (dims.length === 1) return kind === 'LayerNorm' || kind === 'RMSNorm' || kind === null ? 'leading' : 'trailing';
  if (/^(hw|spatial(size)?|pixels|area|size|length|l|inner)$/.test(last) && dims.length === 3) return 'trailing';
  return dims.length === 2 && (kind === 'LayerNorm' || kind === 'RMSNorm') ? 'leading' : 'none';
}
