// Nobody passes the gate beyond its places, and whoever came first goes first.

import { expect, test } from 'vitest';
import { makeGate } from '../../../ts-impl/conformance/subjects/gate.ts';

test('whoever wants to be alone waits for all, and all wait for it', async () => {
  const gate = makeGate(2);
  const order: string[] = [];
  const visit = async (name: string, places: number): Promise<() => void> => {
    const leave = await gate.enter(places);
    order.push(name);
    return leave;
  };
  const a = await visit('a', 1);
  const b = await visit('b', 1);
  const alone = visit('alone', 2);
  const c = visit('c', 1);
  a();
  a(); // a second leave frees nothing
  await Promise.resolve();
  expect(order).toEqual(['a', 'b']);
  b();
  (await alone)();
  (await c)();
  expect(order).toEqual(['a', 'b', 'alone', 'c']);
});
