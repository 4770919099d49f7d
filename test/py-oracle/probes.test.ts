// The oracle's probes: a closed list, of which behaviours ask every one, and which leave the oracle as it was.

import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BEHAVIOURS } from '../../cases/behaviours/behaviours.ts';
import { flat, sixteenths } from '../../cases/behaviours/short.ts';
import { type Case, int } from '../../cases/case.ts';
import type { Outcome } from '../../ts-impl/conformance/outcome.ts';
import { type Oracle, startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { tensor } from '../../ts-impl/tensor/tensor.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../conformance/subjects/live-python.ts';
import { caseOf, construct } from '../conformance/subjects/small-cases.ts';

const FOLDER = new URL('../../py-oracle/torch_side/probes/', import.meta.url);
const probe = (name: string): Case => caseOf(name, [{ kind: 'probe', name }]);

/** The names that the files register, as `PROBES` has them. */
const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.py'))
  .flatMap((file) => {
    const registered = readFileSync(new URL(file, FOLDER), 'utf8').match(/^PROBES: dict\[str, Probe\] = \{(.*?)\}$/ms);
    return Array.from((registered?.[1] ?? '').matchAll(/"([a-z-]+)":/g), ([, name]) => name);
  })
  .sort();

test('behaviours ask each probe there is, and no other', () => {
  const asked = BEHAVIOURS.flatMap(({ questions }) => questions)
    .flatMap((question) => question.case.steps)
    .flatMap((step) => (step.kind === 'probe' ? [step.name] : []));
  expect(NAMES.length).toBeGreaterThan(15);
  expect([...new Set(asked)].sort()).toEqual(NAMES);
});

describe.skipIf(!hasPython)(`live${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await startOracle({ python: PYTHON });
  });
  afterAll(() => oracle?.close());

  const ask = async (...cases: Case[]): Promise<Outcome[]> =>
    (await oracle.ask(cases, { truth: false })).map(({ outcome }) => outcome);

  test('an unknown one is unsupported', async () => {
    expect(await ask(probe('no-such-probe'))).toEqual([
      { kind: 'unsupported', reason: 'this oracle has no probe no-such-probe' },
    ]);
  });

  test('all of them leave threads and gradients as they were', async () => {
    // B-221 shows that the bits of these rows tell one thread from two.
    const rows = tensor(
      flat(sixteenths(200, 17)).map((x) => x / 7),
      [200, 17],
      'float32',
    );
    const plain = caseOf('plain', [
      construct('BatchNorm1d', { num_features: int(17) }),
      { kind: 'forward', mode: 'train', input: rows, gradient: false },
      { kind: 'inspect', names: ['output.requires_grad'] },
    ]);
    const all = await ask(plain, ...NAMES.map(probe), plain);
    for (const outcome of all) expect(['returned', 'refused']).toContain(outcome.kind);
    expect(all[0]).toMatchObject({ kind: 'returned' });
    expect(all[all.length - 1]).toEqual(all[0]);
  });
});
