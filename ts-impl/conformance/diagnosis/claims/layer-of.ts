// Which layer a sentence speaks of: the one it names, or its paragraph, its titles, the code beside it. Where several could be meant, none.

import type { NormKind } from '../axes/norm-kind.ts';
import { kindsIn } from './layer-words.ts';
import type { Passage } from './passage.ts';
import type { Sentence } from './sentence.ts';

/** A norm of the document's code, for passages that name none: those beside it speak of it. */
export interface CodeNorm {
  readonly kind: NormKind;
  readonly line: number;
}

export interface Layers {
  /** `before`: the sentences of its passage before it. */
  of(sentence: Sentence, before: readonly Sentence[]): NormKind | null;
  /** The layer that a passage or its titles name, whatever code stands beside it. */
  named(passage: Passage): NormKind | null;
}

export function layersOf(passages: readonly Passage[], norms: readonly CodeNorm[]): Layers {
  const starts = passages.map((p) => ({ line: p.lineAt(0), section: p.section }));
  // The section that code stands in is that of the last passage before it.
  const placed = norms.map(({ kind, line }) => ({
    kind,
    section: starts.findLast((s) => s.line <= line)?.section ?? 0,
  }));
  const everywhere = new Set([...norms.map(({ kind }) => kind), ...passages.flatMap((p) => kindsIn(p.text))]);
  const beside = (passage: Passage): NormKind | null => {
    const near = new Set(placed.filter(({ section }) => section === passage.section).map(({ kind }) => kind));
    if (near.size > 0) return only(near);
    return norms.length > 0 ? only(everywhere) : null;
  };
  return {
    of: (sentence, before) => {
      if (sentence.kinds.length > 0) return only(new Set(sentence.kinds));
      const said = new Set(before.flatMap((s) => s.kinds));
      if (said.size > 0) return only(said);
      const around = namesOf(sentence.passage);
      return around.size > 0 ? only(around) : beside(sentence.passage);
    },
    named: (passage) => only(namesOf(passage)),
  };
}

// --- internal ---

/** Named by the innermost title that names any, else by the passage itself. */
function namesOf({ titles, text }: Passage): Set<NormKind> {
  for (const title of [...titles].reverse()) {
    const kinds = kindsIn(title);
    if (kinds.length > 0) return new Set(kinds);
  }
  return new Set(kindsIn(text));
}

const only = (kinds: ReadonlySet<NormKind>): NormKind | null => (kinds.size === 1 ? [...kinds][0] : null);
