// Behaviours through the front door: their states, their findings, the verdict of the run, and every row that is written.

import { describe, expect, test } from 'vitest';
import type { Behaviour } from '../../../cases/behaviours/behaviour.ts';
import { BEHAVIOURS, CATALOGUED, caseOfBehaviour } from '../../../cases/behaviours/behaviours.ts';
import { values, words } from '../../../cases/behaviours/say.ts';
import { features, probe, X } from '../../../cases/behaviours/steps.ts';
import { behaviour, notAsked, pin } from '../../../cases/behaviours/write.ts';
import { caseFromId } from '../../../cases/case-id.ts';
import { READ, train } from '../../../cases/families/row.ts';
import { BehaviourBook, renderStates } from '../../../ts-impl/conformance/behaviours/check-behaviours.ts';
import { renderState } from '../../../ts-impl/conformance/behaviours/state.ts';
import { check } from '../../../ts-impl/conformance/check.ts';
import type { Answer } from '../../../ts-impl/conformance/outcome.ts';
import { renderJson } from '../../../ts-impl/conformance/report/render-rows.ts';
import { makePort as port } from '../../../ts-impl/conformance/subjects/port.ts';
import type { Subject } from '../../../ts-impl/conformance/subjects/subject.ts';
import { fromStorage } from '../../../ts-impl/tensor/tensor.ts';
import { portAsOracle, portBut } from '../made-up.ts';
import { faultsOfReport } from '../report/report-schema.ts';

const VARIANCE = behaviour('B-900', {
  layers: ['BatchNorm1d'],
  line: 'the running variance is unbiased',
  ask: { small: [features('BatchNorm1d', 2), train(X), READ], repr: [features('BatchNorm1d', 2)] },
  claims: [
    values('small:2 running_var', [1.3, 2.5]),
    words('repr:0 repr', 'BatchNorm1d(2, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)'),
  ],
});
const PIN = pin('B-901', 'deep copies are of Python objects', {
  layers: ['BatchNorm1d'],
  line: 'a probe',
  ask: { steps: [probe('deep-copy')] },
  claims: [words('0 shared', 'True')],
});
const NONE = notAsked('B-902', ['BatchNorm1d'], 'another version alone', '1.13 only');

/** Answers that come out of nowhere for probes, since no PyTorch is here. */
const probed = (subject: Subject, shared: string): Subject => ({
  ...subject,
  ask: async (cases, options) => {
    const answers = await subject.ask(cases, options);
    return cases.map((c, i) =>
      c.steps[0].kind === 'probe'
        ? { outcome: { kind: 'returned', steps: [{ kind: 'returned', tensors: [], texts: { shared } }] }, truth: null }
        : answers[i],
    );
  },
});

async function held(all: readonly Behaviour[], port: Subject, oracle: Subject = portAsOracle(), strict = false) {
  const book = new BehaviourBook(all);
  const report = await check(book.cases(), oracle, port, {
    normative: '0.0.0',
    seed: 0,
    suite: 'behaviours',
    tolerance: { kind: 'bound' },
    truth: true,
    maxFailures: null,
    strict,
    settle: (judged) => book.add(judged),
    diagnose: async (layer) => book.diagnose(layer),
  });
  expect(faultsOfReport(JSON.parse(renderJson(report)))).toEqual([]);
  return { report, states: book.states(), words: book.states().map(({ state }) => renderState(state)) };
}

/** Every running_var in float32 replaced, on whichever side. */
const biased = (a: Answer): Answer => ({
  ...a,
  outcome:
    a.outcome.kind !== 'returned'
      ? a.outcome
      : {
          ...a.outcome,
          steps: a.outcome.steps.map((s) =>
            s.kind !== 'returned'
              ? s
              : {
                  ...s,
                  tensors: s.tensors.map(({ name, tensor }) =>
                    name === 'running_var'
                      ? { name, tensor: fromStorage('float32', tensor.shape, Float32Array.of(1.1667, 1.9667)) }
                      : { name, tensor },
                  ),
                },
          ),
        },
});

describe('a run', () => {
  test('in which all is well', async () => {
    const { report, words, states } = await held([VARIANCE, PIN, NONE], port(), probed(portAsOracle(), 'True'));
    expect(words).toEqual([
      'identical',
      'not applicable: deep copies are of Python objects (pinned on PyTorch)',
      'not applicable: 1.13 only',
    ]);
    expect(report).toMatchObject({
      verdict: 'agrees',
      exitCode: 0,
      totals: { cases: 3, identical: 2, unsupported: 1 },
    });
    expect(renderStates(states)).toBe(
      'behaviours: 2 of 3 executable: 1 identical, 0 within, 0 differs, 1 pinned on PyTorch alone\n',
    );
  });

  test('of pins alone agrees where they hold', async () => {
    for (const strict of [false, true]) {
      const { report } = await held([PIN], port(), probed(portAsOracle(), 'True'), strict);
      expect(report).toMatchObject({ verdict: 'agrees', exitCode: 0, totals: { cases: 1, unsupported: 1 } });
    }
  });

  test('in which the port breaks a claim', async () => {
    const { report, words } = await held([VARIANCE], portBut(biased));
    expect(words[0]).toMatch(/^differs: small: step 2 running_var: claimed \[1\.3, 2\.5\], came 1\.9666/);
    expect(report).toMatchObject({ verdict: 'differs', exitCode: 1, totals: { differs: 1, identical: 1 } });
    expect(report.subjects[0].findings).toMatchObject([
      {
        kind: 'claim',
        convention: 'B-900',
        level: 'error',
        expected: '[1.3, 2.5]',
        witnesses: [{ case: 'b1/B-900/small', step: 2 }],
      },
    ]);
  });

  test('in which both sides break it alike: PyTorch moved, and that is no agreement', async () => {
    const { report, words } = await held([VARIANCE], portBut(biased), { ...portAsOracle(), ask: portBut(biased).ask });
    expect(words[0]).toMatch(/^moved: PyTorch moved: small: step 2 running_var is claimed to be/);
    expect(report).toMatchObject({ verdict: 'differs', exitCode: 1, totals: { differs: 1, identical: 1 } });
    expect(report.subjects[0].unexplained).toEqual([]);
  });

  test('in which a pin breaks', async () => {
    const { report, words } = await held([VARIANCE, PIN], port(), probed(portAsOracle(), 'False'));
    expect(words[1]).toMatch(/^moved: PyTorch moved: step 0 shared is claimed to be "True", and is "False"/);
    expect(report).toMatchObject({ verdict: 'differs', exitCode: 1 });
  });

  test('in which the port does not support a question', async () => {
    const unable = portBut((a, c) =>
      c.id.endsWith('repr') ? { outcome: { kind: 'unsupported', reason: 'no words' }, truth: null } : a,
    );
    const { report, words } = await held([VARIANCE], unable);
    expect(words[0]).toBe('differs: the subject does not support it: no words');
    expect(report).toMatchObject({ verdict: 'differs', exitCode: 1, totals: { differs: 1, identical: 1 } });
  });

  test('in which nobody answers', async () => {
    const lost = portBut(() => ({
      outcome: { kind: 'undecided', reason: { kind: 'timeout', message: 'silent' } },
      truth: null,
    }));
    const { report, words } = await held([VARIANCE], lost);
    expect(words[0]).toMatch(/^undecided: .*silent/);
    expect(report.exitCode).toBe(3);
  });
});

describe('the rows', () => {
  test('have ids of their own, in order and of the catalogue', () => {
    const ids = BEHAVIOURS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(
      ids.every((id) => /^B-\d{3}$/.test(id) && Number(id.slice(2)) >= 1 && Number(id.slice(2)) <= CATALOGUED),
    ).toBe(true);
    expect(ids.length).toBeGreaterThan(100);
  });

  test('have claims where they have questions, about questions that there are and steps that they have', () => {
    for (const { id, questions, claims, about, line } of BEHAVIOURS) {
      expect(line, id).toMatch(/^\S.*[^.\s]$/);
      expect(questions.length > 0, id).toBe(about.kind !== 'none');
      expect(claims.length > 0, id).toBe(about.kind !== 'none');
      for (const claim of claims) {
        const places =
          'at' in claim
            ? [
                claim.at,
                ...('as' in claim ? [claim.as] : []),
                ...('than' in claim ? [claim.than] : []),
                ...('from' in claim ? [claim.from] : []),
              ]
            : [claim];
        for (const { question, step } of places) {
          const asked =
            question === null && questions.length === 1
              ? questions[0]
              : questions.find(({ name }) => name === question);
          expect(asked?.case.steps[step], `${id} ${JSON.stringify(claim)}`).toBeDefined();
        }
      }
    }
  });

  test('have cases whose ids lead back to them', () => {
    for (const { id, questions } of BEHAVIOURS) {
      for (const { name, case: c } of questions) {
        expect(c.id).toBe(`b1/${id}/${name}`);
        expect(c.id).toMatch(/^[A-Za-z0-9._=/-]+$/);
        expect(caseFromId(c.id)).toBe(c);
      }
    }
    expect(caseOfBehaviour('b1/B-061/none')).toBeNull();
    expect(() => caseFromId('b1/B-061/none')).toThrow(/no question of B-061, whose cases are b1\/B-061\/only/);
    expect(() => caseFromId('b1/B-999/only')).toThrow(/names no behaviour/);
  });
});
