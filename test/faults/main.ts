// `npm run faults`: every seeded fault over the standard suite until it is killed, as a table. Judged by the live oracle, or by the port where there is no Python.

import Table from 'cli-table3';
import { startOracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import { hasPython, PYTHON } from '../conformance/subjects/live-python.ts';
import { FAULTS } from './faults.ts';
import { atEachLayer, type Kill, kill, medianOf, standardRounds } from './kill.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

const none = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '', left: '', right: '', middle: ' ' };
const edges = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' };
const bottoms = { bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' };
const PLAIN = { style: { head: [], border: [] }, chars: { ...none, ...edges, ...bottoms } };

const oracle = hasPython ? await startOracle({ python: PYTHON }) : makePort();
try {
  const rounds = await standardRounds(oracle, makePort());
  const kills: Kill[] = [];
  const each: Kill[] = [];
  for (const fault of FAULTS) {
    kills.push(await kill(fault, rounds));
    for (const part of atEachLayer(fault)) each.push(await kill(part, rounds));
  }
  const table = new Table({ head: ['fault', 'layers', 'killed by case', 'of', 'id'], ...PLAIN });
  for (const { fault, at, id, cases } of kills) {
    table.push([fault.departs.join(' + '), fault.layers.length, at ?? 'never', cases, id ?? '']);
  }
  say(table.toString());
  const alive = each.filter(({ at }) => at === null);
  for (const { fault } of alive) say(`alive at ${fault.layers[0]}: ${fault.departs.join(' + ')}`);
  const idle = rounds.filter(({ counts }) => !counts).length;
  const killed = (all: readonly Kill[]) => `${all.filter(({ at }) => at !== null).length} of ${all.length}`;
  say(`judged by ${oracle.name} ${oracle.version ?? ''}`.trim());
  say(`${killed(kills)} faults killed, the median by case ${medianOf(kills)} of its layers, families by turns`);
  say(`${killed(each)} killed with each layer asked alone, the median by case ${medianOf(each)} of the layer`);
  say(`${idle} of ${rounds.length} cases kill nothing: the faultless norm is rejected there`);
  process.exitCode = kills.some(({ at }) => at === null) ? 1 : 0;
} finally {
  await oracle.close();
}
