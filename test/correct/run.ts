// `npm run false-alarms -- --cases N --seed S`: correct implementations over generated cases, hard inputs on. Exits 1 on any alarm.

import { parseArgs } from 'node:util';
import type { Case } from '../../cases/case.ts';
import { suite } from '../../cases/suites.ts';
import { startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { PYTHON } from '../conformance/subjects/live-python.ts';
import { type AlarmCounts, countAlarms, noCounts } from './false-alarms.ts';
import { halved } from './half-cases.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '0' },
    half: { type: 'boolean', default: false },
    family: { type: 'string' },
    all: { type: 'boolean', default: false },
  },
});
const wanted = Number(values.cases);
const counts = noCounts();
const oracle = await startOracle({ python: PYTHON });
const started = performance.now();
try {
  let batch: Case[] = [];
  let made = 0;
  const put = async (c: Case) => {
    batch.push(c);
    made++;
    if (batch.length < 256) return;
    await countAlarms(batch, oracle, counts);
    batch = [];
    if (made % 8192 < 256) process.stderr.write(`${made} cases, ${counts.alarms} alarms\n`);
  };
  let nth = 0;
  for (const c of suite('deep', { seed: Number(values.seed), cases: 1e9 })) {
    if (made >= wanted) break;
    if (values.family !== undefined && !c.id.includes(`/${values.family}/`)) continue;
    if (!values.half) await put(c);
    else if (c.dtype === 'float32') {
      await put(halved(c, nth % 2 === 0 ? 'float16' : 'bfloat16', nth % 4 >= 2));
      nth++;
    }
  }
  await countAlarms(batch, oracle, counts);
} finally {
  await oracle.close();
}
print(counts);
process.exitCode = counts.alarms > 0 || counts.judged === 0 ? 1 : 0;

function print({ cases, judged, tensors, alarms, oracleFaults, faultyCases, cells, examples }: AlarmCounts): void {
  const seconds = (performance.now() - started) / 1000;
  const lines = [...cells]
    .filter(([, cell]) => values.all || cell.alarms > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([key, cell]) =>
        `${key}: ${cell.alarms} alarms in ${cell.tensors} tensors, largest share ${cell.worst.toPrecision(3)}`,
    );
  process.stdout.write(`${lines.join('\n')}\n`);
  for (const { key, id, line } of examples.slice(0, 400)) process.stdout.write(`${key}\n  ${id}\n  ${line}\n`);
  for (const id of [...faultyCases].slice(0, 10)) process.stdout.write(`PyTorch alone is off: ${id}\n`);
  process.stdout.write(
    `${cases} cases, ${judged} answers of ${tensors} tensors judged, ${alarms} false alarms, ${seconds.toFixed(0)} s; ` +
      `${oracleFaults} answers to ${faultyCases.size} cases differ because PyTorch alone is off the truth\n`,
  );
}
