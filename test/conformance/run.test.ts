// The runner: order, each case once, windows, laziness, stopping, and subjects that miscount.

import { describe, expect, test } from 'vitest';
import type { Case } from '../../cases/case.ts';
import type { Answer } from '../../ts-impl/conformance/outcome.ts';
import { type Judged, run, type RunOptions } from '../../ts-impl/conformance/run.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';
import { answer, caseOf, float32, returned } from './judge/hand-made.ts';

const OPTIONS: RunOptions = { tolerance: { kind: 'bound' }, truth: true };

function* numbered(count: number, onDraw: (i: number) => void = () => {}): Generator<Case> {
  for (let i = 0; i < count; i++) {
    onDraw(i);
    yield { ...caseOf([{ kind: 'read', what: 'all' }]), id: `x1/${i}` };
  }
}

interface Watched extends Subject {
  readonly seen: { inFlight: number; mostInFlight: number; batches: number[]; truths: Set<boolean> };
}

/** Answers the number of the case after some turns of the event loop, the later batches sooner. */
function counting(cases: number, window: number, kind: Subject['kind'] = 'port'): Watched {
  const seen = { inFlight: 0, mostInFlight: 0, batches: [] as number[], truths: new Set<boolean>() };
  return {
    name: 'counting',
    kind,
    version: null,
    capabilities: {},
    batch: { cases, window },
    seen,
    ask: async (batch, { truth }) => {
      seen.truths.add(truth);
      seen.batches.push(batch.length);
      seen.mostInFlight = Math.max(seen.mostInFlight, ++seen.inFlight);
      await new Promise((resolve) => setTimeout(resolve, 8 - seen.batches.length));
      seen.inFlight--;
      return batch.map(numberOf);
    },
    close: async () => {},
  };
}

function numberOf(c: Case): Answer {
  return answer([returned({ weight: float32([Number(c.id.slice(3))]) })]);
}

async function all(judged: AsyncIterable<Judged>): Promise<Judged[]> {
  const list: Judged[] = [];
  for await (const one of judged) list.push(one);
  return list;
}

describe('run', () => {
  test('judges every case once, in order, whatever comes back first', async () => {
    const judged = await all(run(numbered(23), counting(4, 3, 'oracle'), counting(5, 2), OPTIONS));
    expect(judged.map((j) => j.verdict.case)).toEqual(Array.from({ length: 23 }, (_, i) => `x1/${i}`));
    expect(new Set(judged.map((j) => j.verdict.kind))).toEqual(new Set(['identical']));
  });

  test('keeps to the batch of the smaller and to each window, and overlaps', async () => {
    const oracle = counting(4, 3, 'oracle');
    const subject = counting(100, 1);
    await all(run(numbered(30), oracle, subject, OPTIONS));
    expect(oracle.seen.batches).toEqual([4, 4, 4, 4, 4, 4, 4, 2]);
    expect(oracle.seen.mostInFlight).toBe(3);
    expect(subject.seen.mostInFlight).toBe(1);
  });

  test('asks the truth of the oracle alone', async () => {
    const [oracle, subject] = [counting(4, 1, 'oracle'), counting(4, 1)];
    await all(run(numbered(3), oracle, subject, OPTIONS));
    expect([...oracle.seen.truths]).toEqual([true]);
    expect([...subject.seen.truths]).toEqual([false]);
  });

  test('draws no more cases than are in flight', async () => {
    let drawn = 0;
    const judged = run(
      numbered(1e9, (i) => (drawn = i + 1)),
      counting(4, 3, 'oracle'),
      counting(4, 1),
      OPTIONS,
    );
    for (let i = 0; i < 10; i++) await judged.next();
    expect(drawn).toBeLessThanOrEqual(10 + 4 * 4);
    await judged.return();
  });

  test('stops where it is told to, and lets go of the cases', async () => {
    const controller = new AbortController();
    let released = false;
    function* source() {
      try {
        yield* numbered(1e9);
      } finally {
        released = true;
      }
    }
    let count = 0;
    for await (const _ of run(source(), counting(4, 2, 'oracle'), counting(4, 2), {
      ...OPTIONS,
      signal: controller.signal,
    })) {
      if (++count === 6) controller.abort();
    }
    expect(count).toBe(6);
    expect(released).toBe(true);
  });

  test('no case is no verdict', async () => {
    expect(await all(run([], counting(4, 1, 'oracle'), counting(4, 1), OPTIONS))).toEqual([]);
  });

  test('a subject that rejects ends the run with its error', async () => {
    const broken = { ...counting(4, 1), ask: () => Promise.reject(new Error('no more')) };
    await expect(all(run(numbered(9), counting(4, 2, 'oracle'), broken, OPTIONS))).rejects.toThrow('no more');
  });
});
