// Modules opened from source: the programs of child and thread as JavaScript, and rooms that start it. No Python is ever started.

import { fileURLToPath, pathToFileURL } from 'node:url';
import { liveRooms, type Rooms } from '../../../../ts-impl/cli/rooms.ts';
import { openModule } from '../../../../ts-impl/conformance/subjects/js/module.ts';
import { transpile } from '../transpiled.ts';

const MODULES = fileURLToPath(new URL('./modules/', import.meta.url));
const JS = 'ts-impl/conformance/subjects/js';
const PROGRAMS = ['thread.ts', 'child/child.ts', 'child/thread-start.mjs', 'child/typescript-hook.mjs'];

/** A file of this folder's modules, as a user in any folder would name it. */
export const moduleFile = (name: string): string => `${MODULES}${name}`;

/** The norms that the package shows to its readers. */
export const EXAMPLE = fileURLToPath(new URL('../../../../cases/examples/norms.js', import.meta.url));

export interface LiveModules {
  /** The command line's rooms, in which Python is out of reach. */
  readonly rooms: Rooms;
  remove(): void;
}

export function liveModules(): LiveModules {
  const transpiled = transpile(...PROGRAMS.map((name) => `${JS}/${name}`));
  const code = pathToFileURL(transpiled.pathOf(`${JS}/`));
  const noPython = () => Promise.reject(new Error('Python was asked for'));
  return {
    rooms: {
      ...liveRooms,
      openModule: (options) => openModule({ ...options, code }),
      startOracle: noPython,
      connectOracle: noPython,
      startHost: noPython,
    },
    remove: transpiled.remove,
  };
}
