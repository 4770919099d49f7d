// The embedded oracle: the port in PyTorch's place, for exactly what the committed table proves it bit-identical on. It needs no Python.

import type { Case } from '../../../../cases/case.ts';
import type { Answer, Outcome } from '../../outcome.ts';
import type { Subject } from '../subject.ts';
import { type Claims, isProven, keyOf, placesOf, wordOf } from './claim.ts';
import { wideCase } from './wide-case.ts';

/** `port` answers; `claims` says which of its answers may stand for PyTorch's. */
export function makeEmbedded(port: Subject, claims: Claims): Subject {
  const proven = new Set(claims.rows.filter(isProven).map(wordOf));
  const refuses = new Set(
    claims.refusals.filter(({ asked, identical }) => asked > 0 && identical === asked).map(({ layer }) => layer),
  );
  const doubtOf = (c: Case, outcome: Outcome) => doubt(c, outcome, proven, refuses, claims.torch);
  return {
    name: 'embedded',
    kind: 'oracle',
    version: claims.torch,
    capabilities: {
      ...(claims.capability === null ? {} : { capability: claims.capability }),
      ...(claims.threads === null ? {} : { threads: String(claims.threads) }),
    },
    batch: { cases: 64, window: 1 },
    replayWords: '--oracle embedded',
    ask: async (cases, { truth }) => {
      const answers = await port.ask(cases, { truth: false });
      const trusted = answers.map(({ outcome }, i): Answer => {
        const reason = doubtOf(cases[i], outcome);
        return { outcome: reason === null ? outcome : { kind: 'unsupported', reason }, truth: null };
      });
      if (!truth) return trusted;
      const asked = cases.flatMap((c, i) => (trusted[i].outcome.kind === 'unsupported' ? [] : [wideCase(c)]));
      const truths = (await port.ask(asked, { truth: false })).values();
      return trusted.map((answer) =>
        answer.outcome.kind === 'unsupported' ? answer : { ...answer, truth: truths.next().value?.outcome ?? null },
      );
    },
    close: () => port.close(),
  };
}

// --- internal ---

/** Why an answer of the port may not stand for PyTorch's; null where it may. */
function doubt(
  c: Case,
  outcome: Outcome,
  proven: ReadonlySet<string>,
  refuses: ReadonlySet<string>,
  torch: string,
): string | null {
  if (!('steps' in outcome))
    return outcome.kind === 'unsupported' ? outcome.reason : `the port gave no answer: ${outcome.reason.message}`;
  const places = placesOf(c);
  for (const [i, result] of outcome.steps.entries()) {
    const step = c.steps[i];
    if (result.kind === 'not_run') continue;
    if (step.kind === 'inspect' || step.kind === 'probe') return `no ${step.kind} is proven equal to PyTorch's`;
    if (result.kind === 'refused') {
      if (!refuses.has(c.layer))
        return `the port's refusals for ${c.layer} are not proven equal to those of PyTorch ${torch}`;
      continue;
    }
    for (const { name, tensor } of result.tensors) {
      const word = wordOf(keyOf(c, step, places[i], name, tensor.dtype));
      if (!proven.has(word)) return `the port is not proven bit-identical to PyTorch ${torch} on ${word}`;
    }
  }
  return null;
}
