// What is taught of conventions is true: PyTorch's numbers are the port's, the others the counter-model's, and every value has its meaning.

import { describe, expect, it } from 'vitest';
import { caseOfSketch } from '../../../ts-impl/conformance/diagnosis/prove/sketch.ts';
import { AXES } from '../../../ts-impl/conformance/diagnosis/axes/axes.ts';
import type { Axis } from '../../../ts-impl/conformance/diagnosis/axes/axis.ts';
import { exampleRows, valueWords } from '../../../ts-impl/conformance/diagnosis/axes/convention-words.ts';
import type { NumberExample } from '../../../ts-impl/conformance/diagnosis/axes/lesson.ts';
import { lessonOf } from '../../../ts-impl/conformance/diagnosis/axes/lessons.ts';
import { layerFor } from '../../../ts-impl/conformance/diagnosis/axes/norm-kind.ts';
import { keptAxes, type Target } from '../../../ts-impl/conformance/diagnosis/axes/target.ts';
import { resultsOf, toFloat64 } from '../../../ts-impl/conformance/diagnosis/measure/specimen.ts';
import { askModel } from '../../../ts-impl/conformance/diagnosis/model/model-subject.ts';
import type { Partition } from '../../../ts-impl/conformance/diagnosis/model/partition.ts';
import { plainProfile } from '../../../ts-impl/conformance/diagnosis/model/plain-profile.ts';
import type { AffineTensor, Profile } from '../../../ts-impl/conformance/diagnosis/model/profile.ts';
import type { Outcome } from '../../../ts-impl/conformance/outcome.ts';
import { makePort } from '../../../ts-impl/conformance/subjects/port.ts';
import { faithfulRunning } from './faithful-profile.ts';

const port = makePort();

const withNumbers = AXES.flatMap((axis) => {
  const { example } = lessonOf(axis.id);
  return example.kind === 'numbers' ? [{ id: axis.id, axis, example }] : [];
});

function targetOf({ layer, groups }: NumberExample): Target {
  const layered = layer === 'LayerNorm' || layer === 'RMSNorm';
  return {
    kind: layer,
    layer: layerFor(layer, 4),
    rank: 4,
    normalizedAxes: layered ? 1 : 0,
    groups: groups ?? null,
    tracked: layer === 'BatchNorm',
    affine: layer !== 'InstanceNorm',
    options: {},
  };
}

function caseOf(example: NumberExample) {
  const { shape, options = {}, set = {}, acts } = example;
  return caseOfSketch({
    target: targetOf(example),
    dtype: 'float64',
    shape,
    options,
    set,
    acts: acts.map((act) => {
      if (act.kind === 'read') return act;
      if (act.kind === 'backward') return { kind: 'backward', values: act.gradient };
      return { kind: 'forward', mode: act.kind, values: act.input };
    }),
  });
}

/** PyTorch's own conventions, under its names. */
function faithful(example: NumberExample): Profile {
  const target = targetOf(example);
  const plain = plainProfile({ shape: example.shape });
  const axes = target.normalizedAxes > 0 ? [3] : [1];
  const tensor = (name: string): AffineTensor => ({
    name,
    shape: [example.shape[axes[0]]],
    axes,
    perGroup: false,
    flattened: false,
  });
  const groups = target.groups === null ? null : { count: target.groups, layout: 'contiguous' as const };
  const members: Partition = { kind: 'axes', kept: keptAxes(target), groups };
  const running = faithfulRunning('running_mean', 'running_var', example.shape[1]);
  return {
    ...plain,
    structure: { members, users: members },
    affine: { form: 'weight*x+bias', weight: tensor('weight'), bias: tensor('bias'), identity: 1 },
    running: target.tracked ? running : null,
    gradient: { meanDetached: false, varianceDetached: false },
    epsArgument: 'eps',
    evalIsTrain: !target.tracked,
  };
}

/** The model's profile for another value; sets of axes that the entry itself does not apply are the axes that are kept apart. */
function withValue(axis: Axis, value: string, example: NumberExample): Profile {
  const base = faithful(example);
  if (axis.id === 'axes.reduction' && value === 'H,W') {
    const members: Partition = { kind: 'axes', kept: [0, 1], groups: null };
    return { ...base, structure: { members, users: members } };
  }
  const given = axis.values.includes('number') ? Number(value) : value;
  const changed = axis.apply?.(base, given, targetOf(example));
  if (changed === undefined) throw new Error(`${axis.id} has numbers that no model can check`);
  return changed;
}

function last(outcome: Outcome, name: string): Float64Array {
  const tensors = resultsOf(outcome).flatMap((r) => (r.kind === 'returned' ? r.tensors : []));
  const found = tensors.findLast((t) => t.name === name)?.tensor;
  if (found === undefined) throw new Error(`no ${name} among ${tensors.map((t) => t.name).join(', ')}`);
  return toFloat64(found);
}

/** Equal to the four digits that are shown. */
function expectNear(shown: readonly number[], exact: Float64Array, what: string): void {
  const near = (v: number, i: number) =>
    Math.abs(v - exact[i]) <= 5e-4 * Math.abs(exact[i]) + 5e-6 * Math.max(...exact.map(Math.abs));
  expect(shown.length === exact.length && shown.every(near), `${what}: [${shown}], in truth [${exact}]`).toBe(true);
}

describe('lessons', () => {
  it('are there for every axis, and say what each value means', () => {
    expect(withNumbers.length).toBeGreaterThan(15);
    for (const axis of AXES) {
      const { what, values } = lessonOf(axis.id);
      expect(what.length, axis.id).toBeGreaterThan(20);
      for (const value of axis.values) expect(values[value], `${axis.id} ${value}`).toBeTypeOf('string');
      expect(valueWords(axis).length, axis.id).toBeGreaterThan(0);
    }
  });

  it.each(AXES.map((axis) => ({ id: axis.id, axis })))('$id shows PyTorch’s value and another one', ({ axis }) => {
    const { example } = lessonOf(axis.id);
    const rows = exampleRows(axis, example);
    expect(rows.filter((row) => row.isPytorchs).length).toBe(1);
    expect(rows.length).toBeGreaterThan(1);
  });

  it.each(withNumbers)('$id: PyTorch’s numbers are the port’s', async ({ axis, example }) => {
    const [answer] = await port.ask([caseOf(example)], { truth: false });
    const own = axis.pytorch(targetOf(example));
    const word = String(axis.told?.(own ?? '') ?? own);
    const shown = Object.entries(example.gives).find(
      ([value]) => value === word || (typeof own === 'number' && Number(value) === own),
    );
    expect(shown, word).toBeDefined();
    expectNear(shown?.[1] ?? [], last(answer.outcome, example.tensor), word);
  });

  it.each(withNumbers)('$id: the other numbers are the counter-model’s', ({ axis, example }) => {
    for (const [value, shown] of Object.entries(example.gives))
      expectNear(shown, last(askModel(withValue(axis, value, example), caseOf(example)), example.tensor), value);
  });
});
