// A style as a subject of its own. What is no number of a norm (names, texts, refusals) it learns from another subject, the oracle in tests.

import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';
import { recompute } from './recompute.ts';
import type { Style } from './style.ts';

export function correctSubject(style: Style, words: Subject): Subject {
  return {
    name: style.name,
    kind: 'js',
    version: null,
    capabilities: {},
    batch: words.batch,
    ask: async (cases, options) => {
      const answers = await words.ask(cases, options);
      return answers.map(({ outcome }, i) => ({ outcome: recompute(cases[i], outcome, style).outcome, truth: null }));
    },
    close: async () => {},
  };
}
