// `normative claims`: measures on which answers the port has PyTorch's bits, and writes the table that the embedded oracle goes by.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { suite } from '../../cases/suites.ts';
import { withBits } from '../conformance/report/render-bits.ts';
import type { Claims } from '../conformance/subjects/embedded/claim.ts';
import { writeClaims } from '../conformance/subjects/embedded/claims-file.ts';
import { measureClaims } from '../conformance/subjects/embedded/measure-claims.ts';
import { packageRoot } from '../conformance/subjects/process.ts';
import { parseCount } from './case-options.ts';
import { interruptible } from './interrupt.ts';
import { openOracle, parsePositive } from './oracle-option.ts';
import { startProgress } from './progress.ts';
import type { Session } from './session.ts';

interface ClaimFlags {
  readonly cases: number;
  readonly seed: number;
  readonly python?: string | undefined;
  readonly timeoutMs: number;
}

export function addClaims(program: Command, session: Session): void {
  program
    .command('claims', { hidden: true }) // for whoever changes the port, in a clone of the repository
    .description('measure the port against PyTorch and write the table that the embedded oracle goes by')
    .addOption(
      new Option('--cases <n>', 'of the suite deep, beside the suite standard')
        .argParser(parsePositive)
        .default(20_000),
    )
    .addOption(new Option('--seed <n>', 'other cases of the same kinds').argParser(parseCount).default(0))
    .option('--python <path>', 'the Python to run PyTorch in')
    .addOption(new Option('--timeout-ms <n>', 'how long it may be silent').argParser(parsePositive).default(30_000))
    .addHelpText('after', '\nExample:\n  normative claims --cases 20000')
    .action((flags: ClaimFlags) => runClaims(session, flags));
}

// --- internal ---

/** A clone has a README; an installed package has none of its own to keep. */
function writeReadme(claims: Claims): void {
  const path = join(packageRoot(), 'README.md');
  if (existsSync(path)) writeFileSync(path, withBits(readFileSync(path, 'utf8'), claims));
}

async function runClaims(session: Session, flags: ClaimFlags): Promise<void> {
  const { seed, cases } = flags;
  await interruptible(async (signal) => {
    const oracle = await openOracle(session, { ...flags, oracle: 'torch' });
    signal.addEventListener('abort', () => void oracle.close());
    const standard = suite('standard', { seed });
    const deep = suite('deep', { seed: seed + 1, cases });
    const progress = startProgress(session.edge, standard.size + deep.size);
    let done = 0;
    try {
      const suites = [
        { name: `standard --seed ${seed}`, cases: standard },
        { name: `deep --seed ${seed + 1} --cases ${cases}`, cases: deep },
      ];
      const claims = await measureClaims(suites, oracle, session.rooms.makePort(), () => progress.update(++done));
      signal.throwIfAborted();
      writeClaims(claims);
      writeReadme(claims);
      const identical = claims.rows.filter((row) => row.identical === row.elements).length;
      session.edge.out(
        `${identical} of ${claims.rows.length} kinds of answer are identical throughout, on ${claims.cases} cases\n`,
      );
    } finally {
      progress.stop();
      await oracle.close();
    }
  });
}
