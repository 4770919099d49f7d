// The suites: sizes, laziness, and what the standard suite is sure to hold.

import { describe, expect, test } from 'vitest';
import { type Case, LAYERS, type Step } from '../../cases/case.ts';
import { listFamilies } from '../../cases/families.ts';
import { FAMILY_NAMES, LISTED_FAMILIES } from '../../cases/g1/generate.ts';
import { layoutsOf } from '../../cases/g1/layouts.ts';
import { isFunction, mayTrack, normOf, ranksOf, SUBJECTS } from '../../cases/g1/norm.ts';
import { EPSILONS, MOMENTA } from '../../cases/g1/options.ts';
import { firstInput } from '../../cases/g1/summary.ts';
import { SHARES, SUITE_NAMES, suite } from '../../cases/suites.ts';

const familyOf = (c: Case) => c.id.split('/')[1];

function constructOf(c: Case): Extract<Step, { kind: 'construct' }> | null {
  const first = c.steps[0];
  return first.kind === 'construct' ? first : null;
}

/** How the first forward or call is made: train where nothing else is said. */
function firstMode(c: Case): string {
  for (const step of c.steps) {
    if (step.kind === 'forward') return step.mode ?? 'train';
    if (step.kind !== 'call') continue;
    const flag = step.arguments.training ?? step.arguments.use_input_stats;
    return flag?.kind === 'bool' && !flag.value ? 'eval' : 'train';
  }
  return 'none';
}

describe('suite', () => {
  test.each(SUITE_NAMES)('%s yields as many cases as it says, each id once', (name) => {
    const cases = suite(name, name === 'deep' ? { cases: 700 } : {});
    const ids = new Set<string>();
    for (const c of cases) ids.add(c.id);
    expect(ids.size).toBe(cases.size);
  });

  test('sizes: smoke about 400, standard at least 2,000, deep what is asked', () => {
    expect(suite('smoke').size).toBeGreaterThan(250);
    expect(suite('smoke').size).toBeLessThan(450);
    expect(suite('standard').size).toBeGreaterThanOrEqual(2000);
    expect(suite('deep', { cases: 123 }).size).toBe(123);
    expect(suite('smoke', { cases: 10 }).size).toBe(10);
    expect([...suite('smoke', { cases: 10 })]).toHaveLength(10);
  });

  test('smoke and standard begin with the same cases of a family; another seed gives others', () => {
    const standard = new Set([...suite('standard')].map((c) => c.id));
    for (const c of suite('smoke')) expect(standard.has(c.id)).toBe(true);
    expect([...suite('smoke', { seed: 1, cases: 20 })].some((c) => standard.has(c.id))).toBe(false);
  });

  test('can be gone through twice, and is lazy', () => {
    const smoke = suite('smoke');
    expect([...smoke].length).toBe([...smoke].length);
    const endless = suite('deep', { cases: Number.MAX_SAFE_INTEGER });
    const taken: string[] = [];
    for (const c of endless) {
      taken.push(familyOf(c));
      if (taken.length === 300) break;
    }
    const deep = FAMILY_NAMES.filter((family) => SHARES[family].deep > 0);
    expect(new Set(taken)).toEqual(new Set(deep));
  });

  test('smoke holds every layer, and every listed row', () => {
    const cases = [...suite('smoke')];
    expect(new Set(cases.map((c) => c.layer))).toEqual(new Set(SUBJECTS));
    for (const [family, rows] of Object.entries(LISTED_FAMILIES)) {
      expect(cases.filter((c) => familyOf(c) === family)).toHaveLength(rows.length);
    }
  });

  test('every family has a line and a reason', () => {
    expect(listFamilies().map(({ id }) => id)).toEqual(FAMILY_NAMES);
    for (const { id, line } of listFamilies()) expect(`${line}${SHARES[id].reason}`.length).toBeGreaterThan(20);
  });
});

describe('the standard suite', () => {
  const drawn = [...suite('standard')].filter((c) => !(familyOf(c) in LISTED_FAMILIES));
  const counts = (keys: Iterable<string>) => {
    const seen = new Map<string, number>();
    for (const key of keys) seen.set(key, (seen.get(key) ?? 0) + 1);
    return seen;
  };

  test('holds every layer and function × rank × mode × layout', () => {
    const seen = counts(
      drawn.map((c) => `${c.layer} ${firstInput(c.steps)?.shape.length} ${firstMode(c)} ${c.layout}`),
    );
    let looked = 0;
    for (const subject of SUBJECTS) {
      const modes = isFunction(subject) && !mayTrack(normOf(subject)) ? ['train'] : ['train', 'eval'];
      for (const { rank } of ranksOf(subject)) {
        for (const mode of modes) {
          for (const layout of layoutsOf(rank)) {
            looked++;
            expect(
              seen.get(`${subject} ${rank} ${mode} ${layout}`) ?? 0,
              `${subject} ${rank} ${mode} ${layout}`,
            ).toBeGreaterThan(0);
          }
        }
      }
    }
    expect(looked).toBeGreaterThan(300);
  });

  test('holds every layer × option value', () => {
    const seen = counts(
      drawn.flatMap((c) => {
        const args = constructOf(c)?.arguments ?? {};
        return Object.entries(args).map(([name, v]) => `${c.layer} ${name} ${'value' in v ? v.value : v.kind}`);
      }),
    );
    const expected: string[] = [];
    for (const layer of LAYERS) {
      const norm = normOf(layer);
      for (const eps of EPSILONS) expected.push(`${layer} eps ${eps}`);
      const affine = norm === 'layer' || norm === 'rms' ? 'elementwise_affine' : 'affine';
      for (const value of [true, false]) {
        expected.push(`${layer} ${affine} ${value}`);
        if (norm !== 'rms') expected.push(`${layer} bias ${value}`);
        if (mayTrack(norm)) expected.push(`${layer} track_running_stats ${value}`);
      }
      if (norm === 'rms') expected.push(`${layer} eps null`);
      if (mayTrack(norm)) for (const m of MOMENTA) expected.push(`${layer} momentum ${m}`);
    }
    for (const key of expected) expect(seen.get(key) ?? 0, key).toBeGreaterThan(0);
    expect(expected.length).toBeGreaterThan(120);
  });

  test('holds every float dtype and the default options for every layer', () => {
    for (const layer of LAYERS) {
      const own = drawn.filter((c) => c.layer === layer);
      expect(new Set(own.map((c) => c.dtype)), layer).toEqual(new Set(['float32', 'float64', 'float16', 'bfloat16']));
      const bare = own.filter((c) => !('eps' in (constructOf(c)?.arguments ?? {})));
      expect(bare.length, layer).toBeGreaterThan(0);
    }
  });

  test('holds group counts of 1, of C and between, and normalized_shape of 1 to 3 dims', () => {
    const groups = counts(
      drawn.flatMap((c) => {
        const { num_groups: g, num_channels: C } = constructOf(c)?.arguments ?? {};
        if (g?.kind !== 'int' || C?.kind !== 'int') return [];
        expect(C.value % g.value).toBe(0);
        return [g.value === 1 ? 'one' : g.value === C.value ? 'C' : 'between'];
      }),
    );
    for (const kind of ['one', 'C', 'between']) expect(groups.get(kind) ?? 0, kind).toBeGreaterThan(20);
    const dims = counts(
      drawn.flatMap((c) => {
        const shape = constructOf(c)?.arguments.normalized_shape;
        return shape === undefined ? [] : [shape.kind === 'list' ? String(shape.items.length) : 'int'];
      }),
    );
    for (const kind of ['int', '1', '2', '3']) expect(dims.get(kind) ?? 0, kind).toBeGreaterThan(20);
  });

  test('reaches batches of 32 and 64 channels, and stays small: median under 500 elements, none over 30,000', () => {
    const shapes = drawn.flatMap((c) => firstInput(c.steps)?.shape ?? []);
    expect(shapes).toContain(64);
    const batches = drawn.filter((c) => c.layer.startsWith('BatchNorm')).map((c) => firstInput(c.steps)?.shape[0]);
    expect(batches).toContain(32);
    expect(batches).toContain(1);
    const sizes = drawn.map((c) => firstInput(c.steps)?.shape.reduce((product, n) => product * n, 1) ?? 0);
    sizes.sort((a, b) => a - b);
    expect(sizes[sizes.length >> 1]).toBeLessThan(500);
    expect(sizes[sizes.length - 1]).toBeLessThan(30_000);
    expect(sizes[sizes.length - 1]).toBeGreaterThan(5_000);
  });

  test('reads the buffers after every forward of a tracked layer, and asks one to five forwards', () => {
    const lengths = new Set<number>();
    for (const c of drawn) {
      const kinds = c.steps.map((step) => step.kind);
      const forwards = kinds.filter((kind) => kind === 'forward').length;
      if (forwards > 0) lengths.add(forwards);
      const track = constructOf(c)?.arguments.track_running_stats;
      const tracked = track?.kind === 'bool' ? track.value : c.layer.startsWith('BatchNorm');
      if (tracked) expect(kinds.filter((kind) => kind === 'read').length, c.id).toBe(forwards);
    }
    expect(lengths).toEqual(new Set([1, 2, 3, 4, 5]));
  });
});
