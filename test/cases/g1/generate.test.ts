// Generator version 1: pinned bytes, determinism, and what every drawn case promises.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Case } from '../../../cases/case.ts';
import { FAMILY_NAMES, generate, LISTED_FAMILIES, nthIndex } from '../../../cases/g1/generate.ts';
import { packHeader } from '../../../cases/packed-header.ts';
import { encodeCase } from '../../../cases/serialise.ts';
import { suite } from '../../../cases/suites.ts';
import { sizeOf } from '../../../ts-impl/tensor/shape.ts';

/** Everything a case is, in one short word. */
function hashOf(c: Case): string {
  const { header, payload } = encodeCase(c);
  return createHash('sha256').update(packHeader(header)).update(payload).digest('hex').slice(0, 16);
}

describe('generate', () => {
  test('seed 42 gives these cases, byte for byte, for as long as g1 exists', () => {
    const first = FAMILY_NAMES.flatMap((family) => [0, 1, 2].map((index) => generate(family, 42, index)));
    expect(first.map((c) => `${hashOf(c)} ${c.id}`)).toMatchSnapshot();
  });

  test('seed 42 gives these suites', () => {
    const all = (cases: Iterable<Case>) => {
      const hash = createHash('sha256');
      for (const c of cases) hash.update(hashOf(c));
      return hash.digest('hex');
    };
    expect({
      smoke: all(suite('smoke', { seed: 42 })),
      deep: all(suite('deep', { seed: 42, cases: 500 })),
    }).toMatchSnapshot();
  });

  test('makes the same case whatever was made before it', () => {
    const forwards = [0, 1, 2, 3].map((index) => hashOf(generate('ordinary', 9, index)));
    const backwards = [3, 2, 1, 0].map((index) => hashOf(generate('ordinary', 9, index))).reverse();
    expect(backwards).toEqual(forwards);
    expect(new Set(forwards).size).toBe(4);
  });

  test('shares no memory between the tensors of a case', () => {
    for (const family of FAMILY_NAMES) {
      const seen = new Set<ArrayBufferLike>();
      for (const step of generate(family, 1, 3).steps) {
        if (step.kind !== 'forward') continue;
        expect(seen.has(step.input.storage.buffer)).toBe(false);
        seen.add(step.input.storage.buffer);
      }
    }
  });

  test('draws upstream gradients that are never ones', () => {
    let looked = 0;
    for (const c of suite('deep', { seed: 4, cases: 400 })) {
      for (const step of c.steps) {
        if (step.kind !== 'backward' || sizeOf(step.gradient.shape) < 2) continue;
        looked++;
        const values = [...(step.gradient.storage as Float32Array | Float64Array)].filter((x) => !Number.isNaN(x)); // gaps
        expect(values.every((x) => x === values[0])).toBe(false);
      }
    }
    expect(looked).toBeGreaterThan(200);
  });

  test('gives weights a zero and a negative', () => {
    let looked = 0;
    for (let index = 0; index < 60; index++) {
      for (const step of generate('affine', 0, index).steps) {
        if (step.kind !== 'set_tensor' || step.name !== 'weight' || step.tensor === null) continue;
        if (step.tensor.storage.length < 3) continue;
        looked++;
        const values = [...(step.tensor.storage as Float32Array | Float64Array)]; // parameters are floats
        expect(values).toContain(0);
        expect(values.some((x) => x < 0)).toBe(true);
        expect(new Set(values).size).toBe(values.length);
      }
    }
    expect(looked).toBeGreaterThan(20);
  });

  test('has a name for each written-out row, unique with its subject', () => {
    for (const [family, rows] of Object.entries(LISTED_FAMILIES)) {
      const names = rows.map((row) => `${row.subject} ${row.name}`);
      expect(new Set(names).size, family).toBe(names.length);
      for (const row of rows) expect(row.name).toMatch(/^[a-z0-9-]+$/);
    }
  });

  test('counts written-out rows by rounds, so that more rows can follow', () => {
    const rows = LISTED_FAMILIES.empty.length;
    expect([0, rows - 1, rows, 2 * rows + 1].map((n) => nthIndex('empty', n))).toEqual([0, rows - 1, 1000, 2001]);
    expect(generate('empty', 0, 1000).id).toBe(generate('empty', 0, 0).id.replace('/0/0/', '/0/1000/'));
    expect(() => generate('empty', 0, rows)).toThrow(`empty has no case ${rows}`);
  });

  test('is cheap: more than 1,500 cases a second, counted over a second’s worth', () => {
    const from = performance.now();
    let made = 0;
    for (const c of suite('deep', { seed: 8, cases: 2000 })) made += c.steps.length > 0 ? 1 : 0;
    expect(made).toBe(2000);
    expect(2000 / ((performance.now() - from) / 1000)).toBeGreaterThan(1500); // 12,000 on the machine it was made on
  });
});
