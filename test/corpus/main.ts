// `npm run corpus [-- --half building|locked|both|outside] [--filter TEXT] [--lanes N]`: audits the corpus and prints its figures; 1 below a goal.
// Of the locked half it prints figures alone. With `both` the subjects outside the space are counted too.

import { parseArgs } from 'node:util';
import { inLanes, startAuditor } from './audit-corpus.ts';
import { GOALS, meets } from './goals.ts';
import { endingsOf, renderEndings, renderOutside } from './outside-endings.ts';
import { type Half, readCorpus, readOutside, type Snippet } from './read-corpus.ts';
import { type Row, rowsOf } from './rows.ts';
import { renderFigures, renderMiss, score } from './score.ts';

const { values } = parseArgs({
  options: {
    half: { type: 'string', default: 'both' },
    filter: { type: 'string', default: '' },
    lanes: { type: 'string', default: '2' },
  },
});
const parts: Readonly<Record<string, readonly Half[]>> = {
  building: ['building'],
  locked: ['locked'],
  both: ['building', 'locked'],
  outside: [],
};
const halves = parts[values.half];
if (halves === undefined) throw new RangeError(`--half is building, locked, both or outside; it is ${values.half}`);
const has = (s: { readonly name: string; readonly subjects: object }) =>
  `${s.name} ${Object.keys(s.subjects).join(' ')}`.includes(values.filter);
const chosen = readCorpus().filter((s) => halves.includes(s.half) && has(s));
const outside = values.half === 'both' || values.half === 'outside' ? readOutside().filter(has) : [];
if (chosen.length + outside.length === 0)
  throw new RangeError(`nothing of ${values.half} has "${values.filter}" in its name`);

const auditor = await startAuditor();
try {
  const rows = (await inLanes(chosen, Number(values.lanes), auditOne)).flat();
  let met = true;
  for (const half of halves)
    met =
      printHalf(
        half,
        rows.filter((r) => r.snippet.half === half),
      ) && met;
  if (outside.length > 0) {
    const endings = (
      await inLanes(outside, Number(values.lanes), async (d) => endingsOf(d, await auditor.audit(d)))
    ).flat();
    for (const ending of endings) print(renderOutside(ending));
    print(renderEndings(endings));
    met &&= endings.every((e) => e.held.ending !== 'misnamed');
  }
  process.exitCode = met ? 0 : 1;
} finally {
  await auditor.close();
}

// --- internal ---

/** What is amiss in the building half is printed as it comes. */
async function auditOne(snippet: Snippet): Promise<Row[]> {
  const rows = rowsOf(snippet, await auditor.audit(snippet));
  if (snippet.half === 'building')
    for (const row of rows) print(renderMiss(`${snippet.name} ${row.subject}`, row.held));
  return rows;
}

function printHalf(half: Half, rows: readonly Row[]): boolean {
  if (rows.length === 0) return true;
  const figures = score(rows);
  print(renderFigures(half, figures));
  return meets(figures, GOALS);
}

function print(text: string | null): void {
  if (text !== null) process.stdout.write(`${text}\n`);
}
