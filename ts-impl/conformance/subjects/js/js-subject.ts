// Norms in JavaScript as one subject, wherever they run: what it says of itself, and what PyTorch's answers are cut down to. It runs nothing.

import type { Case } from '../../../../cases/case.ts';
import type { Outcome, UndecidedReason } from '../../outcome.ts';
import type { Subject, SubjectFacts } from '../subject.ts';
import { contiguousCase } from './contiguous-case.ts';
import type { Traits } from './held-norm.ts';
import { missingParts } from './missing-parts.ts';
import { isFunctionName } from './named-layers.ts';
import { viewOf } from './view.ts';

export interface JsSubject extends Subject {
  readonly kind: 'js';
  /** Layers and functions that it stands for; null where it could not be opened, and every answer is undecided. */
  readonly layers: readonly string[] | null;
  /** Why it could not be opened; null where it could. */
  readonly failure: UndecidedReason | null;
}

export interface KnownNorm {
  /** The export. */
  readonly name: string;
  readonly traits: Traits;
}

export interface JsParts {
  readonly name: string;
  /** By layer or function; null where it could not be opened. */
  readonly norms: ReadonlyMap<string, KnownNorm> | null;
  readonly failure: UndecidedReason | null;
  readonly layerFrom: SubjectFacts['layerFrom'];
  readonly sourceOf: (name: string) => SubjectFacts['source'];
  readonly strict: boolean;
  readonly replayWords: string;
  ask(cases: readonly Case[]): Promise<readonly Outcome[]>;
  close(): Promise<void>;
}

export function makeJsSubject(parts: JsParts): JsSubject {
  const { name, norms, layerFrom, sourceOf, strict, replayWords } = parts;
  return {
    name,
    kind: 'js',
    version: null,
    capabilities: {},
    batch: { cases: 64, window: 1 },
    layers: norms === null ? null : [...norms.keys()],
    failure: parts.failure,
    notAsked: norms === null ? [] : notAskedOf(norms, sourceOf),
    replayWords,
    ask: async (cases) => (await parts.ask(cases)).map((outcome) => ({ outcome, truth: null })),
    asked: contiguousCase,
    about: (layer) => {
      const norm = norms?.get(layer);
      return norm === undefined ? null : { name: norm.name, source: sourceOf(norm.name), layerFrom };
    },
    comparable: (c, pair) => {
      const norm = norms?.get(c.layer);
      return norm === undefined ? pair : viewOf(c, pair, norm.traits, strict);
    },
    close: parts.close,
  };
}

// --- internal ---

/** The parts that PyTorch's layer has and the norm has not, once for each norm. */
function notAskedOf(
  norms: ReadonlyMap<string, KnownNorm>,
  sourceOf: JsParts['sourceOf'],
): NonNullable<Subject['notAsked']> {
  const told = new Map<string, { name: string; source: SubjectFacts['source']; reason: string }>();
  for (const [layer, { name, traits }] of norms) {
    if (isFunctionName(layer)) continue;
    for (const { part, reason } of missingParts(layer, traits)) {
      told.set(`${name} ${part}`, { name: `${name}: ${part}`, source: sourceOf(name), reason });
    }
  }
  return [...told.values()];
}
