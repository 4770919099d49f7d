// What is still to be done when this process ends by itself or by a signal that nobody else handles. It ends nothing on its own.

/** Calls `act` at exit and on such a signal, which then ends the process as it would have. Returns how to forget it. */
export function onTheWayOut(act: () => void): () => void {
  if (acts.size === 0) listen();
  acts.add(act);
  return () => {
    if (acts.delete(act) && acts.size === 0) unlisten();
  };
}

// --- internal ---

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const acts = new Set<() => void>();

/** First in line, since a listener that is to be called once has left the line when it is called. */
function listen(): void {
  process.on('exit', actAll);
  for (const signal of ENDING_SIGNALS) process.prependListener(signal, onSignal);
}

function unlisten(): void {
  process.removeListener('exit', actAll);
  for (const signal of ENDING_SIGNALS) process.removeListener(signal, onSignal);
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listeners(signal).some((other) => other !== onSignal)) return; // they close what is open, in good order
  actAll();
  unlisten();
  process.kill(process.pid, signal);
}

/** The latest first: a child goes before the folder it works in. */
function actAll(): void {
  for (const act of [...acts].reverse()) act();
}
