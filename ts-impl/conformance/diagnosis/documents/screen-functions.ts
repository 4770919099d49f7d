// Tells the functions of a document that are norms from its helpers: a signature and a few calls each, all in one worker. It diagnoses nothing.

import type { UndecidedReason } from '../../outcome.ts';
import type { Loaded, LoadedFunction } from '../../subjects/wire/reply.ts';
import type { Worker } from '../../subjects/worker.ts';
import { kindFromName } from '../axes/norm-kind.ts';
import type { AuditOptions, Entry } from './audit-options.ts';
import { type Block, lineInFile } from './block.ts';
import { undecidedCode } from './broken.ts';
import { missingNames } from './eligible.ts';
import { type Fitted, fitFunction } from './function-specimen.ts';
import { startWorker } from './start-worker.ts';

export interface Screened {
  readonly norms: readonly LoadedFunction[];
  /** The others: skipped, or undecided where by its name one is a norm and no call of it came through. */
  readonly entries: readonly { readonly line: number; readonly entry: Entry }[];
}

export async function screenFunctions(
  file: string,
  blocks: readonly Block[],
  loaded: Loaded,
  options: AuditOptions,
): Promise<Screened> {
  const norms: LoadedFunction[] = [];
  const entries: { line: number; entry: Entry }[] = [];
  let worker: Worker | null = null;
  const limits = { ...options, timeoutMs: Math.min(options.timeoutMs, SCREEN_TIMEOUT_MS) };
  try {
    for (const fn of loaded.functions) {
      let fitted: Fitted | null = fromSignature(fn);
      if (fitted === null) {
        worker ??= await loadedWorker(file, blocks, limits);
        fitted = await fitFunction(fn, worker, options.words?.map ?? {});
        if (worker.failure !== null) {
          await worker.close();
          worker = null;
        }
      }
      const judged = judgeFit(fn, fitted, options);
      if (judged === 'norm') norms.push(fn);
      else entries.push({ line: fn.line, entry: entryOf(file, blocks, fn, judged, loaded) });
    }
  } finally {
    await worker?.close();
  }
  return { norms, entries };
}

// --- internal ---

/** A helper that takes longer to show what it is has something else to do. */
const SCREEN_TIMEOUT_MS = 5000;

async function loadedWorker(
  file: string,
  blocks: readonly Block[],
  limits: Parameters<typeof startWorker>[2],
): Promise<Worker> {
  const worker = await startWorker(file, file, limits);
  await worker.load(file, blocks);
  return worker;
}

/** What the signature alone tells; null where it has to be called. */
function fromSignature(fn: LoadedFunction): Fitted | null {
  const none = (reason: string): Fitted => ({ kind: 'none', raised: false, reason });
  if (!fn.parameters.some((p) => p.kind !== 'var_keyword' && p.kind !== 'var_positional'))
    return none('it takes no array');
  return /^test_/.test(fn.name) ? none('by its name it is a test') : null;
}

type Judged =
  | 'norm'
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'undecided'; readonly reason: UndecidedReason };

function judgeFit(fn: LoadedFunction, fitted: Fitted, options: AuditOptions): Judged {
  const named = kindFromName(fn.name) !== null;
  switch (fitted.kind) {
    case 'undecided':
      return named
        ? fitted
        : { kind: 'skipped', reason: `it gave no sign of being a norm in time (${fitted.reason.message})` };
    case 'none': {
      if (!named || !fitted.raised || !speaksOfANorm(fn)) return { kind: 'skipped', reason: fitted.reason };
      const message = `no call that was tried came through: ${fitted.reason}; --map says what its arguments are, as in --map weight=g`;
      return { kind: 'undecided', reason: { kind: 'construct', message } };
    }
    case 'norm': {
      const bare = Object.keys(fitted.plan.tensors).length === 0;
      if (!named && bare && options.layer === null) {
        const reason =
          'it normalises, but takes no parameters and its name speaks of no layer; with --layer it is audited';
        return { kind: 'skipped', reason };
      }
      return 'norm';
    }
    default:
      return fitted satisfies never;
  }
}

/** Whether an argument beside the first is one that only norms have. */
function speaksOfANorm(fn: LoadedFunction): boolean {
  return fn.parameters.length === 1 || fn.parameters.some((p) => /gamma|beta|weight|bias|eps|mean|var/i.test(p.name));
}

function entryOf(
  file: string,
  blocks: readonly Block[],
  fn: LoadedFunction,
  judged: Exclude<Judged, 'norm'>,
  loaded: Loaded,
): Entry {
  const missing = missingNames(fn, loaded, blocks);
  if (judged.kind === 'skipped') {
    const source = { file, line: lineInFile(blocks, fn.line) };
    return { name: fn.name, source, reason: missing ?? judged.reason };
  }
  const reason: UndecidedReason =
    missing !== null && judged.reason.kind === 'construct' ? { kind: 'import', message: missing } : judged.reason;
  return undecidedCode(fn.name, file, blocks, fn.line, reason);
}
