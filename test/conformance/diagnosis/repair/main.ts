// `npm run repairs`: audits norms with known faults, looks for repairs, and prints the share that was mended and proved.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPython } from '../../../../ts-impl/cli/find-python.ts';
import { processEdge } from '../../../../ts-impl/cli/edge.ts';
import { repairDocuments, type Repaired } from './repair-documents.ts';

const SUBJECTS = fileURLToPath(new URL('./subjects/', import.meta.url));

const args = process.argv.slice(2);
const shown = args.includes('--diffs');
const named = args.filter((a) => !a.startsWith('--'));
const files = named.length > 0 ? named : readdirSync(SUBJECTS).map((name) => join(SUBJECTS, name));
const edge = processEdge();
const repaired = await repairDocuments(findPython(edge, undefined).path, files, (one) => edge.out(lines(one)));
edge.out(`${table(repaired)}\n`);

// --- internal ---

function lines({ name, findings, audits }: Repaired): string {
  const parts = findings.map(({ convention, level, actual, repair, message }) => {
    const mark = repair === null ? 'not mended' : 'mended';
    const why = repair === null ? `: ${message.split('. ').at(-1)}` : '';
    const diff = shown && repair !== null ? `\n${repair}` : '';
    return `  ${mark} ${level} ${convention} ${actual}${why}${diff}\n`;
  });
  return `${name}, ${audits} audits\n${parts.join('')}`;
}

function table(all: readonly Repaired[]): string {
  const findings = all.flatMap((s) => s.findings);
  const share = (level: string) => {
    const of = findings.filter((f) => level === 'all' || f.level === level);
    const mended = of.filter((f) => f.repair !== null).length;
    const percent = of.length === 0 ? '–' : `${((100 * mended) / of.length).toFixed(1)} %`;
    return `${level.padEnd(6)} ${mended} of ${of.length} mended and verified, ${percent}`;
  };
  const audits = all.reduce((sum, s) => sum + s.audits, 0);
  return [`${all.length} norms, ${audits} audits to try edits`, share('error'), share('note'), share('all')].join('\n');
}
