// What holds the code of others, as options and words of the command line. Whether it holds is found elsewhere.

import { type Confinement, describeConfinement } from '../conformance/subjects/sandbox.ts';
import type { Edge } from './edge.ts';

export const UNSAFE_FLAG = '--unsafe';

export const UNSAFE_WORDS =
  'run the code even where neither a sandbox nor limits on its memory can hold it, as if it were yours';

export const CONFINEMENT_HELP = `
The code runs under bubblewrap where that works: no network, a read-only system, of your files only the folder of the
document, a scratch folder of 64 MiB, limits on memory, processes and time. Where it does not work, limits alone hold
it, and a line on standard error says what is not enforced. Where not even those do, it takes --unsafe. See
docs/sandbox.md; \`normative doctor\` tells how it is here.`;

/** Says on standard error what is not enforced, if anything is not. */
export function tellConfinement(edge: Edge, confinement: Confinement): void {
  const words = describeConfinement(confinement);
  if (words !== null) edge.err(`normative: ${words}\n`);
}
