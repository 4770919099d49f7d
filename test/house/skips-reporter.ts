// A vitest reporter that prints why each test was skipped and, in CI, fails the run on a skip that allowed-skips.json does not list.

import { readFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** A test that may be skipped: the start of its full name (`file > suite > test`) and why that can happen. */
export interface AllowedSkip {
  readonly test: string;
  readonly reason: string;
}

export interface Skip {
  readonly test: string;
  /** What the test said with `skip(reason)`; null where it said nothing. */
  readonly reason: string | null;
}

export class SkipsReporter implements Reporter {
  private readonly allowed: readonly AllowedSkip[];

  constructor(allowed: readonly AllowedSkip[] = readAllowed()) {
    this.allowed = allowed;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const skips = modules.flatMap((module) => skipsOf(module));
    const { text, unexpected } = judgeSkips(skips, this.allowed);
    if (skips.length > 0) process.stdout.write(`\n${text}\n`);
    if (unexpected > 0 && process.env.CI) process.exitCode = 1;
  }
}

/** One line for each skip, and how many of them nobody expects: a skip without a reason, or one that is not listed. */
export function judgeSkips(
  skips: readonly Skip[],
  allowed: readonly AllowedSkip[],
): { text: string; unexpected: number } {
  let unexpected = 0;
  const lines = skips.map(({ test, reason }) => {
    const entry = allowed.find((a) => test.startsWith(a.test));
    if (entry !== undefined && reason !== null) return ` skipped  ${test}: ${reason}`;
    unexpected += 1;
    return ` SKIPPED  ${test}: ${reason ?? 'no reason given'} (not expected: test/house/allowed-skips.json does not list it with a reason)`;
  });
  return { text: lines.join('\n'), unexpected };
}

// --- internal ---

function readAllowed(): readonly AllowedSkip[] {
  return JSON.parse(readFileSync(new URL('./allowed-skips.json', import.meta.url), 'utf8'));
}

function skipsOf(module: TestModule): Skip[] {
  const skips: Skip[] = [];
  for (const test of module.children.allTests('skipped')) {
    // Tests that `-t PATTERN` leaves out are skipped by the person, not by the test.
    if (test.project.config.testNamePattern !== undefined) continue;
    const result = test.result();
    const reason = result.state === 'skipped' ? (result.note ?? null) : null;
    skips.push({ test: `${module.relativeModuleId} > ${test.fullName}`, reason });
  }
  return skips;
}
