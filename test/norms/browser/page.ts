// What runs in the browser: the port on every recorded case, held against the recorded bits. It is bundled and never run by Node.

import { makePort } from '../../../ts-impl/conformance/subjects/port.ts';
import { caseOf } from '../recorded/chosen.ts';
import { type Digest, digestOf } from '../recorded/digest.ts';

/** What the page leaves behind as JSON. */
export interface PageResult {
  readonly agent: string;
  readonly cases: number;
  readonly tensors: number;
  /** Ids whose answer has other bits or words; the first hundred. */
  readonly differing: readonly string[];
}

/** Runs all cases; `agent` is what the browser calls itself. */
export async function runPage(answers: Readonly<Record<string, Digest>>, agent: string): Promise<PageResult> {
  const port = makePort();
  const differing: string[] = [];
  let tensors = 0;
  const ids = Object.keys(answers);
  for (const id of ids) {
    const [{ outcome }] = await port.ask([caseOf(id)], { truth: false });
    const digest = digestOf(outcome);
    tensors += answers[id].flat().filter((line) => line.includes('[')).length;
    if (JSON.stringify(digest) !== JSON.stringify(answers[id])) differing.push(id);
  }
  return { agent, cases: ids.length, tensors, differing: differing.slice(0, 100) };
}
