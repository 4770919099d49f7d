// How setup speaks and runs programs: progress on standard error, results as plain values. It decides nothing.

import { spawn, spawnSync } from 'node:child_process';

/** Ends the setup with a message for the person in front of it; 2 is "something is missing here", 1 "something differs". */
export class Stop extends Error {
  constructor(message, exitCode = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

export function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * Runs a program that may take minutes, with a line at its start, a sign of life every ten seconds and a line at its end.
 * Returns { code, output }; `code` is null where the program could not be started.
 */
export async function runStep(title, command, args, options = {}) {
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1);
  say(`  ${title} …`);
  const beat = setInterval(() => say(`    still at it after ${seconds()} s`), 10_000);
  const result = await collect(command, args, options);
  clearInterval(beat);
  say(result.code === 0 ? `    done in ${seconds()} s` : `    failed after ${seconds()} s`);
  return result;
}

/** Runs a program that answers at once. Returns { code, output, stdout }. */
export function ask(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000, ...options });
  return { code: result.status, output: `${result.stdout ?? ''}${result.stderr ?? ''}`, stdout: result.stdout ?? '' };
}

/** Runs a program on this terminal and returns its exit code. */
export function show(command, args, options = {}) {
  const result = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (result.error) throw new Stop(`${command} could not be started: ${result.error.message}.`);
  return result.status ?? 1;
}

/** The last lines of what a failed program said, indented, without the chatter that means nothing. */
export function lastWords(output, lines = 12) {
  return output
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^WARNING: Location .* is ignored|^npm warn /.test(line))
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}

/** Whether a program failed because it could not reach what it wanted to download from. */
export function isNetworkFailure(output) {
  return /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|Temporary failure in name resolution|Connection refused|ProxyError|connection error/i.test(
    output,
  );
}

// --- internal ---

function collect(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-200_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ code: null, output: `${output}${error.message}` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
