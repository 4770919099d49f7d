// The skip rule is proved red: a skip without a reason or off the list counts as unexpected, also in a real run.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { judgeSkips } from './skips-reporter.ts';

const ROOT = join(import.meta.dirname, '..', '..');
mkdirSync(join(ROOT, '.normative'), { recursive: true });
const folder = mkdtempSync(join(ROOT, '.normative', 'skips-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a listed skip with a reason is expected, any other is not', () => {
  const allowed = [{ test: 'test/a.test.ts > needs bwrap', reason: 'bubblewrap is not everywhere' }];
  const listed = { test: 'test/a.test.ts > needs bwrap', reason: 'bwrap was not found' };
  expect(judgeSkips([listed], allowed)).toEqual({
    text: ' skipped  test/a.test.ts > needs bwrap: bwrap was not found',
    unexpected: 0,
  });
  expect(judgeSkips([{ ...listed, reason: null }], allowed).unexpected).toBe(1);
  expect(judgeSkips([listed, { test: 'test/b.test.ts > other', reason: 'because' }], allowed).unexpected).toBe(1);
});

test.each([
  ['1', 1],
  ['', 0],
])('a run with CI=%o and an unexpected skip exits %i and prints the reason', (ci, exitCode) => {
  writeFileSync(
    join(folder, 'skip.test.ts'),
    "import { test } from 'vitest';\ntest('dull', (t) => t.skip('tool is absent'));\ntest('fine', () => {});\n",
  );
  writeFileSync(
    join(folder, 'vitest.config.ts'),
    "import { SkipsReporter } from '../../test/house/skips-reporter.ts';\nexport default { test: { reporters: [new SkipsReporter([]), 'default'] } };\n",
  );
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const env = { ...process.env, CI: ci, NO_COLOR: '1' };
  const run = spawnSync(process.execPath, [vitest, 'run', '--root', folder], { cwd: folder, env, encoding: 'utf8' });
  expect(run.stdout).toContain('skip.test.ts > dull: tool is absent');
  expect(run.stdout.indexOf('tool is absent')).toBeLessThan(run.stdout.indexOf('1 passed | 1 skipped'));
  expect(run.status).toBe(exitCode);
});
