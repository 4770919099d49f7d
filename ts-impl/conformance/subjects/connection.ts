// A DEALER socket with sequence numbers, nonces and a clock: one request, one reply. It starts nothing and asks nothing twice.

import { randomBytes } from 'node:crypto';
import { Dealer } from 'zeromq';
import type { UndecidedReason } from '../outcome.ts';
import { ProtocolError } from './wire/header.ts';
import { decodeReply, type Reply } from './wire/reply.ts';
import { encodeHello, type Frames, type Stamp } from './wire/request.ts';

export type BreakKind = Extract<UndecidedReason['kind'], 'timeout' | 'crash' | 'protocol'>;

/** The other side gave no answer. `first`: this request was the oldest one waiting, so it is the likely cause. */
export class Broken extends Error {
  override readonly name = 'Broken';
  readonly kind: BreakKind;
  readonly first: boolean;
  constructor(kind: BreakKind, message: string, first: boolean) {
    super(message);
    this.kind = kind;
    this.first = first;
  }
}

export type Welcome = Extract<Reply, { kind: 'welcome' }>;

export interface Connection {
  hello(): Promise<Welcome>;
  /** Rejects with Broken alone. `timeoutMs` counts from when every earlier request was answered. */
  request(encode: (stamp: Stamp) => Frames): Promise<Reply>;
  /** How it broke; null while it holds. */
  readonly broken: { readonly kind: BreakKind; readonly message: string } | null;
  /** Breaks every waiting request and closes the socket. Whoever sees the process die calls it. */
  break(kind: BreakKind, message: string): void;
}

export function connect(endpoint: string, timeoutMs: number): Connection {
  const socket = new Dealer({ linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
  socket.connect(endpoint);
  const waiting = new Map<number, Waiting>(); // oldest first
  let nextSequence = 1;
  let closed: { readonly kind: BreakKind; readonly message: string } | null = null;
  let clock: NodeJS.Timeout | null = null;
  const outbox: Frames[] = [];
  let posting = false;

  const breakAll = (kind: BreakKind, message: string): void => {
    if (closed !== null) return;
    closed = { kind, message };
    if (clock !== null) clearTimeout(clock);
    const broken = [...waiting.values()];
    waiting.clear();
    socket.close();
    broken.forEach((one, i) => {
      one.reject(new Broken(kind, message, i === 0));
    });
  };

  const restartClock = (): void => {
    if (clock !== null) clearTimeout(clock);
    clock =
      waiting.size === 0 ? null : setTimeout(() => breakAll('timeout', `no answer within ${timeoutMs} ms`), timeoutMs);
  };

  const receive = async (): Promise<void> => {
    try {
      for await (const frames of socket) {
        const reply = decodeReply(frames);
        const sequence = sequenceOf(reply, waiting);
        const one = sequence === null ? undefined : waiting.get(sequence);
        if (sequence === null || one === undefined) {
          throw new ProtocolError(`it answered sequence ${sequence}, which nobody asked`);
        }
        if (!repeats(reply, one.nonce)) {
          throw new ProtocolError(`it answered sequence ${sequence} with another nonce than the question had`);
        }
        waiting.delete(sequence);
        restartClock();
        one.resolve(reply);
      }
    } catch (problem) {
      breakAll('protocol', problem instanceof Error ? problem.message : String(problem));
    }
  };
  void receive();

  /** One send at a time is all that a socket allows. The first leaves at once, before the caller goes on to other work. */
  const post = async (): Promise<void> => {
    if (posting) return;
    posting = true;
    try {
      for (let frames = outbox.shift(); frames !== undefined; frames = outbox.shift()) await socket.send([...frames]);
    } catch {
      breakAll('crash', 'the socket closed');
    }
    posting = false;
  };

  const send = ({ sequence, nonce }: Stamp, frames: Frames): Promise<Reply> =>
    new Promise((resolve, reject) => {
      if (closed !== null) {
        reject(new Broken(closed.kind, closed.message, false));
        return;
      }
      waiting.set(sequence, { nonce, resolve, reject });
      if (waiting.size === 1) restartClock();
      outbox.push(frames);
      void post();
    });

  return {
    hello: async () => {
      const reply = await send({ sequence: HELLO, nonce: '' }, encodeHello());
      if (reply.kind === 'welcome') return reply;
      const said = reply.kind === 'error' ? `${reply.reason}: ${reply.message}` : `a reply of kind ${reply.kind}`;
      throw new Broken('protocol', `it answered hello with ${said}`, true);
    },
    request: (encode) => {
      const stamp = { sequence: nextSequence++, nonce: randomBytes(NONCE_BYTES).toString('base64url') };
      return send(stamp, encode(stamp));
    },
    get broken() {
      return closed;
    },
    break: breakAll,
  };
}

// --- internal ---

const NONCE_BYTES = 12;

interface Waiting {
  readonly nonce: string;
  resolve(reply: Reply): void;
  reject(broken: Broken): void;
}

/** The place of a hello among the waiting; the wire gives it no number. */
const HELLO = 0;

/** An error without a number is about the oldest request: the other side could not read it. */
function sequenceOf(reply: Reply, waiting: ReadonlyMap<number, Waiting>): number | null {
  switch (reply.kind) {
    case 'welcome':
      return HELLO;
    case 'error':
      return reply.sequence ?? waiting.keys().next().value ?? null;
    case 'answer':
    case 'floor':
    case 'loaded':
      return reply.sequence;
    default:
      return reply satisfies never;
  }
}

/** An error about what it could not read has none to repeat. */
function repeats(reply: Reply, nonce: string): boolean {
  switch (reply.kind) {
    case 'welcome':
      return true;
    case 'error':
      return reply.nonce === nonce || reply.sequence === null;
    case 'answer':
    case 'floor':
    case 'loaded':
      return reply.nonce === nonce;
    default:
      return reply satisfies never;
  }
}
