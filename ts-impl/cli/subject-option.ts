// The subject that `--subject js:FILE#export` asks for, loaded in a thread of its own. Documents of Python are not opened here.

import { existsSync, realpathSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { JsSubject } from '../conformance/subjects/js/js-subject.ts';
import { packageRoot } from '../conformance/subjects/process.ts';
import { UsageError } from './edge.ts';
import type { Session } from './session.ts';

export interface SubjectChoice {
  readonly subject?: string | undefined;
  readonly layer?: string | undefined;
  readonly timeoutMs: number;
  readonly strict?: boolean;
}

/** A module that does not load, and no name that says what was to be asked of it: undecided as a whole. */
export class ModuleFailed extends Error {
  override readonly name = 'ModuleFailed';
}

/** Whether a subject is a module, not a document. */
export function isModule(subject: string): boolean {
  return subject.startsWith('js:');
}

/** Loads `js:FILE#export`, or `js:FILE` with every export that bears a norm's name. Throws UsageError and NoSuchNorm. */
export async function openJsModule({ rooms }: Session, subject: string, choice: SubjectChoice): Promise<JsSubject> {
  const hash = subject.lastIndexOf('#');
  const file = subject.slice('js:'.length, hash < 0 ? undefined : hash);
  const name = hash < 0 ? null : subject.slice(hash + 1);
  if (file === '' || name === '') {
    throw new UsageError(
      `--subject is "${subject}", expected a module and an export of it, as in js:norms.js#LayerNorm`,
    );
  }
  if (!existsSync(file)) {
    throw new UsageError(`--subject names ${file}, which is not there; give its path from this folder`);
  }
  if (statSync(file).isDirectory()) {
    throw new UsageError(
      `--subject names ${file}, which is a folder; name a module in it, as in js:${join(file, 'norms.js')}#LayerNorm`,
    );
  }
  if (isPort(file)) {
    throw new UsageError(`--subject names ${file}, which is the port itself: leave --subject out to check it`);
  }
  return rooms.openModule({
    file,
    path: resolve(file),
    export: name,
    layer: choice.layer ?? null,
    timeoutMs: choice.timeoutMs,
    memoryMb: MEMORY_MB,
    strict: choice.strict ?? false,
    replayWords: `--subject '${subject}'`,
  });
}

// --- internal ---

/** Nothing may be compared with itself: with `--oracle embedded` the port would be. */
function isPort(file: string): boolean {
  const path = realpathSync(file);
  return ['dist/ts-impl/norms', 'ts-impl/norms'].some((room) => path.startsWith(join(packageRoot(), room) + sep));
}

/** What a norm may take; more is a fault of it, or a case too large to be one. */
const MEMORY_MB = 1024;
