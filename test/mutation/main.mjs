// `npm run mutation`: Stryker over the norms and the comparator, then a table of each file and every survivor that nobody has argued away.
// `--small` takes a few files that fit into two minutes; other arguments are the files to take; `--no-static` leaves out mutants that act only
// while a module is loaded, most of the time of a run; `--quick` gives each mutant the quickest tests alone, so that more live than need be;
// `--table` only reads the last reports.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';

const GOAL = 90;
const SMALL = ['ts-impl/norms/checks.ts', 'ts-impl/norms/running-norm.ts', 'ts-impl/tensor/float-line.ts'];
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PARTS = [
  {
    config: 'test/mutation/norms.config.mjs',
    report: '.normative/mutation/norms.json',
    has: (f) => f.includes('/norms/'),
  },
  {
    config: 'test/mutation/comparator.config.mjs',
    report: '.normative/mutation/comparator.json',
    has: (f) => !f.includes('/norms/'),
  },
];
const say = (line) => process.stdout.write(`${line}\n`);

const given = process.argv.slice(2);
const small = given.includes('--small');
const files = small ? SMALL : given.filter((word) => !word.startsWith('--'));
const taken = PARTS.filter(({ has }) => files.length === 0 || files.some(has));
if (!given.includes('--table')) for (const part of taken) stryker(part);

const argued = JSON.parse(readFileSync(new URL('equivalent.json', import.meta.url), 'utf8'));
const used = new Set();
const rows = taken.flatMap(rowsOf);
const table = new Table({
  style: { head: [], border: [] },
  head: ['file', 'mutants', 'killed', 'survived', 'not run', 'equivalent', 'static', 'score'],
});
for (const r of rows)
  table.push([r.file, r.mutants, r.killed, r.survived, r.missed, r.equivalent, r.ignored, percent(r)]);
say(table.toString());
for (const { file, left } of rows)
  for (const m of left) say(`${file}:${m.line} ${m.status}: ${m.text}  →  ${m.replacement}`);
for (const part of taken) {
  const own = rows.filter(({ file }) => part.has(file));
  const sum = (name) => own.reduce((total, row) => total + row[name], 0);
  const all = { killed: sum('killed'), survived: sum('survived'), missed: sum('missed') };
  say(
    `${part.config}: ${percent(all)} of ${sum('mutants')} mutants in ${own.length} files, ${sum('equivalent')} argued equivalent`,
  );
  if (own.length === 0 || scoreOf(all) < GOAL) process.exitCode = 1;
}
if (files.length === 0) {
  for (const entry of argued)
    if (!used.has(entry)) say(`stale, argues about no mutant that lives: ${entry.file}: ${entry.text}`);
}

function stryker({ config, has }) {
  const own = files.filter(has);
  const args = [
    'run',
    config,
    ...(own.length > 0 ? ['--mutate', own.join(',')] : []),
    ...(small || given.includes('--no-static') ? ['--ignoreStatic'] : []),
  ];
  const env = given.includes('--quick') ? { ...process.env, MUTATION_QUICK: '1' } : process.env;
  const { status } = spawnSync(`${ROOT}node_modules/.bin/stryker`, args, { cwd: ROOT, stdio: 'inherit', env });
  if (status !== 0) throw new Error(`Stryker ended with ${status} on ${config}; its lines above say why`);
}

function rowsOf({ report }) {
  if (!existsSync(`${ROOT}${report}`)) return [];
  const { files: reported } = JSON.parse(readFileSync(`${ROOT}${report}`, 'utf8'));
  return Object.entries(reported).map(([file, { source, mutants }]) => {
    const lines = source.split('\n');
    const count = (...kinds) => mutants.filter(({ status }) => kinds.includes(status)).length;
    const alive = mutants
      .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
      .map(({ status, replacement, location: { start } }) => ({
        status,
        replacement,
        line: start.line,
        text: lines[start.line - 1].trim(),
      }));
    const left = alive.filter((mutant) => !isArgued(file, mutant));
    return {
      file,
      mutants: mutants.length,
      killed: count('Killed', 'Timeout'),
      survived: left.filter(({ status }) => status === 'Survived').length,
      missed: left.filter(({ status }) => status === 'NoCoverage').length,
      equivalent: alive.length - left.length,
      ignored: count('Ignored'),
      left,
    };
  });
}

/** Lines are known by their text, so that an entry goes stale with the line and not with its number. */
function isArgued(file, { text, replacement }) {
  const entry = argued.find((e) => e.file === file && e.text === text && e.replacements.includes(replacement));
  if (entry !== undefined) used.add(entry);
  return entry !== undefined;
}

function scoreOf({ killed, survived, missed }) {
  const all = killed + survived + missed;
  return all === 0 ? 0 : (100 * killed) / all;
}

function percent(row) {
  return `${scoreOf(row).toFixed(1)} %`;
}
