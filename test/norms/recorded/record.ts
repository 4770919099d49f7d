// `npm run record`: asks the live oracle the chosen cases and writes what it answered. Where the port differs it says so and writes nothing.

import { startOracle } from '../../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../../ts-impl/conformance/subjects/port.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../../conformance/subjects/live-python.ts';
import { writeAnswers } from './answers.ts';
import { chosenCases } from './chosen.ts';
import { digestOf } from './digest.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

if (!hasPython) throw new Error(NO_PYTHON);
const oracle = await startOracle({ python: PYTHON });
try {
  const cases = chosenCases();
  const given = await oracle.ask(cases, { truth: false });
  const own = await makePort().ask(cases, { truth: false });
  const answers = Object.fromEntries(cases.map((c, i) => [c.id, digestOf(given[i].outcome)]));
  const apart = cases.filter((c, i) => JSON.stringify(answers[c.id]) !== JSON.stringify(digestOf(own[i].outcome)));
  for (const { id } of apart) say(`the port differs: ${id}`);
  if (apart.length > 0) {
    say(`nothing is written: the port differs in ${apart.length} of ${cases.length} cases`);
    process.exitCode = 1;
  } else {
    const bytes = writeAnswers({ torch: oracle.version ?? '', answers });
    say(`${cases.length} answers of PyTorch ${oracle.version} recorded in ${bytes} bytes`);
  }
} finally {
  await oracle.close();
}
