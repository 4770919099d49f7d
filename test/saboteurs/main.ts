// `npm run vacuous`: the smoke and standard suites and a sample of deep against the plain saboteurs. The port, whose bits are PyTorch's, gives the answers.

import { suite, type SuiteName } from '../../cases/suites.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import { PLAIN_SABOTEURS } from './all.ts';
import { guard } from './vacuous.ts';

const DEEP_SAMPLE = 2000;
const say = (line: string) => process.stdout.write(`${line}\n`);

for (const name of ['smoke', 'standard', 'deep'] as const satisfies readonly SuiteName[]) {
  const guarded = await guard(suite(name, name === 'deep' ? { cases: DEEP_SAMPLE } : {}), makePort());
  const untried = guarded.filter((one) => one.untried).length;
  say(`${name}: ${guarded.length} cases, ${untried} of them not answered by the port`);
  for (const saboteur of PLAIN_SABOTEURS) {
    const failed = guarded.filter(({ plain }) => plain.includes(saboteur.name)).length;
    say(`  ${saboteur.name} (${saboteur.line}) fails ${failed}`);
  }
  const rest = guarded.filter(({ plain, untried: skipped }) => plain.length === 0 && !skipped);
  const by = new Map<string, number>();
  for (const { other } of rest) by.set(other ?? 'nobody', (by.get(other ?? 'nobody') ?? 0) + 1);
  say(`  no plain saboteur fails ${rest.length}: ${[...by].map(([who, n]) => `${who} fails ${n}`).join(', ')}`);
  for (const { id, other } of rest) {
    if (other !== null) continue;
    say(`  tests nothing, remove it: ${id}`);
    process.exitCode = 1;
  }
  if (guarded.length === untried) {
    say('  nothing was tried');
    process.exitCode = 1;
  }
}
