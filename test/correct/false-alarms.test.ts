// A small part of `npm run false-alarms`: correct implementations over generated cases in every dtype raise no alarm, and a wrong one does.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { suite } from '../../cases/suites.ts';
import { type Oracle, startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../conformance/subjects/live-python.ts';
import { countAlarms, noCounts } from './false-alarms.ts';
import { halved } from './half-cases.ts';
import { STYLES } from './style.ts';

describe.skipIf(!hasPython)(`against live PyTorch${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await startOracle({ python: PYTHON });
  });
  afterAll(() => oracle?.close());

  const drawn = [...suite('deep', { seed: 40, cases: 300 })];
  const narrow = drawn.filter((c) => c.dtype === 'float32');

  test('no correct implementation alarms in float32 and float64', async () => {
    const counts = noCounts();
    await countAlarms(drawn.slice(0, 120), oracle, counts);
    expect(counts.examples).toEqual([]);
    expect(counts.judged).toBeGreaterThan(400);
    expect(counts.alarms).toBe(0);
  });

  test('nor in half precision, mixed or not', async () => {
    const counts = noCounts();
    const cases = narrow.slice(0, 60).map((c, i) => halved(c, i % 2 === 0 ? 'float16' : 'bfloat16', i % 4 >= 2));
    await countAlarms(cases, oracle, counts);
    expect(counts.examples).toEqual([]);
    expect(counts.judged).toBeGreaterThan(250);
    expect(counts.alarms).toBe(0);
  });

  test('an eps that is 1 % too large alarms in most of the layers', async () => {
    const counts = noCounts();
    const style = STYLES[1];
    await countAlarms(narrow, oracle, counts, [{ ...style, name: 'wrong eps', epsFactor: 1.01 }]);
    const layers = new Set(counts.examples.map(({ key }) => key.split(' | ')[1]));
    expect(layers.size).toBeGreaterThan(8);
  });
});
