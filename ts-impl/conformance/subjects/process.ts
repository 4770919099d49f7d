// Starts `python py-oracle`, waits for its ready line, and ends it. What is said over its socket is not its business.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { onTheWayOut } from './way-out.ts';

export interface ProcessOptions {
  readonly python: string;
  readonly args: readonly string[];
  readonly readyTimeoutMs: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What is run instead of py-oracle; tests start miniature liars with it. */
  readonly script?: string;
}

export interface PythonProcess {
  readonly pid: number;
  /** The ready line. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Settles when the process is gone, with how it went. */
  readonly gone: Promise<string>;
  /** The end of what it wrote to standard error. */
  stderrTail(): string;
  /** A line to its standard input. */
  write(line: string): void;
  /** Each later line of its standard output. */
  onLine(listener: (line: string) => void): void;
  /** Closes its standard input, which ends it; kills it if that does not. */
  end(): Promise<void>;
  kill(): Promise<void>;
}

/** A process that did not come up; the text says why and what to do. */
export class StartFailed extends Error {
  override readonly name = 'StartFailed';
}

/** The folder of the package, in the source tree and when built. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'py-oracle', '__main__.py'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new StartFailed('py-oracle is not beside this package; reinstall normative');
    folder = parent;
  }
  return folder;
}

/** Throws StartFailed. */
export async function startPython(options: ProcessOptions): Promise<PythonProcess> {
  const script = options.script ?? join(packageRoot(), 'py-oracle');
  const child = execa(options.python, ['-u', script, ...options.args], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    detached: true, // a group of its own: a snippet that signals its group, or a terminal, does not reach the other
    cleanup: false, // it would listen for signals, and then nobody knows who is to end this process
    env: { ATEN_CPU_CAPABILITY: 'avx2', PYTHONUTF8: '1', ...options.env },
  });
  const stderr = keepTail(child.stderr, STDERR_TAIL_CHARACTERS);
  child.stdin.on('error', () => {}); // a dead child's pipe; `gone` tells
  const lines = splitLines(child.stdout);
  const gone = child.then((result) => {
    if (result.failed && result.exitCode === undefined && result.signal === undefined) {
      return result.originalMessage ?? result.shortMessage ?? 'it could not be started';
    }
    return result.signal === undefined ? `it exited with code ${result.exitCode}` : `it was ended by ${result.signal}`;
  });
  const forget = onTheWayOut(() => child.kill('SIGKILL')); // it ends by itself too, unless it hangs
  void gone.then(forget);
  const end = async (): Promise<void> => {
    child.stdin.end();
    const late = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
    await gone;
    clearTimeout(late);
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  const first = await firstOf(lines, gone, options.readyTimeoutMs);
  const ready = first.kind === 'line' ? parseReady(first.line) : null;
  if (ready === null) {
    await kill();
    const said = stderr().trim();
    throw new StartFailed(
      `${options.python} did not start ${script}: ${explain(first, options.readyTimeoutMs)}${said === '' ? '' : `\n${said}`}`,
    );
  }
  return {
    pid: child.pid ?? 0,
    ready,
    gone,
    stderrTail: stderr,
    write: (line) => child.stdin.write(`${line}\n`),
    onLine: (listener) => lines.listen(listener),
    end,
    kill,
  };
}

// --- internal ---

const STDERR_TAIL_CHARACTERS = 4000;
const END_TIMEOUT_MS = 3000;

type First =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'gone'; readonly how: string }
  | { readonly kind: 'late' };

interface Lines {
  /** Lines that came before anyone listened are handed over first. */
  listen(listener: (line: string) => void): void;
}

function splitLines(stream: NodeJS.ReadableStream): Lines {
  let rest = '';
  let kept: string[] = [];
  let listener: ((line: string) => void) | null = null;
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      if (listener === null) kept.push(line);
      else listener(line);
    }
  });
  return {
    listen: (next) => {
      listener = next;
      const before = kept;
      kept = [];
      for (const line of before) listener(line);
    },
  };
}

function firstOf(lines: Lines, gone: Promise<string>, timeoutMs: number): Promise<First> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve({ kind: 'late' }), timeoutMs);
    const settle = (first: First) => {
      clearTimeout(late);
      resolve(first);
    };
    let seen = false;
    lines.listen((line) => {
      if (!seen) settle({ kind: 'line', line });
      seen = true;
    });
    gone.then((how) => settle({ kind: 'gone', how }));
  });
}

function parseReady(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const ready: unknown = JSON.parse(line);
    return typeof ready === 'object' && ready !== null ? { ...ready } : null;
  } catch {
    return null;
  }
}

function explain(first: First, timeoutMs: number): string {
  switch (first.kind) {
    case 'line':
      return `its first line is ${JSON.stringify(first.line.slice(0, 120))}, expected the JSON of a ready line`;
    case 'gone':
      return first.how;
    case 'late':
      return `no ready line within ${timeoutMs} ms; give it longer or look at what it waits for`;
    default:
      return first satisfies never;
  }
}

function keepTail(stream: NodeJS.ReadableStream, characters: number): () => string {
  let tail = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    tail = (tail + chunk).slice(-characters);
  });
  return () => tail;
}
