// `normative explain`: one convention taught, all of them listed, and a word that is none answered with the nearest.

import { describe, expect, test } from 'vitest';
import { main } from '../../ts-impl/cli/program.ts';
import { AXES } from '../../ts-impl/conformance/diagnosis/axes/axes.ts';
import { fakeEdge, madeUpRooms } from './fake-edge.ts';

async function explain(...words: string[]) {
  const edge = fakeEdge();
  const code = await main(['explain', ...words], edge, madeUpRooms().rooms);
  return { code, out: edge.outText(), err: edge.errText() };
}

describe('explain', () => {
  test.each(AXES.map((axis) => axis.id))('teaches %s', async (id) => {
    const { code, out, err } = await explain(id);
    expect([code, err]).toEqual([0, '']);
    for (const part of [
      'PyTorch',
      'Values, and who has them',
      'To agree with PyTorch',
      'A trained model',
      'How it is found',
      'In numbers',
      '(PyTorch)',
    ])
      expect(out).toContain(part);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(out).not.toMatch(/undefined|\[object/);
  });

  test('says who does it which way, and shows it in numbers', async () => {
    const { out } = await explain('momentum.rule');
    expect(out).toMatch(/old-weight +r ← m · r \+ \(1 − m\) · s; seen in TensorFlow, Keras/);
    expect(out).toMatch(/new-weight +\[1\.438\] {2}\(PyTorch\)/);
  });

  test('lists all of them without an argument', async () => {
    const { code, out } = await explain();
    expect(code).toBe(0);
    expect(out.split('\n').filter((line) => /^[a-z.-]+ {2,}/.test(line))).toHaveLength(AXES.length);
  });

  test.each([
    ['momentm.rule', 'momentum.rule'],
    ['placment', 'eps.placement'],
    ['old-weight', 'momentum.rule'],
    ['eps', 'eps.placement'],
  ])('asked for %s, which is none, names %s', async (word, id) => {
    const { code, err } = await explain(word);
    expect(code).toBe(2);
    expect(err).toContain(`"${word}" is no convention; did you mean`);
    expect(err).toContain(id);
  });
});
