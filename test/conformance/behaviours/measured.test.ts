// The measured table of behaviours: made again from PyTorch as it is, and looked at without it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BEHAVIOURS, CATALOGUED } from '../../../cases/behaviours/behaviours.ts';
import { measuredStates, renderMeasured } from '../../../ts-impl/conformance/behaviours/measured-table.ts';
import { type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../../ts-impl/conformance/subjects/port.ts';
import { CONDUCT_FAULTS } from '../../faults/conduct-faults.ts';
import { FAULTS } from '../../faults/faults.ts';
import { FAULTLESS } from '../../faults/plain-saboteur.ts';
import { SABOTEURS } from '../../saboteurs/all.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../subjects/live-python.ts';
import { measure, type Registries } from './measure.ts';

const REGISTRIES: Registries = {
  faults: FAULTS.filter((fault) => !CONDUCT_FAULTS.includes(fault)),
  faultless: FAULTLESS,
  conduct: CONDUCT_FAULTS,
  saboteurs: SABOTEURS,
};
const TABLE = '../../../ts-impl/conformance/behaviours/measured.ts';

describe.skipIf(!hasPython)(`live${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await startOracle({ python: PYTHON });
  });
  afterAll(() => oracle?.close());

  test('the table is what PyTorch gives today; `npm run behaviours` writes it anew', { timeout: 240_000 }, async () => {
    const rows = await measure(BEHAVIOURS, oracle, makePort(), REGISTRIES);
    await expect(renderMeasured(oracle.version ?? '', rows)).toMatchFileSnapshot(TABLE);
    expect(rows.filter(({ state }) => state.kind === 'moved' || state.kind === 'undecided')).toEqual([]);
  });
});

describe('the table', () => {
  const measured = measuredStates();

  test('holds every behaviour and nothing else', () => {
    expect([...measured.keys()]).toEqual(BEHAVIOURS.map(({ id }) => id));
  });

  test('names somebody who fails each behaviour that has a question', () => {
    const asked = BEHAVIOURS.filter(({ questions }) => questions.length > 0);
    expect(asked.filter(({ id }) => measured.get(id)?.caughtBy == null).map(({ id }) => id)).toEqual([]);
  });

  test('has at least 200 behaviours of the catalogue that are asked', () => {
    expect(BEHAVIOURS.length).toBeLessThanOrEqual(CATALOGUED);
    expect(BEHAVIOURS.filter(({ about }) => about.kind !== 'none').length).toBeGreaterThanOrEqual(200);
  });
});
