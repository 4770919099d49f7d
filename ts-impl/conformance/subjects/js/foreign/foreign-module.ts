// A module in a child process, opened to be audited: its exports, then one of them to be asked cases. It starts its child and measures nothing.

import { encodeCaseHeader, PayloadWriter, type Plain } from '../../../../../cases/serialise.ts';
import type { Case } from '../../../../../cases/case.ts';
import type { Outcome } from '../../../outcome.ts';
import { confinementHere } from '../../sandbox-command.ts';
import { ProtocolError } from '../../wire/header.ts';
import { decodeOutcomes } from '../child/decode-outcomes.ts';
import { type Child, ChildGone, startChild } from '../child/start-child.ts';
import type { Trial } from './choose-plan.ts';
import type { ExportFacts } from './export-facts.ts';
import type { Chosen } from './plan.ts';

export interface ForeignModuleOptions {
  /** As the user wrote it. */
  readonly file: string;
  readonly path: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** Where the programs of child and thread lie; tests that run from source name another folder. */
  readonly code?: URL;
}

/** A child with the module in it. Everything it does rejects with ChildGone alone. */
export interface ForeignModule {
  readonly exports: readonly ExportFacts[];
  /** Tries ways of using an export; the one that works is asked from then on. */
  choose(name: string, backward: string | null, trials: readonly Trial[]): Promise<Chosen>;
  ask(cases: readonly Case[]): Promise<readonly Outcome[]>;
  close(): Promise<void>;
}

/** Loads a module. Rejects with ChildGone where it does not parse, throws, hangs or dies. */
export async function openForeignModule(options: ForeignModuleOptions): Promise<ForeignModule> {
  const child = startChild({ ...options, program: 'foreign/foreign-thread', confinement: await confinementHere() });
  try {
    const { header } = await child.request({ kind: 'load' });
    return {
      exports: header.exports as readonly ExportFacts[], // our thread's own words: a frame without the nonce is none
      choose: (name, backward, trials) => choose(child, name, backward, trials),
      ask: (cases) => ask(child, cases),
      close: () => child.close(),
    };
  } catch (problem) {
    await child.close();
    throw problem;
  }
}

// --- internal ---

async function choose(child: Child, name: string, backward: string | null, trials: readonly Trial[]): Promise<Chosen> {
  const payload = new PayloadWriter();
  const encoded = trials.map(({ plan, cases }): Plain => ({ plan: JSON.stringify(plan), ...encode(cases, payload) }));
  const { header } = await child.request({ kind: 'choose', export: name, backward, trials: encoded }, payload.bytes());
  return header as unknown as Chosen; // our thread's own words, as above
}

async function ask(child: Child, cases: readonly Case[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let at = 0; at < cases.length; at += BATCH) {
    const batch = cases.slice(at, at + BATCH);
    const payload = new PayloadWriter();
    const fields = encode(batch, payload);
    const reply = await child.request({ kind: 'cases', ...fields }, payload.bytes());
    outcomes.push(...read(reply.header, reply.payload, batch.length));
  }
  return outcomes;
}

const BATCH = 64;

function encode(cases: readonly Case[], payload: PayloadWriter) {
  const sizes: number[] = [];
  const headers = cases.map((c) => {
    const header = encodeCaseHeader(c, payload);
    sizes.push(payload.begin());
    return header;
  });
  return { cases: headers, sizes };
}

function read(header: unknown, payload: Uint8Array, expected: number): readonly Outcome[] {
  try {
    const outcomes = decodeOutcomes(header, payload);
    if (outcomes.length === expected) return outcomes;
    throw new ProtocolError(`${outcomes.length} answers came to ${expected} questions`);
  } catch (problem) {
    if (problem instanceof ProtocolError) throw new ChildGone({ kind: 'protocol', message: problem.message });
    throw problem;
  }
}
