// How the input of a call may be handed over, the likeliest first: nested arrays, flat ones, objects with a shape, or a vector at a time.

import type { CallSlots } from './call-slots.ts';
import { DATA_KEYS, SHAPE_KEYS } from './containers.ts';
import type { ExportFacts } from './export-facts.ts';
import type { Container, Lift, Plan } from './plan.ts';
import { readCallable } from './read-callable.ts';

export type How = Pick<Plan, 'container' | 'lift' | 'blind' | 'rank' | 'vector'>;

/** `holds`: an instance knows sizes of its own, so that a flat input may leave them out. */
export function callContainers(
  call: CallSlots,
  kind: string | null,
  all: readonly ExportFacts[],
  holds: boolean,
): How[] {
  const plain = { lift: 'none', blind: false, rank: null } as const;
  const both = (container: Container, first: 'numbers' | 'typed', more: Partial<How> = {}): How[] =>
    [first, first === 'numbers' ? 'typed' : 'numbers'].map((vector) => ({
      ...plain,
      container,
      vector: vector as How['vector'], // one of the two
      ...more,
    }));
  const flat = [...both({ kind: 'typed' }, 'typed'), ...both({ kind: 'numbers' }, 'numbers')];
  const nested = both({ kind: 'nested' }, 'numbers');
  if (call.sizes === 'shape') return [...flat, ...nested];
  if (call.sizes > 1) {
    const folds = call.slots.find((slot) => slot.kind === 'dim');
    const rank = folds?.kind === 'dim' && folds.fold === 'none' ? call.sizes : null;
    return [...flat.map((how) => ({ ...how, rank })), ...nested.map((how) => ({ ...how, rank }))];
  }
  const objects = objectContainers(call).flatMap((container) => both(container, 'typed'));
  const classes = classContainers(all).flatMap((container) => both(container, 'typed'));
  const rows = both({ kind: 'rows' }, 'typed');
  // Without sizes of its own a flat input is a vector, whatever the call thinks of it.
  const knows = holds || call.tensors > 0 || call.sizes === 1;
  const layered = kind === null || kind === 'LayerNorm' || kind === 'RMSNorm';
  const blind = knows ? flat.map((how) => ({ ...how, blind: true, rank: layered ? null : 2 })) : [];
  const vectors = LIFTS[kind ?? '']?.flatMap((lift) => flat.map((how) => ({ ...how, lift }))) ?? [];
  return [...objects, ...nested, ...rows, ...classes, ...blind, ...vectors];
}

// --- internal ---

const LIFTS: Readonly<Record<string, readonly Lift[]>> = {
  '': ['rows'],
  LayerNorm: ['rows'],
  RMSNorm: ['rows'],
  BatchNorm: ['columns'],
  InstanceNorm: ['instances'],
};

/** Where properties of the input are read that are those of a tensor. */
function objectContainers({ read }: CallSlots): Container[] {
  const data = DATA_KEYS.find((key) => read.includes(key));
  const shape = SHAPE_KEYS.find((key) => read.includes(key));
  if (data === undefined || shape === undefined) return [];
  return (['typed', 'numbers', 'nested'] as const).map((flat) => ({ kind: 'object', data, shape, flat }));
}

/** Exported classes that are made of elements and sizes. */
function classContainers(all: readonly ExportFacts[]): Container[] {
  return all.flatMap((facts): Container[] => {
    if (facts.kind !== 'class' || !/tensor|ndarray|matrix|array/i.test(facts.name)) return [];
    const [first, second] = readCallable(facts.text)?.parameters ?? [];
    if (first === undefined || second === undefined) return [];
    const shapeFirst = /shape|dims|size/i.test(first.key);
    return (['typed', 'numbers', 'nested'] as const).map((flat) => ({
      kind: 'class',
      name: facts.name,
      first: shapeFirst ? 'shape' : 'data',
      flat,
    }));
  });
}
