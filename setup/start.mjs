// `npm start`: the main job once through, the smoke suite and an example audit, and three lines on what came of it.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Stop, say, show } from './steps.mjs';

/** Runs the main job and returns its exit code: 0 as expected, 1 something differs, 2 and 3 as `normative` gave them. */
export function start(root, commandLine, options = {}) {
  const {
    run = show,
    examples = join(root, 'cases', 'examples'),
    print = (text) => process.stdout.write(`${text}\n`),
  } = options;
  const folder = join(root, '.normative');
  mkdirSync(folder, { recursive: true });
  const normative = (...args) => run(commandLine[0], [...commandLine.slice(1), ...args], { cwd: root });
  const at = (name) => {
    rmSync(join(folder, name), { force: true });
    return relative(root, join(folder, name));
  };

  const smoke = at('smoke.json');
  say('\n› normative check --suite smoke');
  const checkCode = normative('check', '--suite', 'smoke', '--format', 'json', '--output', smoke);
  if (checkCode > 1) return checkCode;
  const checked = readReport(join(root, smoke));

  const name = exampleIn(examples);
  if (name === undefined) throw new Error(`${examples} holds no document with its expected findings beside it`);
  const document = relative(root, join(examples, name));
  const audit = at('audit.json');
  say(`\n› normative audit ${document}`);
  const auditCode = normative('audit', document, '--format', 'json', '--output', audit);
  if (auditCode > 1) return auditCode;

  const report = readReport(join(root, audit));
  const expected = JSON.parse(readFileSync(join(examples, `${name}.expected.json`), 'utf8'));
  const surprises = surprisesIn(report, expected);
  for (const surprise of surprises) say(`  not as listed: ${surprise}`);
  print('');
  for (const line of summaryOf(checked, report, { document, smoke, audit, surprises })) print(line);
  return checkCode === 0 && surprises.length === 0 ? 0 : 1;
}

/** How an audit's report departs from the findings listed beside its document, in words; empty where it does not. */
export function surprisesIn(report, expected) {
  const wrong = [];
  const wanted = expected.subjects;
  if ('exitCode' in expected && report.exitCode !== expected.exitCode)
    wrong.push(`the exit code is ${report.exitCode}, listed is ${expected.exitCode}`);
  for (const name of expected.skipped ?? []) {
    if (!report.skipped.some((entry) => entry.name === name)) wrong.push(`${name} is not among the skipped`);
  }
  const audited = new Map(report.subjects.map((subject) => [subject.name, subject]));
  for (const name of audited.keys()) if (!(name in wanted)) wrong.push(`${name} was audited, but is not listed`);
  for (const [name, want] of Object.entries(wanted)) {
    const subject = audited.get(name);
    if (subject === undefined) {
      wrong.push(`${name} is listed, but was not audited`);
      continue;
    }
    for (const key of ['layer', 'verdict']) {
      if (key in want && subject[key] !== want[key])
        wrong.push(`${name} has ${key} ${subject[key]}, listed is ${want[key]}`);
    }
    const found = departuresOf(subject);
    for (const [convention, value] of Object.entries(want.findings ?? {})) {
      if (!found.has(convention)) wrong.push(`${name} lacks ${convention} ${value}`);
      else if (!same(value, found.get(convention)))
        wrong.push(`${name} has ${convention} ${found.get(convention)}, listed is ${value}`);
    }
    for (const [convention, value] of found) {
      if (!(convention in (want.findings ?? {}))) wrong.push(`${name} has ${convention} ${value}, which is not listed`);
    }
  }
  return wrong;
}

// --- internal ---

/** The first document with its findings listed beside it. */
function exampleIn(folder) {
  const files = readdirSync(folder).sort();
  return files.find((file) => files.includes(`${file}.expected.json`));
}

function departuresOf(subject) {
  return new Map(subject.findings.filter((f) => f.level === 'error').map((f) => [f.convention, f.actual]));
}

/** Measured numbers, such as an eps, are compared to a twentieth of their size; words exactly. */
function same(want, got) {
  if (typeof want === 'number' && typeof got === 'number') return Math.abs(want - got) <= 0.05 * Math.abs(want);
  return want === got;
}

function summaryOf(check, report, { document, smoke, audit, surprises }) {
  const { cases, identical, within } = check.totals;
  const departures = report.subjects.reduce((sum, subject) => sum + departuresOf(subject).size, 0);
  const agreed =
    surprises.length === 0
      ? 'exactly those listed beside it'
      : `not those listed beside it (${count(surprises.length, 'surprise')})`;
  return [
    `Found:  the port ${check.verdict === 'agrees' ? 'agrees' : 'DIFFERS'}, ${cases} cases: ${identical} identical, ${within} within tolerance. ` +
      `${count(report.subjects.length, 'norm')} in ${document} with ${count(departures, 'departure')}, ${agreed}.`,
    `Report: ${smoke} and ${audit}`,
    'Next:   npx normative audit your-notes.md   (any .py, .md or .txt with norms in it; npx normative --help tells the rest)',
  ];
}

function count(n, word) {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

/** What a command has written; a command that ended without a report has said why. */
function readReport(path) {
  if (!existsSync(path)) throw new Stop('`normative` ended without a report. Its last words are above.', 1);
  return JSON.parse(readFileSync(path, 'utf8'));
}
