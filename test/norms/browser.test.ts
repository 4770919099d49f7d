// The port in a browser: small, without dependencies, and with the recorded bits of PyTorch in Chromium as in Node.

import { describe, expect, test } from 'vitest';
import { bundleOf, gzippedBytes } from './browser/bundle.ts';
import { findChromium, runInPage } from './browser/chromium.ts';
import type { PageResult } from './browser/page.ts';
import { readAnswers } from './recorded/answers.ts';

/** 40 kB, minified and gzipped. */
const MOST_BYTES = 40_000;

const NO_BROWSER = 'no Chromium on the path (on Debian `apt-get install chromium`)';

describe('the bundle of normative/norms', () => {
  test('consists of norms and tensor alone and weighs at most 40 kB', async () => {
    const { code, modules } = await bundleOf('ts-impl/norms/index.ts', { minify: true });
    expect(modules.length).toBeGreaterThan(20);
    expect(modules.filter((path) => !/^ts-impl\/(norms|tensor)\//.test(path) && !path.startsWith('\0'))).toEqual([]);
    expect(code).not.toMatch(/\bimport\s*[({"']|\brequire\(/);
    const bytes = gzippedBytes(code);
    process.stdout.write(`normative/norms: ${bytes} bytes minified and gzipped, ${code.length} minified\n`);
    expect(bytes).toBeLessThanOrEqual(MOST_BYTES);
  });
});

describe('in headless Chromium', () => {
  const run = async (answers: object): Promise<PageResult> => {
    const { code } = await bundleOf('test/norms/browser/page.ts', { minify: false, name: 'page' });
    const script = `${code}
      page.runPage(${JSON.stringify(answers)}, navigator.userAgent).then(
        (result) => { document.getElementById('out').textContent = JSON.stringify(result); },
        (problem) => { document.getElementById('out').textContent = JSON.stringify({ problem: String(problem.stack) }); },
      );`;
    const text = await runInPage(findChromium() ?? '', script, 90_000);
    const result: PageResult & { readonly problem?: string } = JSON.parse(text);
    expect(result.problem).toBeUndefined();
    return result;
  };

  test('every recorded case has the bits that PyTorch gave', async ({ skip }) => {
    if (findChromium() === null) skip(NO_BROWSER);
    const { answers } = readAnswers();
    const result = await run(answers);
    expect(result.agent).toMatch(/Chrome\//);
    expect(result.cases).toBe(Object.keys(answers).length);
    expect(result.cases).toBeGreaterThan(500);
    expect(result.tensors).toBeGreaterThan(1000);
    expect(result.differing).toEqual([]);
  }, 120_000);

  test('another bit would be seen', async ({ skip }) => {
    if (findChromium() === null) skip(NO_BROWSER);
    const [[id, digest]] = Object.entries(readAnswers().answers);
    const planted = digest.map((lines) => lines.map((line) => line.replace(/\] \w+$/, '] 0')));
    expect((await run({ [id]: planted })).differing).toEqual([id]);
  }, 60_000);
});
