// One life of an oracle: its process, its connection, its welcome. What is asked of it, and what follows its death, is not known here.

import { rmSync } from 'node:fs';
import { Broken, type Connection, connect, type Welcome } from './connection.ts';
import { type ProcessOptions, type PythonProcess, StartFailed, startPython } from './process.ts';

/** One life of the oracle. */
export interface Live {
  readonly connection: Connection;
  readonly welcome: Welcome;
  readonly process: PythonProcess | null;
  end(): Promise<void>;
}

/** Throws StartFailed. */
export async function startLive(options: ProcessOptions, socketPath: string, timeoutMs: number): Promise<Live> {
  const removeSocket = () => rmSync(socketPath, { force: true });
  const args = ['--endpoint', `ipc://${socketPath}`, ...options.args];
  const process = await startPython({ ...options, args }).catch((problem) => {
    removeSocket();
    throw problem;
  });
  const connection = connect(String(process.ready.endpoint ?? `ipc://${socketPath}`), timeoutMs);
  void process.gone.then((how) => connection.break('crash', `the oracle died: ${how}\n${process.stderrTail()}`.trim()));
  const end = async (): Promise<void> => {
    connection.break('crash', 'the oracle was closed');
    await process.end();
    removeSocket();
  };
  return greet({ connection, process, end });
}

/** Throws StartFailed. */
export async function connectLive(endpoint: string, timeoutMs: number): Promise<Live> {
  const connection = connect(endpoint, timeoutMs);
  const end = async (): Promise<void> => connection.break('crash', 'the connection was closed');
  return greet({ connection, process: null, end });
}

/** Without waiting for a life that may hang. */
export async function kill(live: Live): Promise<void> {
  await live.process?.kill();
  await live.end();
}

// --- internal ---

async function greet(live: Omit<Live, 'welcome'>): Promise<Live> {
  try {
    return { ...live, welcome: await live.connection.hello() };
  } catch (problem) {
    await live.end();
    throw problem instanceof Broken ? new StartFailed(`the oracle did not answer hello: ${problem.message}`) : problem;
  }
}
