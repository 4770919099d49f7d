// The audit of one document's code: loaded in a worker, and every class and function that may be a norm diagnosed in a worker of its own.

import type { SubjectReport } from '../../report/report.ts';
import type { Loaded } from '../../subjects/wire/reply.ts';
import { auditNorm, type Definition } from './audit-norm.ts';
import type { AuditOptions, Entry } from './audit-options.ts';
import type { Block } from './block.ts';
import { brokenBlock, failedClasses } from './broken.ts';
import { screenFunctions } from './screen-functions.ts';
import { DocumentError } from './document.ts';
import { loadBlocks } from './start-worker.ts';
import { fits } from './user-words.ts';

/** All blocks together, so that one may use what another defines; each alone where together they hang or die. */
export async function auditBlocks(file: string, blocks: readonly Block[], options: AuditOptions): Promise<Entry[]> {
  const whole = await loadBlocks(file, blocks, options);
  if (whole.kind === 'loaded') checkInit(file, whole.loaded, options);
  if (whole.kind === 'loaded') return auditDefinitions(file, blocks, whole.loaded, options);
  if (blocks.length === 1) return [brokenBlock(file, blocks[0], whole.reason)];
  const entries: Entry[] = [];
  for (const block of blocks) entries.push(...(await auditBlocks(file, [block], options)));
  return entries;
}

// --- internal ---

/** An --init that nothing of the document takes is a slip of the pen: told before anything is run for it. */
function checkInit(file: string, { classes, functions }: Loaded, { words }: AuditOptions): void {
  const definitions: readonly Definition[] = [...classes, ...functions];
  for (const call of words?.someOnly === true ? [] : (words?.init ?? [])) {
    if (definitions.some((d) => fits(call, d.name, d.parameters))) continue;
    const signatures = definitions.map((d) => `${d.name}(${d.parameters.map((p) => p.name).join(', ')})`);
    throw new DocumentError(
      `no class of ${file} takes the --init "${call.source}"; there are ${signatures.join(', ') || 'none'}`,
    );
  }
}

async function auditDefinitions(
  file: string,
  blocks: readonly Block[],
  loaded: Loaded,
  options: AuditOptions,
): Promise<Entry[]> {
  const screened = await screenFunctions(file, blocks, loaded, options);
  const entries: { readonly line: number; readonly entry: Entry }[] = [...screened.entries];
  const definitions: Definition[] = [...loaded.classes, ...screened.norms].sort((a, b) => a.line - b.line);
  const open = [...definitions];
  const lane = async () => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      options.onProgress?.(next.name);
      entries.push({ line: next.line, entry: await auditNorm(file, blocks, next, options) });
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.jobs) }, lane));
  // Code that ends the process which all workers come from takes its neighbours with it: each of them again, alone.
  for (const [i, { line, entry }] of entries.entries()) {
    const definition = definitions.find((d) => d.line === line);
    if (definition === undefined || !('verdict' in entry) || !lostItsHost(entry)) continue;
    entries[i] = { line, entry: await auditNorm(file, blocks, definition, options) };
  }
  for (const entry of failedClasses(file, blocks, loaded)) entries.push({ line: entry.source?.line ?? 0, entry });
  return entries.sort((a, b) => a.line - b.line).map(({ entry }) => entry);
}

const lostItsHost = ({ reason }: SubjectReport) =>
  reason?.kind === 'crash' && reason.message.includes('the host of the workers ended');
