// `npm run corpus:random -- [--count N] [--seed S] [--show INDEX] [--write FOLDER]`: random subjects audited; exits 1 where one is confidently wrong.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startAuditor } from '../audit-corpus.ts';
import { auditRandom, renderJudged, renderTally, tallyOf } from './audit-random.ts';
import { randomSubject } from './write-subject.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string', default: '0' },
    lanes: { type: 'string', default: '2' },
    show: { type: 'string' },
    write: { type: 'string' },
  },
});
const seed = Number(values.seed);
const indices = Array.from({ length: Number(values.count) }, (_, i) => i + Number(values.from));
if (values.show !== undefined) show(Number(values.show));
else if (values.write !== undefined) write(values.write);
else await run();

// --- internal ---

function show(index: number): void {
  const { source, expected } = randomSubject(seed, index);
  process.stdout.write(`import torch\nfrom torch import nn\n\n\n${source}\n# expected: ${JSON.stringify(expected)}\n`);
}

/** The subjects as documents with their expectations beside them, in the form of the corpus. */
function write(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const index of indices) {
    const { name, source, expected } = randomSubject(seed, index);
    writeFileSync(join(folder, `${index}.py`), source);
    writeFileSync(join(folder, `${index}.py.expected.json`), `${JSON.stringify({ [name]: expected })}\n`);
  }
}

async function run(): Promise<void> {
  const auditor = await startAuditor();
  try {
    const judged = await auditRandom(
      indices.map((i) => randomSubject(seed, i)),
      auditor,
      Number(values.lanes),
      (j) => {
        const text = renderJudged(j, seed);
        if (text !== null) process.stdout.write(`${text}\n`);
      },
    );
    const tally = tallyOf(judged);
    process.stdout.write(`${renderTally(tally)}\n`);
    process.exitCode = tally.met ? 0 : 1;
  } finally {
    await auditor.close();
  }
}
