// The command line in this process: exit codes, usage, formats, files, and that subjects are always closed.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { suite } from '../../cases/suites.ts';
import { main } from '../../ts-impl/cli/program.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import { StartFailed } from '../../ts-impl/conformance/subjects/process.ts';
import { portAsOracle, portBut, portOffByOne } from '../conformance/made-up.ts';
import { faultsOfReport, faultsOfRow } from '../conformance/report/report-schema.ts';
import { fakeEdge, madeUpRooms } from './fake-edge.ts';

const folder = mkdtempSync(join(tmpdir(), 'nm-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SMALL = ['--suite', 'smoke', '--cases', '40'];

async function cli(argv: readonly string[], made = madeUpRooms(), edge = fakeEdge()) {
  const code = await main(argv, edge, made.rooms);
  return { code, out: edge.outText(), err: edge.errText(), ...made };
}

const lost = portBut(() => ({
  outcome: { kind: 'undecided', reason: { kind: 'crash', message: 'gone' } },
  truth: null,
}));

describe('exit codes', () => {
  test.each([
    ['0 where all agrees', makePort(), 0],
    ['1 where something differs', portOffByOne(), 1],
    ['3 where something is undecided', lost, 3],
  ] as const)('%s', async (_, subject, code) => {
    const ran = await cli(['check', ...SMALL], madeUpRooms(subject));
    expect(ran.code).toBe(code);
    expect(ran.oracle.closed).toBeGreaterThan(0);
  });

  test.each([
    ['no command', [], /Usage: normative/],
    ['an unknown command', ['chek'], /"chek" is no command/],
    ['an unknown option', ['check', '--sute', 'smoke'], /unknown option '--sute'/],
    ['an unknown suite', ['check', '--suite', 'tiny'], /Allowed choices are smoke, standard, behaviours, deep/],
    ['an unknown layer', ['check', '--layer', 'Batchnorm2d'], /Allowed choices are BatchNorm1d/],
    [
      'a tolerance that is none',
      ['check', '--tolerance', 'loose'],
      /--tolerance is "loose", expected bound, torch or ulp:N/,
    ],
    ['a count that is none', ['check', '--cases', '1e3'], /Expected a whole number from 0/],
    ['an oracle that is none', ['check', '--oracle', 'tensorflow'], /Expected torch, embedded, or an endpoint/],
    ['no failure to wait for', ['check', '--max-failures', '0'], /--max-failures is 0, expected at least 1/],
    ['no time to wait', ['check', '--timeout-ms', '0'], /Expected a whole number from 1/],
    ['no case', ['check', '--filter', 'nothing*'], /no case to check/],
    ['no case at all', ['check', '--cases', '0'], /no case to check/],
    [
      'a file that cannot be written',
      ['check', ...SMALL, '--output', '/proc/none/report.json'],
      /--output .* can't be written/,
    ],
    ['an id that names nothing', ['replay', 'nothing'], /neither a case id .* nor a file/],
    ['a family that is none', ['replay', 'g1/nothing/0/0'], /g1\/nothing/],
    ['a list that is none', ['list', 'everything'], /"everything" can't be listed/],
    ['no case to measure', ['bench', '--cases', '0'], /no case to measure/],
    ['a document that is not there', ['audit', join(folder, 'none.md')], /can't be read/],
  ])('2 for %s, with a sentence', async (_, argv, words) => {
    const { code, err } = await cli(argv);
    expect(err).toMatch(words);
    expect(code).toBe(2);
  });

  test('2 where the oracle does not start, with what to do', async () => {
    const made = madeUpRooms();
    const rooms = { ...made.rooms, startOracle: () => Promise.reject(new StartFailed('no torch')) };
    const { code, err } = await cli(['check', ...SMALL], { ...made, rooms });
    expect(code).toBe(2);
    expect(err).toMatch(/no torch[\s\S]*normative setup/);
  });

  test('2 for another torch than the pinned one, unless its Python was named', async () => {
    const older = () => madeUpRooms(makePort(), '1.13.1');
    const refused = await cli(['check', ...SMALL], older());
    expect(refused.err).toMatch(/torch 1\.13\.1, but answers are pinned to 2\.13\.0/);
    expect(refused.code).toBe(2);
    expect(refused.oracle.closed).toBe(1);
    const named = await cli(['check', ...SMALL, '--python', '/opt/python'], older());
    expect(named.code).toBe(0);
    expect(named.asked.python).toBe('/opt/python');
  });

  test('3 for an error of our own, which is never agreement', async () => {
    const broken = { ...makePort(), ask: () => Promise.reject(new Error('broken')) };
    const { code, err, oracle } = await cli(['check', ...SMALL], madeUpRooms(broken));
    expect(code).toBe(3);
    expect(err).toMatch(/an error of its own: Error: broken/);
    expect(oracle.closed).toBeGreaterThan(0);
  });

  test('130 for Ctrl-C in the midst, with both sides closed', async () => {
    let asked = 0;
    const port = makePort();
    const slow = {
      ...port,
      ask: async (...args: Parameters<typeof port.ask>) => {
        if (++asked === 2) process.emit('SIGINT');
        return port.ask(...args);
      },
    };
    const { code, err, oracle, out } = await cli(['check', '--suite', 'smoke'], madeUpRooms(slow));
    expect(code).toBe(130);
    expect(err).toMatch(/stopped by SIGINT/);
    expect(oracle.closed).toBeGreaterThan(0);
    expect(out).toBe('');
    expect(process.listenerCount('SIGINT')).toBe(0);
  });
});

describe('help', () => {
  const commands = ['check', 'audit', 'replay', 'list', 'doctor', 'setup', 'bench'];

  test('lists the commands', async () => {
    const { code, out } = await cli(['--help']);
    expect(code).toBe(0);
    for (const command of commands) expect(out).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
  });

  test.each(commands)('%s has an example', async (command) => {
    const { code, out } = await cli([command, '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(/Example:\n {2}normative /);
  });

  test('--version', async () => {
    expect((await cli(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('check', () => {
  test('prints a screen with a line for each layer and the replay line of a difference', async () => {
    const { out } = await cli(['check', ...SMALL], madeUpRooms(portOffByOne('LayerNorm')));
    expect(out).toMatch(/^normative \d.* check: torch 2\.13\.0\+cpu, 1 thread, avx2, suite smoke, seed 0$/m);
    expect(out).toMatch(/^ ?layer +cases +identical +within +differs +refused +unsupported +undecided$/m);
    expect(out).toMatch(/^ ?BatchNorm1d +\d+ /m);
    expect(out).toMatch(/✗ step \d+, output: 1 of \d+ elements differ, worst at \[0.*\]: expected .*, got /);
    expect(out).toMatch(/^ +normative replay g1\/\S+$/m);
    expect(out).toMatch(/^differs: \d+ identical and \d+ within of 40 cases/m);
    expect(out).not.toContain('\u001b[');
  });

  test('colours terminals only, and not with --no-color or NO_COLOR', async () => {
    const made = () => madeUpRooms(portOffByOne());
    const colored = async (argv: string[], edge: ReturnType<typeof fakeEdge>) =>
      (await cli(['check', ...SMALL, ...argv], made(), edge)).out.includes('\u001b[');
    expect(await colored([], fakeEdge({}, true))).toBe(true);
    expect(await colored(['--no-color'], fakeEdge({}, true))).toBe(false);
    expect(await colored([], fakeEdge({ NO_COLOR: '1' }, true))).toBe(false);
    expect(await colored([], fakeEdge({}, false))).toBe(false);
  });

  test('writes JSON by the schema, to a file too, and the screen beside it', async () => {
    const file = join(folder, 'report.json');
    const { out, code } = await cli(['check', ...SMALL, '--format', 'json', '--output', file]);
    expect(code).toBe(0);
    expect(faultsOfReport(JSON.parse(readFileSync(file, 'utf8')))).toEqual([]);
    expect(out).toMatch(/^agrees: /m);
    const { out: json } = await cli(['check', ...SMALL, '--format', 'json']);
    expect(faultsOfReport(JSON.parse(json))).toEqual([]);
  });

  test('writes JSONL from header to footer', async () => {
    const { out } = await cli(['check', ...SMALL, '--format', 'jsonl']);
    const rows: { kind: string }[] = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const row of rows) expect(faultsOfRow(row)).toEqual([]);
    expect([rows[0].kind, rows[1].kind, rows.at(-1)?.kind]).toEqual(['header', 'case', 'footer']);
  });

  test('leaves no empty report behind where it fails', async () => {
    const file = join(folder, 'failed.json');
    const broken = { ...makePort(), ask: () => Promise.reject(new Error('broken')) };
    await cli(['check', ...SMALL, '--format', 'json', '--output', file], madeUpRooms(broken));
    expect(existsSync(file)).toBe(false);
  });

  test('two runs differ in their durations only', async () => {
    const json = async (edge = fakeEdge()) =>
      JSON.parse((await cli(['check', ...SMALL, '--format', 'json'], madeUpRooms(portOffByOne()), edge)).out);
    const later = fakeEdge();
    later.now();
    const [{ durationMs: a, ...first }, { durationMs: b, ...second }] = [await json(), await json(later)];
    expect(first).toEqual(second);
    expect([a, b].every((ms) => ms > 0)).toBe(true);
  });

  test('takes one layer, a filter, a seed', async () => {
    const json = async (...argv: string[]) =>
      JSON.parse((await cli(['check', '--suite', 'smoke', ...argv, '--format', 'json'])).out);
    expect((await json('--layer', 'RMSNorm')).subjects.map((s: { name: string }) => s.name)).toEqual(['RMSNorm']);
    const momentum = await json('--filter', 'g1/momentum/**');
    expect(momentum.totals.cases).toBe(6);
    expect((await json('--filter', '*train*')).totals.cases).toBeGreaterThan(6);
    const seeded = await json('--seed', '7', '--cases', '5');
    expect(seeded.seed).toBe(7);
  });

  test('connects to an endpoint', async () => {
    const { asked, code } = await cli(['check', ...SMALL, '--oracle', 'tcp://127.0.0.1:5555']);
    expect(asked).toEqual({ python: null, endpoint: 'tcp://127.0.0.1:5555' });
    expect(code).toBe(0);
  });
});

describe('replay', () => {
  const ID = [...suite('smoke', { cases: 1 })][0].id;

  test('shows both sides step by step, tensor by tensor, and the verdict', async () => {
    const { code, out } = await cli(['replay', ID], madeUpRooms(portOffByOne()));
    expect(out).toMatch(/^g1\/ordinary\/0\/0\//);
    expect(out).toMatch(/^0\. \w+\(.*\)$/m);
    expect(out).toMatch(/^ {3}torch +output \[/m);
    expect(out).toMatch(/^ {3}port +output \[/m);
    expect(out).toMatch(/✗ output: 1 of \d+ elements differ/);
    expect(out).toMatch(/^verdict: differs$/m);
    expect(code).toBe(1);
  });

  test('agrees with exit 0', async () => {
    expect(await cli(['replay', ID])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/verdict: identical/),
    });
  });
});

describe('list, bench and doctor', () => {
  test('cases as families, and as ids that replay takes', async () => {
    expect((await cli(['list', 'cases'])).out).toMatch(/^ordinary +\d+ +\d+ +\w/m);
    const ids = (await cli(['list', 'cases', '--ids', '--layer', 'RMSNorm'])).out.trimEnd().split('\n');
    expect(ids.length).toBeGreaterThan(5);
    expect((await cli(['replay', ids[0]])).code).toBe(0);
  });

  test('behaviours with their states, as a table and for programs', async () => {
    const { out } = await cli(['list', 'behaviours']);
    expect(out).toMatch(/^B-061 +BatchNorm1d\/2d\/3d: the output of training .* · identical · caught by [a-z0-9-]+$/m);
    expect(out).toMatch(/^B-006 +all layers: /m);
    expect(out.trimEnd().split('\n')).toHaveLength(223);
    const listed = JSON.parse((await cli(['list', 'behaviours', '--format', 'json', '--filter', 'B-082'])).out);
    expect(listed).toEqual([
      {
        behaviour: 'B-082',
        layers: 'BatchNorm1d BatchNorm2d BatchNorm3d',
        about: 'a deep copy has buffers of its own, a state dict shows the live ones',
        caughtBy: expect.stringMatching(/^[a-z0-9-]+$/),
        state: 'not applicable: deep copies and aliases are of Python objects (pinned on PyTorch)',
      },
    ]);
    expect(await cli(['list', 'behaviours', '--filter', 'B-999'])).toMatchObject({ code: 2 });
  });

  test('behaviours are checked with their states in one line, and replayed by their ids', async () => {
    const { code, out } = await cli(['check', '--suite', 'behaviours', '--filter', 'B-06[1-8]']);
    expect(out).toMatch(/^behaviours: 8 of 8 executable: 8 identical, 0 within, 0 differs, 0 pinned/m);
    expect(code).toBe(0);
    expect((await cli(['replay', 'b1/B-061/only'])).code).toBe(0);
    expect(await cli(['replay', 'b1/B-061/other'])).toMatchObject({ code: 2 });
  });

  test('conventions and subjects', async () => {
    expect((await cli(['list', 'conventions'])).out).toMatch(/^momentum\.rule +error /m);
    expect((await cli(['list', 'subjects'])).out).toMatch(/^port /m);
  });

  test('bench prints both speeds and their ratio', async () => {
    const { code, out } = await cli(['bench', ...SMALL, '--rounds', '1', '--no-throughput']);
    expect(out).toMatch(/^40 cases, one round after 2 to warm up$/m);
    expect(out).toMatch(/^ratio of times +\d+\.\d\d \(goal: at most 1\.5\)$/m);
    expect(code).toBe(0);
  });

  test('doctor says what is there, and exits 2 where PyTorch is another', async () => {
    const fine = await cli(['doctor']);
    expect(fine.out).toMatch(/^ok +PyTorch +2\.13\.0\+cpu/m);
    expect(fine.code).toBe(0);
    const other = await cli(['doctor'], {
      ...madeUpRooms(),
      rooms: { ...madeUpRooms().rooms, startOracle: async () => portAsOracle('1.13.1') },
    });
    expect(other.out).toMatch(/^!! +PyTorch +1\.13\.1.*normative setup/m);
    expect(other.code).toBe(2);
  });
});
