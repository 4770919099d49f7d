// Ctrl-C and its kin: the first one stops the work in good order, the next one ends the process as usual.

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Ending = keyof typeof EXIT_CODES;

/** The user's wish to stop, and the exit code that goes with it. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;

  constructor(signal: Ending) {
    super(`stopped by ${signal}`);
    this.exitCode = EXIT_CODES[signal];
  }
}

/** Runs `work` with a signal that aborts on Ctrl-C, SIGTERM or SIGHUP; rejects with Interrupted if that happened. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const handlers = (Object.keys(EXIT_CODES) as Ending[]).map((signal) => ({
    signal,
    handler: () => controller.abort(new Interrupted(signal)),
  }));
  for (const { signal, handler } of handlers) process.once(signal, handler);
  try {
    const result = await work(controller.signal);
    controller.signal.throwIfAborted();
    return result;
  } catch (problem) {
    throw controller.signal.aborted ? controller.signal.reason : problem;
  } finally {
    for (const { signal, handler } of handlers) process.removeListener(signal, handler);
  }
}
