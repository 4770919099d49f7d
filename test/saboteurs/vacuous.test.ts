// No case lets every saboteur through; and the saboteurs themselves: each is caught somewhere, an honest subject nowhere.

import { describe, expect, test } from 'vitest';
import type { Case } from '../../cases/case.ts';
import { suite } from '../../cases/suites.ts';
import { judge } from '../../ts-impl/conformance/judge/judge.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import { PLAIN_SABOTEURS, SABOTEURS, saboteurNamed } from './all.ts';
import { guard } from './vacuous.ts';

// The port, whose bits are PyTorch's, gives the answers that are spoilt; `npm run vacuous` takes the standard and deep suites too.
const port = makePort();

describe('the vacuous-pass guard', () => {
  test('finds a saboteur that fails each case of the smoke suite', async () => {
    const guarded = await guard(suite('smoke'), port);
    expect(guarded.length).toBeGreaterThan(300);
    expect(guarded.filter(({ plain, other, untried }) => !untried && plain.length === 0 && other === null)).toEqual([]);
    const numbers = guarded.filter(({ plain }) => plain.length === PLAIN_SABOTEURS.length);
    expect(numbers.length).toBeGreaterThan(guarded.length / 2);
  });

  test('turns red on a case that asks nothing', async () => {
    const idle: Case = { id: 'x1/idle', layer: 'BatchNorm1d', dtype: 'float32', layout: 'contiguous', steps: [] };
    const [found] = await guard([idle], port);
    expect(found).toMatchObject({ plain: [], other: null });
  });
});

describe('saboteurs', () => {
  const sample = [...suite('smoke')].filter((_, i) => i % 3 === 0);

  test('have names of their own', () => {
    expect(SABOTEURS.length).toBeGreaterThan(40);
    expect(new Set(SABOTEURS.map(({ name }) => name)).size).toBe(SABOTEURS.length);
    for (const { name } of SABOTEURS) expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(() => saboteurNamed('nobody')).toThrow(/no saboteur is called "nobody"/);
  });

  test('none is an honest subject: the judge without any tolerance tells each', async () => {
    const honest = await port.ask(sample, { truth: false });
    const seen = async (subject: typeof port) => {
      const answers = await subject.ask(sample, { truth: false });
      const kinds = sample.map((c, i) => judge(c, honest[i], answers[i], { kind: 'ulp', ranks: 0 }).kind);
      return kinds.filter((kind) => kind === 'differs' || kind === 'refused').length;
    };
    expect(await seen(port)).toBe(0);
    const unseen: string[] = [];
    for (const saboteur of SABOTEURS) if ((await seen(saboteur.wrap(port))) === 0) unseen.push(saboteur.name);
    expect(unseen).toEqual(ORDER_ONLY);
  }, 60_000);
});

/** The judge finds tensors by name: their order is not its business, but that of behaviours which claim the names in order. */
const ORDER_ONLY = ['backwards'];
