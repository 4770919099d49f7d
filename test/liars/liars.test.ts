// Every miniature liar goes in through the front door and is caught; the honest subject beside them is not.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { suite } from '../../cases/suites.ts';
import { check, type CheckOptions } from '../../ts-impl/conformance/check.ts';
import { type Oracle, startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../conformance/subjects/live-python.ts';
import { LIARS, ONE_ULP_OFF } from './liars.ts';
import { type Flips, naiveCases, naiveNorm } from './naive-norm.ts';

const OPTIONS: CheckOptions = {
  normative: 'test',
  seed: 0,
  suite: 'smoke',
  tolerance: { kind: 'bound' },
  truth: true,
  maxFailures: null,
  strict: false,
  diagnose: null,
};

let oracle: Oracle;
beforeAll(async () => {
  if (!hasPython) return;
  oracle = await startOracle({ python: PYTHON });
});
afterAll(() => oracle?.close());

/** Cases that the port gets right, refusals and trajectories among them. */
function* cases() {
  let nth = 0;
  for (const c of suite('smoke')) {
    if (/ordinary|momentum|trajectory|gradient/.test(c.id) || (c.id.includes('/refusals/') && nth++ % 4 === 0)) yield c;
  }
}

const front = (subject: Subject, options: Partial<CheckOptions> = {}) =>
  check(cases(), oracle, subject, { ...OPTIONS, ...options });

const live = describe.skipIf(!hasPython);
const why = hasPython ? '' : ` (${NO_PYTHON})`;

live(`the front door${why}`, () => {
  test('the honest subject agrees', async () => {
    const report = await front(makePort());
    expect(report).toMatchObject({ verdict: 'agrees', exitCode: 0, totals: { differs: 0, refused: 0, undecided: 0 } });
    expect(report.totals.cases).toBeGreaterThan(50);
  });

  describe('catches', () => {
    test.each(LIARS.map((liar) => [`${liar.name}, which ${liar.tells}`, liar] as const))('%s', async (_, liar) => {
      const subject = liar.from(makePort());
      if (liar.caught instanceof RegExp) {
        await expect(front(subject)).rejects.toThrow(liar.caught);
        return;
      }
      const report = await front(subject);
      expect(report.totals[liar.caught]).toBeGreaterThan(0);
      expect(report.verdict).not.toBe('agrees');
      expect(report.exitCode).toBeGreaterThan(0);
      if (liar.caught === 'unsupported') return;
      const told = report.subjects.flatMap((s) => s.unexplained);
      expect(told.length).toBeGreaterThan(0);
      for (const { case: id, message } of told) expect(`${id} ${message}`).toMatch(/^g1\/.+ .{10,}/s);
    });

    test('one-ulp: within the bound, never identical, and differing where no ULP is allowed', async () => {
      const subject = ONE_ULP_OFF.from(makePort());
      const bound = await front(subject);
      const moved = bound.cells.filter(
        (cell) => cell.identicalElements > 0 && cell.dtype !== 'int64' && cell.direction !== 'buffers',
      );
      for (const cell of moved) expect(cell.identicalElements).toBeLessThan(cell.elements * 0.1); // non-finite elements alone, and those where the port was one below
      const strict = await front(subject, { tolerance: { kind: 'ulp', ranks: 0 } });
      expect(strict.totals.differs).toBeGreaterThan(50);
      expect(strict.exitCode).toBe(1);
    });
  });

  describe('a norm written by hand in float32', () => {
    const own = naiveCases();
    const hold = (flips: Flips) => check(own, oracle, naiveNorm(flips), { ...OPTIONS, suite: null });

    test('is within the bound everywhere when its conventions are PyTorch’s', async () => {
      const report = await hold({});
      expect(own.length).toBeGreaterThan(50);
      expect(report.subjects.flatMap((s) => s.unexplained)).toEqual([]);
      expect(report).toMatchObject({ verdict: 'agrees', totals: { cases: own.length } });
      expect(report.totals.within).toBeGreaterThan(0);
    });

    test.each<[string, Flips]>([
      ['the variance unbiased', { unbiased: true }],
      ['the tracked variance biased', { runningBiased: true }],
      ['the momentum swapped', { momentumSwapped: true }],
      ['eps outside the root', { epsOutside: true }],
      ['eps a tenth larger', { epsFactor: 1.1 }],
      ['running statistics in training', { trainRunning: true }],
      ['the batch in eval', { evalBatch: true }],
    ])('differs with %s', async (_, flips) => {
      const report = await hold(flips);
      expect(report.totals.differs).toBeGreaterThan(own.length / 10);
      expect(report.exitCode).toBe(1);
    });
  });
});
