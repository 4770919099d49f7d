// `normative doctor`: what the program stands on, found or not, and what to do if not.

import type { Command } from 'commander';
import type { Oracle } from '../conformance/subjects/oracle.ts';
import { StartFailed } from '../conformance/subjects/process.ts';
import { describeConfinement } from '../conformance/subjects/sandbox.ts';
import type { Host } from '../conformance/subjects/workers.ts';
import { findPython } from './find-python.ts';
import type { Session } from './session.ts';
import { pinnedPackage, pinnedTorch, version } from './version.ts';

export function addDoctor(program: Command, session: Session): void {
  program
    .command('doctor')
    .description('what is installed, which version, and what to do if it is not')
    .option('--python <path>', 'look at this Python')
    .addHelpText('after', '\nExample:\n  normative doctor --python ~/venv/bin/python')
    .action(async (flags: { readonly python?: string }) => {
      const [python, sandbox] = await Promise.all([
        pythonLines(session, flags.python),
        sandboxLine(session, flags.python),
      ]);
      const lines = [nodeLine(), platformLine(), ...python, sandbox];
      session.edge.out(
        lines.map(({ ok, what, found, fix }) => `${ok ? 'ok ' : '!! '} ${what.padEnd(10)} ${found}${fix}\n`).join(''),
      );
      session.exitCode = lines.every(({ ok }) => ok) ? 0 : 2;
    });
}

// --- internal ---

interface Line {
  readonly ok: boolean;
  readonly what: string;
  readonly found: string;
  /** Empty, or a dash and what to do. */
  readonly fix: string;
}

function nodeLine(): Line {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return line(ok, 'Node', `${process.versions.node}, normative ${version()}`, 'install Node 20.19 or later');
}

/** Bits are compared on one platform only; elsewhere the derived bound decides, which is no fault. */
function platformLine(): Line {
  const reference = process.platform === 'linux' && process.arch === 'x64';
  const found = `${process.platform} ${process.arch}`;
  return line(
    true,
    'platform',
    reference ? `${found}, the reference` : `${found}: no bit-identity is claimed here, the bound decides`,
    '',
  );
}

async function pythonLines(session: Session, option: string | undefined): Promise<Line[]> {
  const python = findPython(session.edge, option);
  const place = `${python.path} (from ${python.from})`;
  let oracle: Oracle;
  try {
    oracle = await session.rooms.startOracle({ python: python.path });
  } catch (problem) {
    if (!(problem instanceof StartFailed)) throw problem;
    return [line(false, 'Python', `${place} does not run the oracle: ${problem.message}`, 'run `normative setup`')];
  }
  await oracle.close();
  const { capabilities } = oracle;
  const pinned = pinnedTorch();
  const torch = oracle.version ?? 'of unknown version';
  const ok = pinned === null || torch.split('+')[0] === pinned;
  return [
    line(true, 'Python', `${capabilities.python ?? 'of unknown version'}, ${place}`, ''),
    line(
      ok,
      'PyTorch',
      `${torch}, ${capabilities.threads ?? '?'} thread, ${capabilities.capability ?? 'unknown'} kernels`,
      `pinned is ${pinned}; run \`normative setup\``,
    ),
    line(true, 'ZeroMQ', 'both sides speak', ''),
    await repairLine(session, python.path),
  ];
}

/** Asks the very host that would run foreign code. Without a sandbox it can still run, so that is no reason to fail. */
async function sandboxLine(session: Session, option: string | undefined): Promise<Line> {
  const python = findPython(session.edge, option).path;
  let host: Host;
  try {
    host = await session.rooms.startHost({ python, unsafe: true });
  } catch (problem) {
    if (!(problem instanceof StartFailed)) throw problem;
    return line(false, 'bubblewrap', 'not tried, since no Python runs workers', 'run `normative setup`');
  }
  await host.close();
  const { confinement } = host;
  const words = describeConfinement(confinement);
  return confinement.kind === 'bubblewrap'
    ? line(true, 'bubblewrap', `${confinement.version}, foreign code runs under it`, '')
    : { ok: true, what: 'bubblewrap', found: `not here: ${words}`, fix: '' };
}

/** Its absence is no fault: everything but --fix works without. */
async function repairLine(session: Session, python: string): Promise<Line> {
  const mender = await session.rooms.startMender({ python }).catch((problem) => {
    if (problem instanceof StartFailed) return null;
    throw problem;
  });
  await mender?.close();
  const found = mender?.libcst ?? null;
  const missing = `not found: audit --fix needs it (\`${python} -m pip install ${pinnedPackage('libcst')}\`), the rest does not`;
  return line(true, 'LibCST', found ?? missing, '');
}

function line(ok: boolean, what: string, found: string, fix: string): Line {
  return { ok, what, found, fix: ok ? '' : ` — ${fix}` };
}
