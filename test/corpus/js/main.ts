// `npm run corpus:js [-- --filter TEXT]`: audits the corpus of modules and prints its figures; 1 below a goal, or where something is no norm and was taken for one.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { auditModule } from '../../../ts-impl/conformance/diagnosis/modules/audit-module.ts';
import { openForeignModule } from '../../../ts-impl/conformance/subjects/js/foreign/foreign-module.ts';
import { startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import type { Host } from '../../../ts-impl/conformance/subjects/workers.ts';
import { PYTHON } from '../../conformance/subjects/live-python.ts';
import { GOALS, meets } from '../goals.ts';
import { holdFindings } from '../hold-findings.ts';
import type { Departures } from '../read-corpus.ts';
import { renderFigures, renderMiss, type Scored, score } from '../score.ts';

const FOLDER = fileURLToPath(new URL('./', import.meta.url));
const { values } = parseArgs({ options: { filter: { type: 'string', default: '' } } });
const expected: Readonly<Record<string, Readonly<Record<string, Departures>>>> = JSON.parse(
  readFileSync(`${FOLDER}expected.json`, 'utf8'),
);

const print = (text: string) => process.stdout.write(`${text}\n`);
const chosen = Object.keys(expected).filter((file) => file.includes(values.filter));
if (chosen.length === 0) throw new RangeError(`no module has "${values.filter}" in its name`);
const oracle = await startOracle({ python: PYTHON });
const scored: Scored[] = [];
let taken = 0;
try {
  for (const file of chosen) {
    const started = performance.now();
    const entries = await auditFile(file);
    const milliseconds = (performance.now() - started) / entries.length;
    const subjects = entries.flatMap((entry) => ('verdict' in entry ? [entry] : []));
    for (const [name, findings] of Object.entries(expected[file])) {
      const held = holdFindings({ layer: null, findings }, subjects.find((s) => s.name === name) ?? null);
      const skipped = entries.flatMap((e) => ('reason' in e && !('verdict' in e) && e.name === name ? [e.reason] : []));
      scored.push({ held, faithful: Object.keys(findings).length === 0, milliseconds });
      const miss = renderMiss(`${file} ${name}`, { ...held, remarks: [...held.remarks, ...skipped] });
      if (miss !== null) print(miss);
    }
    for (const { name, findings } of subjects.filter((s) => !(s.name in expected[file]))) {
      taken++;
      print(`✗ ${file} ${name} is no norm and was taken for one: ${findings.map((f) => f.convention).join(', ')}`);
    }
  }
} finally {
  await oracle.close();
}
const figures = score(scored);
print(renderFigures('modules', figures));
process.exitCode = meets(figures, GOALS) && taken === 0 ? 0 : 1;

// --- internal ---

function auditFile(file: string) {
  const path = `${FOLDER}${file}`;
  const target = { file, path, text: readFileSync(path, 'utf8'), export: null };
  const options = {
    normative: '0',
    oracle,
    host: null as unknown as Host, // no Python code is run here
    layer: null,
    timeoutMs: 60_000,
    memoryBytes: 512 << 20,
    jobs: 2,
  };
  return auditModule(target, options, openForeignModule);
}
