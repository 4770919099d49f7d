// Explains why a subject that speaks PyTorch's words (the port, or a peer of it) went red: the same measurement, findings and proof as an audit.

import { type Case, FUNCTIONS, float, LAYERS, type LayerName } from '../../../cases/case.ts';
import type { Diagnose } from '../check.ts';
import { type Outcome, outcomeOf, type StepResult } from '../outcome.ts';
import { replayLine } from '../report/describe-verdict.ts';
import type { Diagnosis } from '../report/make-report.ts';
import type { Judged } from '../run.ts';
import type { Subject } from '../subjects/subject.ts';
import { diagnose } from './diagnose.ts';
import { SubjectGone } from './measure/measure.ts';
import type { ConstructorParameter, Specimen } from './measure/specimen.ts';

/** Names the conventions in which `subject` departs from PyTorch; each layer is measured once, functions by the layer that calls them. */
export function explainWith(oracle: Subject, subject: Subject): Diagnose {
  const known = new Map<LayerName, Promise<Awaited<ReturnType<typeof explainLayer>>>>();
  return async (layer, differing) => {
    const name = layerOf(layer);
    if (name === null) return { findings: [], explained: new Set() };
    const explained = known.get(name) ?? explainLayer(name, oracle, subject);
    known.set(name, explained);
    const { findings, reproduces } = await explained;
    return { findings, explained: new Set(differing.filter(reproduces).map((judged) => judged.case.id)) };
  };
}

// --- internal ---

const FUNCTION_LAYERS: Readonly<Record<(typeof FUNCTIONS)[number], LayerName>> = {
  batch_norm: 'BatchNorm2d',
  layer_norm: 'LayerNorm',
  instance_norm: 'InstanceNorm2d',
  group_norm: 'GroupNorm',
  rms_norm: 'RMSNorm',
};

function layerOf(name: string): LayerName | null {
  const called = FUNCTIONS.find((f) => f === name);
  return called === undefined ? (LAYERS.find((l) => l === name) ?? null) : FUNCTION_LAYERS[called];
}

async function explainLayer(layer: LayerName, oracle: Subject, subject: Subject) {
  const plain = await explainVariant(layer, false, oracle, subject);
  // InstanceNorm has buffers only where they are asked for: a fault in them shows in that variant alone.
  if (plain.findings.some((f) => f.level === 'error') || !layer.startsWith('InstanceNorm')) return plain;
  return explainVariant(layer, true, oracle, subject);
}

async function explainVariant(layer: LayerName, tracked: boolean, oracle: Subject, subject: Subject) {
  const result = await diagnose(specimenOf(layer, tracked, subject), {
    layer,
    tracked,
    oracle,
    locate: () => null,
    replay: (id) => replayLine(id, [subject.replayWords ?? '', oracle.replayWords ?? ''].join(' ').trim()),
  });
  const all: Diagnosis['findings'] = result.kind === 'diagnosed' ? result.diagnosis.findings : [];
  // Which dtypes a norm in JavaScript takes, it has said itself.
  const findings = subject.kind === 'js' ? all.filter((finding) => finding.convention !== 'input.dtype') : all;
  const model = result.kind === 'diagnosed' ? result.explains : null;
  return {
    findings,
    reproduces: (judged: Judged) => {
      if (model === null || findings.length === 0) return false;
      const { case: c, outcome } = withoutUnrun(judged);
      return model(c, outcome);
    },
  };
}

const required = (name: string): ConstructorParameter => ({ name, hasDefault: false, default: null });

/** The constructor in PyTorch's words; what is left out stays at PyTorch's default. */
function signatureOf(layer: LayerName, tracked: boolean): ConstructorParameter[] {
  const eps = { name: 'eps', hasDefault: true, default: layer === 'RMSNorm' ? null : float(1e-5) };
  const momentum = { name: 'momentum', hasDefault: true, default: float(0.1) };
  if (layer === 'GroupNorm') return [required('num_groups'), required('num_channels'), eps];
  if (layer === 'LayerNorm' || layer === 'RMSNorm') return [required('normalized_shape'), eps];
  if (layer.startsWith('BatchNorm')) return [required('num_features'), eps, momentum];
  return tracked
    ? [required('num_features'), required('track_running_stats'), eps, momentum]
    : [required('num_features'), eps];
}

function specimenOf(layer: LayerName, tracked: boolean, subject: Subject): Specimen {
  return {
    name: layer,
    signature: signatureOf(layer, tracked),
    ask: async (cases: readonly Case[]) => {
      const answers = await subject.ask(cases, { truth: false });
      return answers.map(({ outcome }, i) => {
        if (outcome.kind === 'undecided') throw new SubjectGone(outcome.reason);
        return outcome.kind === 'unsupported' ? refused(cases[i], outcome.reason) : outcome;
      });
    },
  };
}

/** A judged case without the backwards of a subject that has no way back. */
function withoutUnrun({ case: c, actual: { outcome } }: Judged): { readonly case: Case; readonly outcome: Outcome } {
  if (outcome.kind !== 'returned') return { case: c, outcome };
  const ran = (_: unknown, i: number) => c.steps[i].kind !== 'backward' || outcome.steps[i].kind !== 'not_run';
  return { case: { ...c, steps: c.steps.filter(ran) }, outcome: outcomeOf(outcome.steps.filter(ran)) };
}

/** What a subject has no part for, as a class that is made but refuses: it is then asked in another dtype, or another way. */
function refused(c: Case, reason: string): Outcome {
  const made: StepResult = { kind: 'returned', tensors: [], texts: {} };
  const refusal: StepResult = { kind: 'refused', type: 'Unsupported', message: reason };
  return outcomeOf(c.steps.map((step) => (step.kind === 'construct' ? made : refusal)));
}
