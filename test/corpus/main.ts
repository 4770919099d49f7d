// `npm run corpus [-- --half building|locked|both] [--filter TEXT] [--lanes N]`: audits the corpus and prints its figures. Exits 1 below a goal.
// Of the locked half it prints figures alone.

import { parseArgs } from 'node:util';
import { inLanes, startAuditor } from './audit-corpus.ts';
import { GOALS, meets } from './goals.ts';
import { type Held, holdFindings } from './hold-findings.ts';
import { type Half, readCorpus, type Snippet } from './read-corpus.ts';
import { renderFigures, type Scored, score } from './score.ts';

interface Row extends Scored {
  readonly snippet: Snippet;
  readonly subject: string;
}

const { values } = parseArgs({
  options: {
    half: { type: 'string', default: 'both' },
    filter: { type: 'string', default: '' },
    lanes: { type: 'string', default: '2' },
  },
});
const halves: readonly Half[] = (['building', 'locked'] as const).filter(
  (h) => h === values.half || values.half === 'both',
);
if (halves.length === 0) throw new RangeError(`--half is building, locked or both; it is ${values.half}`);
const chosen = readCorpus().filter(
  (s) =>
    halves.includes(s.half) &&
    (s.name.includes(values.filter) || Object.keys(s.subjects).join(' ').includes(values.filter)),
);
if (chosen.length === 0)
  throw new RangeError(`no snippet of the ${values.half} half has "${values.filter}" in its name`);

const auditor = await startAuditor();
try {
  const rows = (await inLanes(chosen, Number(values.lanes), scoreSnippet)).flat();
  let met = true;
  for (const half of halves) {
    const of = rows.filter((r) => r.snippet.half === half);
    if (of.length === 0) continue;
    if (half === 'building') for (const row of of) printMiss(row);
    const figures = score(of);
    process.stdout.write(`${renderFigures(half, figures)}\n`);
    met &&= meets(figures, GOALS);
  }
  process.exitCode = met ? 0 : 1;
} finally {
  await auditor.close();
}

// --- internal ---

async function scoreSnippet(snippet: Snippet): Promise<Row[]> {
  const names = Object.keys(snippet.subjects);
  const { subjects, skipped, milliseconds } = await auditor.audit(snippet);
  return names.map((subject) => {
    const expected = snippet.subjects[subject];
    const held = holdFindings(expected, subjects.find((s) => s.name === subject) ?? null);
    const because = skipped.filter((s) => s.name === subject || s.name === '').map((s) => s.reason);
    return {
      snippet,
      subject,
      held: { ...held, remarks: [...held.remarks, ...because] },
      faithful: Object.keys(expected.findings).length === 0,
      milliseconds: milliseconds / names.length,
    };
  });
}

function printMiss({ snippet, subject, held }: Row): void {
  if (held.exact) return;
  process.stdout.write(`✗ ${snippet.name} ${subject}\n${describe(held)}\n`);
}

function describe({ missed, invented, remarks }: Held): string {
  return [
    ...missed.map((m) => `    missed   ${m}`),
    ...invented.map((i) => `    invented ${i}`),
    ...remarks.map((r) => `    ${r}`),
  ].join('\n');
}
