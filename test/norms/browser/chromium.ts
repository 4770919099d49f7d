// A headless Chromium that opens one page of ours and hands back what the page wrote. It is started, awaited and ended here.

import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser, or null where none is on the path. */
export function findChromium(): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of NAMES) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // not here
      }
    }
  }
  return null;
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--dump-dom',
];

/** Runs `script` in an empty page; resolves to the text that it left in the title-less body's first `pre`. Rejects where there is none in time. */
export async function runInPage(browser: string, script: string, timeoutMs: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'nm-page-'));
  try {
    const page = join(folder, 'page.html');
    const safe = script.replaceAll('</script', '<\\/script');
    writeFileSync(
      page,
      `<!doctype html><meta charset="utf-8"><body><pre id="out"></pre><script>${safe}</script></body>`,
    );
    const args = [...FLAGS, `--user-data-dir=${join(folder, 'profile')}`, `--timeout=${timeoutMs}`, `file://${page}`];
    const dom = await outputOf(browser, args, timeoutMs);
    const found = /<pre id="out">([\s\S]+?)<\/pre>/.exec(dom);
    if (found === null) throw new Error(`the page left nothing behind: ${dom.slice(0, 400)}`);
    return found[1].replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

// --- internal ---

function outputOf(browser: string, args: readonly string[], timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(browser, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      err = (err + chunk).slice(-2000);
    });
    const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs + 10_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(late);
      if (code === 0) resolve(out);
      else reject(new Error(`${browser} ended with ${code}: ${err}`));
    });
  });
}
