// Norms of this process as a subject, for tests that hold what they have just imported. No deadline holds them: a hang is the caller's.

import { drive } from './drive.ts';
import type { NormSubject } from './contract.ts';
import { type JsSubject, makeJsSubject } from './js-subject.ts';
import { holdNorms } from './open-norms.ts';

export interface InProcessOptions {
  /** What a single norm is held against; null to go by names. */
  readonly layer: string | null;
  readonly strict: boolean;
}

/** Norms by the names of what they stand for, such as `{ LayerNorm: MyNorm }`. Throws NoSuchNorm and ConstructFailed. */
export async function holdInProcess(
  norms: Readonly<Record<string, NormSubject>>,
  options: InProcessOptions,
): Promise<JsSubject> {
  const held = await holdNorms('the subject', norms, { export: null, layer: options.layer });
  return makeJsSubject({
    name: Object.keys(norms).join(', '),
    norms: held,
    failure: null,
    layerFrom: options.layer === null ? 'name' : 'option',
    sourceOf: () => null,
    strict: options.strict,
    replayWords: '',
    ask: async (cases) => {
      const outcomes = [];
      for (const c of cases) {
        const norm = held.get(c.layer as never); // a name that is none finds nothing
        outcomes.push(
          norm === undefined
            ? ({ kind: 'unsupported', reason: `no norm of the subject stands for ${c.layer}` } as const)
            : await drive(c, norm),
        );
      }
      return outcomes;
    },
    close: async () => {},
  });
}
