// The embedded oracle: the port in PyTorch's place, for exactly what the committed table proves it bit-identical on. It needs no Python.

import type { Case } from '../../../../cases/case.ts';
import type { Answer, Outcome } from '../../outcome.ts';
import { placesOf } from '../../place.ts';
import type { Subject } from '../subject.ts';
import { type Claims, isProven, keyOf, type WordsClaim, wordOf } from './claim.ts';
import { wideCase } from './wide-case.ts';

/** `port` answers; `claims` says which of its answers may stand for PyTorch's. */
export function makeEmbedded(port: Subject, claims: Claims): Subject {
  const proven: Proven = {
    torch: claims.torch,
    kinds: new Set(claims.rows.filter(isProven).map(wordOf)),
    texts: layersOf(claims.texts),
    refusals: layersOf(claims.refusals),
  };
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
        const reason = doubt(cases[i], outcome, proven);
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

interface Proven {
  readonly torch: string;
  readonly kinds: ReadonlySet<string>;
  /** Layers whose words are PyTorch's. */
  readonly texts: ReadonlySet<string>;
  readonly refusals: ReadonlySet<string>;
}

function layersOf(claims: readonly WordsClaim[]): ReadonlySet<string> {
  return new Set(claims.filter((c) => c.asked >= ENOUGH_WORDS && c.identical === c.asked).map((c) => c.layer));
}

/** A layer is refused in fewer ways than it is computed. */
const ENOUGH_WORDS = 2;

/** Why an answer of the port may not stand for PyTorch's; null where it may. */
function doubt(c: Case, outcome: Outcome, { torch, kinds, texts, refusals }: Proven): string | null {
  if (outcome.kind === 'unsupported') return outcome.reason;
  if (outcome.kind === 'undecided') return `the port gave no answer: ${outcome.reason.message}`;
  const places = placesOf(c);
  for (const [i, result] of outcome.steps.entries()) {
    const step = c.steps[i];
    if (result.kind === 'not_run') continue;
    if (step.kind === 'inspect' || step.kind === 'probe') return `no ${step.kind} is proven equal to PyTorch's`;
    if (result.kind === 'refused') {
      if (refusals.has(c.layer)) continue;
      return `the refusals of ${c.layer} are not proven to be those of PyTorch ${torch}`;
    }
    if (Object.keys(result.texts).length > 0 && !texts.has(c.layer)) {
      return `the words of ${c.layer} are not proven to be those of PyTorch ${torch}`;
    }
    for (const { name, tensor } of result.tensors) {
      const word = wordOf(keyOf(c, step, places[i], name, tensor.dtype));
      if (!kinds.has(word)) return `the port is not proven bit-identical to PyTorch ${torch} on ${word}`;
    }
  }
  return null;
}
