// `npm run behaviours`: the states of all behaviours and who catches them, measured against the live oracle and written into their table.

import { writeFileSync } from 'node:fs';
import { BEHAVIOURS } from '../../../cases/behaviours/behaviours.ts';
import { renderStates } from '../../../ts-impl/conformance/behaviours/check-behaviours.ts';
import { renderMeasured } from '../../../ts-impl/conformance/behaviours/measured-table.ts';
import { startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../../ts-impl/conformance/subjects/port.ts';
import { PYTHON } from '../subjects/live-python.ts';
import { measure } from './measure.ts';

const TABLE = new URL('../../../ts-impl/conformance/behaviours/measured.ts', import.meta.url);

const oracle = await startOracle({ python: PYTHON });
try {
  const rows = await measure(BEHAVIOURS, oracle, makePort());
  writeFileSync(TABLE, renderMeasured(oracle.version ?? 'of no version', rows));
  process.stdout.write(renderStates(rows));
  for (const { behaviour, catching } of rows) {
    if (catching.size > 0 || behaviour.about.kind === 'none') continue;
    process.stdout.write(`nobody fails ${behaviour.id}, ${behaviour.line}: strengthen its claims\n`);
    process.exitCode = 1;
  }
} finally {
  await oracle.close();
}
