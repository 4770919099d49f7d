// `normative setup`: the Python environment, made or found. The work is the setup script's, which runs before anything is built.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { packageRoot } from '../conformance/subjects/process.ts';
import { UsageError } from './edge.ts';
import type { Session } from './session.ts';

interface SetupFlags {
  readonly python?: string;
  readonly cudaOk: boolean;
  readonly torchIndex?: string;
}

export function addSetup(program: Command, session: Session): void {
  program
    .command('setup')
    .description('make or find the Python environment that PyTorch runs in')
    .option('--python <path>', 'use this Python')
    .option('--cuda-ok', 'allow the CUDA build of PyTorch, several gigabytes', false)
    .option('--torch-index <url>', 'take torch from this package index')
    .addHelpText('after', '\nExample:\n  normative setup')
    .action(async (flags: SetupFlags) => {
      const { path, version, torch } = await prepare(session, flags);
      session.edge.out(`${path}: Python ${version} with torch ${torch}\n`);
    });
}

// --- internal ---

interface Prepared {
  readonly path: string;
  readonly version: string;
  readonly torch: string;
}

async function prepare({ edge }: Session, flags: SetupFlags): Promise<Prepared> {
  const root = packageRoot();
  // It is no part of the build: npm runs it before there is one.
  const script: { preparePython(root: string, options: object): Promise<Prepared> } = await import(
    pathToFileURL(join(root, 'setup', 'python-side.mjs')).href
  );
  try {
    return await script.preparePython(root, { ...flags, env: edge.env });
  } catch (problem) {
    // Its own way to stop with a sentence; anything else is an error of ours.
    if (problem instanceof Error && problem.constructor.name === 'Stop') throw new UsageError(problem.message);
    throw problem;
  }
}
