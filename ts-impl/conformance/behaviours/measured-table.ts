// The measured states of behaviours, read from their table. It measures nothing: `npm run behaviours` does.

import type { Behaviour } from '../../../cases/behaviours/behaviour.ts';
import { MEASURED } from './measured.ts';
import { renderState, type Settled } from './state.ts';

export interface Measured {
  /** As `renderState` words it. */
  readonly state: string;
  /** The saboteur or fault that its claims fail, the most particular one; null where none does, and the behaviour does not count. */
  readonly caughtBy: string | null;
}

/** By the ids of behaviours. */
export function measuredStates(): ReadonlyMap<string, Measured> {
  const all = new Map<string, Measured>();
  for (const line of MEASURED.split('\n')) {
    const [id, caughtBy, ...state] = line.split(BETWEEN);
    if (state.length > 0) all.set(id, { state: state.join(BETWEEN), caughtBy: caughtBy === NOBODY ? null : caughtBy });
  }
  return all;
}

/** The table as a file: `rows` in their order. */
export function renderMeasured(
  torch: string,
  rows: readonly {
    readonly behaviour: Behaviour;
    readonly state: Settled['state'];
    readonly caughtBy: string | null;
  }[],
): string {
  const lines = rows.map(({ behaviour, state, caughtBy }) =>
    [behaviour.id, caughtBy ?? NOBODY, escaped(tableWords(state))].join(BETWEEN),
  );
  return `// The states of all behaviours as measured against PyTorch ${torch}. Made by \`npm run behaviours\`; a test makes it again.

/** A line each: id, who fails its claims, state. */
export const MEASURED = \`
${lines.join('\n')}
\`;
`;
}

/** A state as the table says it: on one line, and not too long a one. */
export function tableWords(state: Settled['state']): string {
  const line = renderState(state).replace(/\s+/g, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

// --- internal ---

const BETWEEN = ' · ';
const NOBODY = '-';
const LONGEST = 200;

/** As a template literal holds it. */
function escaped(words: string): string {
  return words.replace(/[\\`]|\$\{/g, (found) => `\\${found}`);
}
