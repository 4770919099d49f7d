// The measured table of behaviours: held against PyTorch as it is, and looked at without it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BEHAVIOURS, CATALOGUED } from '../../../cases/behaviours/behaviours.ts';
import { measuredStates, tableWords } from '../../../ts-impl/conformance/behaviours/measured-table.ts';
import { type Oracle, startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../../ts-impl/conformance/subjects/port.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../subjects/live-python.ts';
import { measure, type MeasuredRow } from './measure.ts';

const measured = measuredStates();

/** What is stale in the table: another state, or somebody named who fails nothing of it. */
function staleRows(rows: readonly MeasuredRow[]): string[] {
  return rows.flatMap(({ behaviour: { id }, state, catching }) => {
    const row = measured.get(id);
    if (row === undefined) return [`${id} is missing`];
    if (row.state !== tableWords(state)) return [`${id} is ${row.state}, now ${tableWords(state)}`];
    return row.caughtBy === null || catching.has(row.caughtBy) ? [] : [`${id} is not caught by ${row.caughtBy}`];
  });
}

describe.skipIf(!hasPython)(`live${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await startOracle({ python: PYTHON });
  });
  afterAll(() => oracle?.close());

  test('what the table says is so; `npm run behaviours` writes it anew', { timeout: 240_000 }, async () => {
    const rows = await measure(BEHAVIOURS, oracle, makePort());
    expect(rows.length).toBe(BEHAVIOURS.length);
    expect(rows.filter(({ state }) => state.kind === 'moved' || state.kind === 'undecided')).toEqual([]);
    expect(staleRows(rows)).toEqual([]);
    const [first] = rows;
    expect(staleRows([{ ...first, state: { kind: 'differs', reason: 'planted' } }])).toHaveLength(1);
    expect(staleRows([{ ...first, catching: new Set() }])).toHaveLength(1);
  });
});

describe('the table', () => {
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
