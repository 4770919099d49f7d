// Which Python the oracle runs in: the first there is, in the order that setup uses. It starts none and installs nothing.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../conformance/subjects/process.ts';
import type { Edge } from './edge.ts';

export interface FoundPython {
  readonly path: string;
  /** Named by the user: it is used whatever torch it has. */
  readonly named: boolean;
  readonly from: string;
}

/** `--python`, NORMATIVE_PYTHON, `.venv` beside the package, the one in the user's cache folder, `python3`. */
export function findPython(edge: Edge, option: string | undefined): FoundPython {
  if (option !== undefined) return { path: option, named: true, from: '--python' };
  const named = edge.env.NORMATIVE_PYTHON ?? '';
  if (named !== '') return { path: named, named: false, from: 'NORMATIVE_PYTHON' };
  const cache = edge.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folders = [
    { folder: join(packageRoot(), '.venv'), from: '.venv' },
    { folder: join(cache, 'normative', 'venv'), from: 'cache folder' },
  ];
  for (const { folder, from } of folders) {
    const path = process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
    if (existsSync(path)) return { path, named: false, from };
  }
  return { path: 'python3', named: false, from: 'PATH' };
}
