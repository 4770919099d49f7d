// A document's statements run in a worker, each with what became of it; and what is left of it outside. It judges nothing.

import { readdirSync, readFileSync } from 'node:fs';
import type { UndecidedReason } from '../../../ts-impl/conformance/outcome.ts';
import type { Host, Worker, WorkerOptions } from '../../../ts-impl/conformance/subjects/workers.ts';

/** Why it bears no more; or the errors of its statements, as `Type: message`. */
export type Attempt = { readonly ended: UndecidedReason } | { readonly errors: readonly string[] };

export async function attempt(
  host: Host,
  code: readonly string[],
  options: Partial<WorkerOptions> = {},
  meanwhile: (worker: Worker) => Promise<void> = async () => {},
): Promise<Attempt> {
  const worker = await host.startWorker({ timeoutMs: 20_000, memoryBytes: 300 << 20, ...options });
  try {
    const result = await worker.load('page.md', [{ line: 1, text: code.join('\n') }]);
    await meanwhile(worker);
    if (result.kind === 'undecided') return { ended: result.reason };
    return { errors: result.loaded.failures.map(({ type, message }) => `${type}: ${message}`) };
  } finally {
    await worker.close();
  }
}

/** Processes of this machine whose command line holds these words. */
export function processesWith(words: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(words);
      } catch {
        return false; // it went just now
      }
    })
    .map(Number);
}
