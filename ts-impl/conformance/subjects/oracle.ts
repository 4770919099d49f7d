// The oracle as a subject: PyTorch in a process of its own, supervised. It decides nothing about what the answers mean.

import type { Case } from '../../../cases/case.ts';
import type { Answer } from '../outcome.ts';
import { Broken } from './connection.ts';
import { makeGate } from './gate.ts';
import { connectLive, kill, type Live, startLive } from './oracle-life.ts';
import { openScratch, type Scratch } from './scratch.ts';
import type { Subject } from './subject.ts';
import { undecided } from './wire/answer.ts';
import { encodeAsk, encodeFloor } from './wire/request.ts';

export interface OracleOptions {
  /** The interpreter, as `findPython` found it. */
  readonly python: string;
  /** How long it may be silent while a message is waiting. */
  readonly timeoutMs: number;
  readonly readyTimeoutMs: number;
  readonly batch: { readonly cases: number; readonly window: number };
  /** Folder for its socket; without one it makes and removes its own. */
  readonly scratch: Scratch | null;
  /** What is run instead of py-oracle, for tests. */
  readonly script: string | null;
  readonly args: readonly string[];
}

export interface Oracle extends Subject {
  readonly kind: 'oracle';
  /** Seconds that bare PyTorch needs for these cases in the oracle's process, decoding left out. */
  floor(cases: readonly Case[]): Promise<number>;
  /** How often it had to be started again, and its process; null for one that was connected to. */
  readonly restarts: number;
  readonly pid: number | null;
}

/** Starts an oracle. Throws StartFailed. */
export async function startOracle(given: Partial<OracleOptions> & { readonly python: string }): Promise<Oracle> {
  const options: OracleOptions = { ...DEFAULTS, ...given };
  const scratch = options.scratch ?? openScratch();
  const closeScratch = () => {
    if (options.scratch === null) scratch.close();
  };
  try {
    const { script, ...rest } = options;
    const process = script === null ? rest : { ...rest, script };
    return await supervise(options, () => startLive(process, scratch.socketPath(), options.timeoutMs), closeScratch);
  } catch (problem) {
    closeScratch();
    throw problem;
  }
}

/** Connects to an oracle that somebody else runs. Throws StartFailed if nothing answers there. */
export async function connectOracle(
  endpoint: string,
  given: Partial<Pick<OracleOptions, 'timeoutMs' | 'batch'>> = {},
): Promise<Oracle> {
  const options: OracleOptions = { ...DEFAULTS, ...given, python: '' };
  return supervise(
    options,
    () => connectLive(endpoint, options.timeoutMs),
    () => {},
  );
}

// --- internal ---

const DEFAULTS: Omit<OracleOptions, 'python'> = {
  timeoutMs: 30_000,
  readyTimeoutMs: 60_000,
  batch: { cases: 64, window: 4 },
  scratch: null,
  script: null,
  args: [],
};

/** An oracle that dies this often without one answer in between is given up. */
const DEATHS_IN_A_ROW = 5;

async function supervise(options: OracleOptions, start: () => Promise<Live>, onClose: () => void): Promise<Oracle> {
  const gate = makeGate(options.batch.window);
  const first = await start();
  let current: Promise<Live> = Promise.resolve(first);
  /** What `current` has come to; null while it is on its way. */
  let live: Live | null = first;
  let restarts = 0;
  let deathsInARow = 0;
  let lost: string | null = null;
  let closing: Promise<void> | null = null;

  /** Ends a broken life and begins the next, once, however many requests broke with it. */
  const replace = async (broken: Promise<Live>, why: string): Promise<void> => {
    if (current !== broken || closing !== null || lost !== null) return;
    const dead = await broken;
    if (current !== broken) return;
    live = null;
    deathsInARow++;
    if (deathsInARow >= DEATHS_IN_A_ROW) {
      lost = `the oracle died ${deathsInARow} times in a row and was given up; the last time: ${why}`;
      current = Promise.reject(new Broken('crash', lost, false));
      current.catch(() => {});
      await kill(dead);
      return;
    }
    restarts++;
    current = kill(dead).then(start);
    current.then(
      (next) => {
        live = next;
      },
      (problem: Error) => {
        lost = `the oracle could not be started again: ${problem.message}`;
      },
    );
  };

  /** One message, tried once. Resolves to answers, or to how it broke. Where it can, it leaves before this returns. */
  const send = async (cases: readonly Case[], truth: boolean): Promise<readonly Answer[] | Broken> => {
    if (closing !== null) return new Broken('crash', 'the oracle is closed', true);
    const life = current;
    try {
      const { connection } = live ?? (await life);
      const reply = await connection.request((stamp) => encodeAsk(stamp, truth, cases));
      // It lives and has said why; the cases are asked again one by one, so that one does not spoil the others.
      if (reply.kind === 'error') return new Broken('protocol', `it refused: ${reply.reason}: ${reply.message}`, true);
      if (reply.kind !== 'answer' || reply.answers.length !== cases.length) {
        throw new Broken('protocol', `it answered ${cases.length} cases with ${describe(reply)}`, true);
      }
      deathsInARow = 0;
      return reply.answers;
    } catch (problem) {
      const broken = problem instanceof Broken ? problem : new Broken('crash', String(problem), true);
      await replace(life, broken.message);
      return broken;
    }
  };

  /** The second and last chance of each case: alone in its message, with nothing else in flight. */
  const askOneByOne = async (cases: readonly Case[], truth: boolean): Promise<Answer[]> => {
    const answers: Answer[] = [];
    for (const one of cases) {
      const leave = await gate.enter(options.batch.window);
      const sent = await send([one], truth);
      leave();
      answers.push(sent instanceof Broken ? undecided(sent.kind, `twice: ${sent.message}`) : sent[0]);
    }
    return answers;
  };

  const askMessage = async (cases: readonly Case[], truth: boolean): Promise<readonly Answer[]> => {
    for (;;) {
      const leave = gate.tryEnter() ?? (await gate.enter(1));
      const sent = await send(cases, truth);
      leave();
      if (!(sent instanceof Broken)) return sent;
      const reason = lost ?? (closing !== null ? 'the oracle was closed' : null);
      if (reason !== null) return cases.map(() => undecided('crash', reason));
      if (sent.first) return askOneByOne(cases, truth);
    }
  };

  return {
    name: first.welcome.subject,
    kind: 'oracle',
    version: first.welcome.version,
    capabilities: first.welcome.capabilities,
    batch: options.batch,
    get restarts() {
      return restarts;
    },
    get pid() {
      return live?.process?.pid ?? null;
    },
    ask: async (cases, { truth }) => {
      const messages: Promise<readonly Answer[]>[] = [];
      for (let at = 0; at < cases.length; at += options.batch.cases) {
        messages.push(askMessage(cases.slice(at, at + options.batch.cases), truth));
      }
      return (await Promise.all(messages)).flat();
    },
    floor: async (cases) => {
      const { connection } = await current;
      const reply = await connection.request((stamp) => encodeFloor(stamp, cases));
      if (reply.kind === 'floor') return reply.seconds;
      throw new Broken('protocol', `it answered floor with ${describe(reply)}`, true);
    },
    close: () => {
      closing ??= (async () => {
        const last = await current.catch(() => null);
        await last?.end();
        onClose();
      })();
      return closing;
    },
  };
}

function describe(reply: {
  readonly kind: string;
  readonly answers?: readonly unknown[];
  readonly message?: string;
}): string {
  if (reply.answers !== undefined) return `${reply.answers.length} answers`;
  return reply.message === undefined ? `a reply of kind ${reply.kind}` : `an error: ${reply.message}`;
}
