// The thread in which a module that is checked runs: loads it, then answers cases one by one. What holds its time and ends it is child/.

import { pathToFileURL } from 'node:url';
import { decodeCase, type PlainMap } from '../../../../cases/serialise.ts';
import type { Outcome } from '../../outcome.ts';
import { encodeOutcomes } from './child/encode-outcomes.ts';
import { importFailure, serve, type ThreadReply, threadData } from './child/serve.ts';
import { drive } from './drive.ts';
import type { Traits } from './held-norm.ts';
import { ConstructFailed, type Held, holdNorms, NoSuchNorm } from './open-norms.ts';

/** What it answers to `open`. */
export type OpenReply =
  | {
      readonly kind: 'open';
      readonly norms: readonly { readonly layer: string; readonly name: string; readonly traits: Traits }[];
    }
  | { readonly kind: 'none'; readonly message: string };

const data = threadData();
let held: Held = new Map();
serve(data, async (header, payload) => (header.kind === 'open' ? open(header) : answer(header, payload)));

// --- internal ---

async function answer(header: PlainMap, payload: Uint8Array): Promise<ThreadReply> {
  const c = decodeCase(header.case, payload);
  const norm = held.get(c.layer as never); // a name that is none finds nothing
  const outcome: Outcome =
    norm === undefined
      ? { kind: 'unsupported', reason: `the module has no norm that stands for ${c.layer}` }
      : await drive(c, norm);
  return encodeOutcomes([outcome]);
}

async function open(header: PlainMap): Promise<ThreadReply> {
  let exports: Readonly<Record<string, unknown>>;
  try {
    exports = await import(pathToFileURL(data.path).href);
  } catch (problem) {
    return { header: { kind: 'failed', reason: { ...importFailure(data.file, problem) } } };
  }
  try {
    const choice = { export: header.export as string | null, layer: header.layer as string | null }; // module.ts wrote them
    held = await holdNorms(data.file, exports, choice);
    const norms = Array.from(held, ([layer, { name, traits }]) => ({ layer, name, traits: { ...traits } }));
    return { header: { kind: 'open', norms } };
  } catch (problem) {
    if (problem instanceof NoSuchNorm) return { header: { kind: 'none', message: problem.message } };
    if (!(problem instanceof ConstructFailed)) throw problem;
    return { header: { kind: 'failed', reason: { kind: 'construct', message: problem.message } } };
  }
}
