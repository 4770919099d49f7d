#!/usr/bin/env node
// `npm run imports`: checks the import rule, says how many modules it saw, and fails where it saw none. Takes another root to check.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import rules from '../../.dependency-cruiser.mjs';

const FOLDERS = ['ts-impl', 'cases'];

/** Checks the folders of `root`. Returns { modules, dependencies, violations }, a violation as one line of text. */
export async function checkImports(root) {
  const folders = FOLDERS.filter((folder) => existsSync(join(root, folder)));
  if (folders.length === 0) return { modules: 0, dependencies: 0, violations: [] };
  const { tsConfig, ...options } = rules.options;
  const config = extractTSConfig(fileURLToPath(new URL(`../../${tsConfig.fileName}`, import.meta.url)));
  const result = await cruise(
    folders,
    { ...options, baseDir: root, ruleSet: { forbidden: rules.forbidden }, validate: true },
    {},
    { tsConfig: config },
  );
  const { modules, summary } = result.output;
  const own = modules.filter((module) => /^(ts-impl|cases)\//.test(module.source) && module.source.endsWith('.ts'));
  return {
    modules: own.length,
    dependencies: own.reduce((sum, module) => sum + module.dependencies.length, 0),
    violations: summary.violations.map(({ rule, from, to, cycle }) => {
      const way = cycle ? cycle.map((step) => step.name).join(' → ') : to;
      return `${rule.name}: ${from} → ${way}`;
    }),
  };
}

/** What a check amounts to: the text to print and the exit code. */
export function judge({ modules, dependencies, violations }) {
  if (modules === 0) return { exitCode: 1, text: 'The import rule saw no module, so it has checked nothing.' };
  if (dependencies === 0)
    return { exitCode: 1, text: `The import rule saw ${modules} modules, but no import in them.` };
  if (violations.length > 0)
    return {
      exitCode: 1,
      text: `${violations.join('\n')}\n${violations.length} imports break the rule of .dependency-cruiser.mjs.`,
    };
  return { exitCode: 0, text: `The import rule holds: ${modules} modules, ${dependencies} imports.` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { exitCode, text } = judge(await checkImports(resolve(process.argv[2] ?? '.')));
  process.stdout.write(`${text}\n`);
  process.exitCode = exitCode;
}
