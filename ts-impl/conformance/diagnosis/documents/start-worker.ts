// Workers for documents: started with the audit's limits, and the code of a document loaded into one. What the code is for is not its business.

import type { LoadResult, Worker } from '../../subjects/worker.ts';
import type { AuditOptions } from './audit-options.ts';
import type { Block } from './block.ts';

/** What of an audit's options a worker needs. */
export type WorkerLimits = Pick<AuditOptions, 'host' | 'timeoutMs' | 'memoryBytes'>;

/** A worker; where code of another one has just ended the host, from the next host. */
export async function startWorker(name: string, document: string, limits: WorkerLimits): Promise<Worker> {
  const { host, timeoutMs, memoryBytes } = limits;
  const start = () => host.startWorker({ name, document, timeoutMs, memoryBytes, batchCases: 64 });
  return start().catch(start);
}

/** What loading the blocks gives, in a worker that is ended again. */
export async function loadBlocks(file: string, blocks: readonly Block[], limits: WorkerLimits): Promise<LoadResult> {
  const worker = await startWorker(file, file, limits);
  try {
    return await worker.load(file, blocks);
  } finally {
    await worker.close();
  }
}
