// The seeded faults: one for each departure that the table of conventions names, and combinations, each for the layers it makes sense for.

import type { LayerName } from '../../cases/case.ts';
import { CONDUCT_FAULTS } from './conduct-faults.ts';
import type { Conventions } from './conventions.ts';
import { ALL, BATCH, CENTRED, type Fault, INSTANCE, RUNNING } from './fault.ts';
import { plainSaboteur } from './plain-saboteur.ts';

const GROUP: readonly LayerName[] = ['GroupNorm'];
const CHANNELLED: readonly LayerName[] = [...RUNNING, 'GroupNorm'];

const NUMBER_FAULTS: readonly Fault[] = [
  one('variance.normalization=unbiased', CENTRED, { divisor: 'n-1' }),
  one('variance.normalization=unbiased of squares', ['RMSNorm'], { divisor: 'n-1' }),
  one('variance.normalization=second-moment', CENTRED, { centredVariance: false }),
  one('mean.subtracted=no', CENTRED, { centredOutput: false, centredVariance: false }),
  one('mean.subtracted=yes', ['RMSNorm'], { centredOutput: true, centredVariance: true }),
  one('mean.subtracted=from-output-only', ['LayerNorm', 'GroupNorm'], { centredVariance: false }),
  one('mean.subtracted=from-variance-only', CENTRED, { centredOutput: false }),
  one('variance.running=biased', RUNNING, { runningDivisor: 'n' }),
  one('variance.running=depends-on-rank', ['BatchNorm1d', 'InstanceNorm1d'], { runningDivisor: 'n-1 from rank 4' }),
  one('running.tracked=std', RUNNING, { tracked: 'std' }),
  one('running.tracked=inverse-std', RUNNING, { tracked: 'inverse-std' }),
  one('running.tracked=sum-and-factor', RUNNING, { tracked: 'sum' }),
  one('running.tracked=swapped', RUNNING, { tracked: 'swapped', initial: { mean: 1, variance: 0 } }),
  one('momentum.rule=old-weight', RUNNING, { rule: 'old-weight' }),
  one('momentum.rule=cumulative', RUNNING, { rule: 'cumulative' }),
  one('momentum.rule=zero-debiased', RUNNING, { rule: 'zero-debiased' }),
  one('momentum.rule=first-step-copies', RUNNING, { rule: 'first-step-copies' }),
  one('momentum.rule=overwritten', RUNNING, { rule: 'overwritten' }),
  one('momentum.rule=never-updated', RUNNING, { rule: 'never-updated' }),
  ...[0, 0.01, 0.03, 0.9, 0.99].map((m) => one(`momentum.default=${m}`, RUNNING, { momentum: m })),
  ...[1e-12, 1e-8, 1e-7, 1e-6, 2e-5, 1e-4, 1e-3].map((eps) =>
    one(`eps.value=${eps.toExponential()}`, CENTRED, { eps }),
  ),
  ...[1e-8, 1e-6, 1e-5].map((eps) => one(`eps.value=${eps.toExponential()}`, ['RMSNorm'], { eps })),
  one('eps.placement=outside-sqrt', ALL, { epsPlacement: 'outside-sqrt' }),
  one('eps.placement=max', ALL, { epsPlacement: 'max' }),
  one('eps.placement=absent', ALL, { epsPlacement: 'absent' }),
  one('eps.placement=squared', ALL, { epsPlacement: 'squared' }),
  one('eps.placement=scaled-by-input', ALL, { epsPlacement: 'scaled-by-input' }),
  one('eps.placement=twice', ALL, { epsPlacement: 'twice' }),
  one('eps.zero=replaced-by-default', ALL, { epsZero: 'replaced-by-default' }),
  one('eps.zero=rejected', ALL, { epsZero: 'rejected' }),
  one('variance.algorithm=one-pass', ALL, { algorithm: 'one-pass' }, 'RMSNorm'),
  one('variance.algorithm=one-pass-clamped', CENTRED, { algorithm: 'one-pass-clamped' }),
  one('precision.accumulation=bfloat16 statistics', ALL, { precision: 'bfloat16-statistics' }),
  one('precision.affine=rounded to bfloat16', ALL, { precision: 'bfloat16-output' }),
  one('axes.reduction=all', [...CHANNELLED, 'LayerNorm'], { kept: () => [] }),
  one('axes.reduction=N', BATCH, { kept: (rank) => Array.from({ length: rank - 1 }, (_, a) => a + 1) }),
  one('axes.reduction=all but N,C', BATCH, { kept: () => [0, 1] }),
  one('axes.reduction=all but N', BATCH, { kept: () => [0] }),
  one('axes.reduction=N and all but C', INSTANCE, { kept: (_, own) => (own.length === 2 ? [1] : []) }),
  one('axes.reduction=last', ['InstanceNorm2d', 'InstanceNorm3d', 'LayerNorm'], { kept: (rank) => allButLast(rank) }),
  one('axes.reduction=one axis less', ['LayerNorm', 'RMSNorm'], { kept: (_, own) => [...own, own.length] }),
  one('axes.reduction=one axis more', ['LayerNorm', 'RMSNorm'], { kept: (_, own) => own.slice(0, -1) }),
  one('axes.reduction=all but the group', GROUP, { kept: () => [-1] }),
  one('channel.axis=-1', CHANNELLED, { channelAxis: '-1' }),
  one('channel.axis=0', CHANNELLED, { channelAxis: '0' }),
  one('channel.axis=broadcast-last', BATCH, { channelAxis: 'broadcast-last' }),
  one('channel.axis=flattened', BATCH, { channelAxis: 'flattened' }),
  one('affine.shape=G', GROUP, { affineShape: 'G' }),
  one('affine.shape=last-axis', ALL, { affineShape: 'last-axis' }),
  one('affine.shape=scalar', ALL, { affineShape: 'scalar' }),
  one('affine.shape=C in reverse', ALL, { affineShape: 'reversed' }),
  one('affine.form=one-plus-weight', ALL, { affineForm: 'one-plus-weight' }),
  one('affine.form=bias-before-weight', CENTRED, { affineForm: 'bias-before-weight' }),
  one('affine.form=weight-only', CENTRED, { affineForm: 'weight-only' }),
  one('affine.form=bias-only', CENTRED, { affineForm: 'bias-only' }),
  one('affine.form=none', ALL, { affineForm: 'none' }),
  one('affine.form=weight*x-bias', CENTRED, { affineForm: 'minus-bias' }),
  one('affine.form=|weight|*x+bias', ALL, { affineForm: 'absolute-weight' }),
  one('groups.layout=interleaved', GROUP, { groups: 'interleaved' }),
  one('groups.layout=one', GROUP, { groups: 'one' }),
  one('groups.layout=each-channel', GROUP, { groups: 'each-channel' }),
  one('groups.layout=size for number', GROUP, { groups: 'transposed' }),
  one('statistics.train=running-after-update', RUNNING, { statisticsTrain: 'running-after-update' }),
  one('statistics.train=running-before-update', RUNNING, { statisticsTrain: 'running-before-update' }),
  one('statistics.eval=batch', RUNNING, { statisticsEval: 'batch' }),
  one('statistics.untracked-eval=running-initial', RUNNING, { untrackedEval: 'running-initial' }),
  one('statistics.untracked-eval=raises', RUNNING, { untrackedEval: 'raises' }),
  one('running.update-in-eval=yes', RUNNING, { updateInEval: true }),
  one('running.initial=variance-zero', RUNNING, { initial: { mean: 0, variance: 0 } }),
  one('running.initial=swapped', RUNNING, { initial: { mean: 1, variance: 0 } }),
  one('running.gradient=attached', RUNNING, { runningGradient: 'attached' }),
  one('gradient.statistics=detached', ALL, { gradient: 'detached' }),
  one('gradient.statistics=mean detached', CENTRED, { gradient: 'mean-detached' }),
  one('gradient.statistics=variance detached', ALL, { gradient: 'variance-detached' }),
  one('gradient.weight=of the input', ALL, { weightGradient: 'input' }),
  one('gradient.weight=averaged', ALL, { weightGradient: 'mean' }),
  ...(['nan', 'zero', 'bias', 'input'] as const).map((v) =>
    one(`single-value.train=${v}`, RUNNING, { singleValue: v }),
  ),
  ...(['nan', 'sign', 'input', 'raises'] as const).map((v) =>
    one(`single-value.train=${v}`, ['LayerNorm'], { singleValue: v }),
  ),
  ...(['nan', 'zero', 'bias', 'raises'] as const).map((v) =>
    one(`single-value.train=${v}`, ['RMSNorm'], { singleValue: v }),
  ),
  one('weight.initial=uniform', ALL, { weightInitial: { weight: 'uniform', bias: 0 } }),
  one('weight.initial=zeros', ALL, { weightInitial: { weight: 0, bias: 0 } }),
  one('weight.initial=ones for the bias', CENTRED, { weightInitial: { weight: 1, bias: 1 } }),
  one('input.layout=contiguous-only', ALL, { inputLayout: 'contiguous-only' }),
  one('input.layout=read as it lies', ALL, { inputLayout: 'as-it-lies' }),
  one('input.rank=2 and 4', ALL, { inputRank: [2, 4] }),
  one('input.dtype=float32 only', ALL, { inputDtype: 'float32-only' }),
  one('input.dtype=computes in float32', ALL, { inputDtype: 'computes-in-float32' }),
  one('input.mutated=yes', ALL, { inputMutated: true }),
];

const COMBINATIONS: readonly Fault[] = [
  many(['variance.normalization=unbiased', 'eps.placement=outside-sqrt'], CENTRED, {
    divisor: 'n-1',
    epsPlacement: 'outside-sqrt',
  }),
  many(['variance.normalization=unbiased', 'eps.placement=outside-sqrt', 'eps.value=1e-6'], CENTRED, {
    divisor: 'n-1',
    epsPlacement: 'outside-sqrt',
    eps: 1e-6,
  }),
  many(['momentum.rule=old-weight', 'momentum.default=0.9'], RUNNING, { rule: 'old-weight', momentum: 0.9 }),
  many(['momentum.rule=old-weight', 'momentum.default=0.99', 'variance.running=biased', 'eps.value=1e-3'], RUNNING, {
    rule: 'old-weight',
    momentum: 0.99,
    runningDivisor: 'n',
    eps: 1e-3,
  }),
  many(['variance.running=biased', 'statistics.eval=batch'], RUNNING, { runningDivisor: 'n', statisticsEval: 'batch' }),
  many(['variance.normalization=unbiased', 'variance.running=biased'], RUNNING, {
    divisor: 'n-1',
    runningDivisor: 'n',
  }),
  many(['gradient.statistics=detached', 'running.initial=variance-zero'], RUNNING, {
    gradient: 'detached',
    initial: { mean: 0, variance: 0 },
  }),
  many(['groups.layout=interleaved', 'affine.shape=G'], GROUP, { groups: 'interleaved', affineShape: 'G' }),
  many(['mean.subtracted=no', 'eps.value=1e-6', 'affine.form=one-plus-weight'], ['LayerNorm'], {
    centredOutput: false,
    centredVariance: false,
    eps: 1e-6,
    affineForm: 'one-plus-weight',
  }),
  many(['affine.form=one-plus-weight', 'eps.value=1e-6'], ['RMSNorm'], { affineForm: 'one-plus-weight', eps: 1e-6 }),
];

export const FAULTS: readonly Fault[] = [...NUMBER_FAULTS, ...COMBINATIONS, ...CONDUCT_FAULTS];

// --- internal ---

/** `but` names a layer at which the fault can't show. */
function one(departs: string, layers: readonly LayerName[], change: Partial<Conventions>, but?: LayerName): Fault {
  return many(
    [departs],
    layers.filter((layer) => layer !== but),
    change,
  );
}

function many(departs: readonly string[], layers: readonly LayerName[], change: Partial<Conventions>): Fault {
  const line = departs.map((d) => `has ${d.replace('=', ' ')}`).join(' and ');
  const set = layers.length === ALL.length ? '' : ` ${layers[0].toLowerCase()}`;
  const name = `${departs.join(' ')}${set}`.replace(/[^a-z0-9]+/gi, '-').toLowerCase();
  return { ...plainSaboteur(name, line, change), departs, layers };
}

function allButLast(rank: number): readonly number[] {
  return Array.from({ length: rank - 1 }, (_, a) => a);
}
