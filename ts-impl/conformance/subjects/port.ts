// The port as a subject: runs a Case step by step on ts-impl/norms. It compares nothing and starts nothing.

import { type Case, FUNCTIONS, LAYERS, type NamedTensor, none, type Step } from '../../../cases/case.ts';
import {
  type Call,
  callFunction as callNorm,
  LAZY_LAYERS,
  type LazyName,
  makeLayer,
  type Module,
  onWarning,
  RunningNorm,
  TorchError,
} from '../../norms/index.ts';
import { dense } from '../../norms/axis-order.ts';
import { castTensor, cloneTensor } from '../../norms/parameters.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { contiguous, fromStorage, type Tensor } from '../../tensor/tensor.ts';
import { type Answer, outcomeOf, type StepResult } from '../outcome.ts';
import { intsOf, numberOf, PythonError, tensorOf, truthy, Unsupported } from './port-arguments.ts';
import { bindCall } from './port-functions.ts';
import { type Graph, goBack, goBackTwice, type Leaf } from './port-graph.ts';
import { inspectName } from './port-inspect.ts';
import { complaintOnCall, type Plan, planLayer } from './port-layer.ts';
import { runOnModule } from './port-module.ts';
import { NOT_RUN, reprOf, returned, type State } from './port-state.ts';
import { inWordsOf } from './port-words.ts';
import { checkUnwritten, savedBy, versionsOf } from './port-versions.ts';
import type { Subject } from './subject.ts';

/** The port. It answers at once and in this process; `truth` is always null. */
export function makePort(): Subject {
  return {
    name: 'port',
    kind: 'port',
    version: null,
    capabilities: {},
    batch: { cases: 64, window: 1 },
    ask: async (cases) => cases.map(answer),
    close: async () => {},
  };
}

// --- internal ---

const NOTHING_HELD = { weight: null, bias: null };
const PARAMETERS = ['weight', 'bias'] as const;
const LEAVES: ReadonlySet<string> = new Set<Leaf>(['input', 'weight', 'bias']);

function answer(c: Case): Answer {
  const state: State = {
    dtype: c.dtype,
    plan: null,
    module: null,
    graph: null,
    versions: new Map(),
    recast: false,
    warnings: [],
  };
  const listenNoMore = onWarning((category, message) => state.warnings.push(`${category}: ${message}`));
  try {
    return runAll(c, state);
  } finally {
    listenNoMore();
  }
}

function runAll(c: Case, state: State): Answer {
  const results: StepResult[] = [];
  let lost = false;
  for (const step of c.steps) {
    if (lost) {
      results.push(NOT_RUN);
      continue;
    }
    try {
      results.push(run(state, step));
    } catch (problem) {
      if (problem instanceof Unsupported)
        return { outcome: { kind: 'unsupported', reason: problem.message }, truth: null };
      if (!(problem instanceof TorchError || problem instanceof PythonError)) throw problem;
      results.push({ kind: 'refused', type: problem.type, message: problem.message });
      lost = step.kind === 'construct';
    }
  }
  return { outcome: outcomeOf(results), truth: null };
}

function run(state: State, step: Step): StepResult {
  switch (step.kind) {
    case 'construct':
      return construct(state, step);
    case 'forward':
      return forward(state, step);
    case 'call':
      return callFunction(state, step);
    case 'backward':
      return backward(state, step);
    case 'inspect':
      return returned([], Object.fromEntries(step.names.map((name) => [name, inspectName(state, name)])));
    case 'double_backward':
      return doubleBackward(state, step);
    case 'probe':
      throw new Unsupported(`the port answers no ${step.kind} yet`);
    default:
      return runOnModule(state, step);
  }
}

function construct(state: State, step: Step & { kind: 'construct' }): StepResult {
  const lazy = isLazy(step.layer) ? step.layer : null;
  const layer = LAYERS.find((name) => name === step.layer.replace(/^Lazy/, ''));
  if (layer === undefined || (lazy === null && layer !== step.layer)) {
    throw new Unsupported(`the port has no layer ${step.layer}`);
  }
  state.graph = null;
  state.plan = planLayer(layer, lazy !== null, step.arguments, state.dtype);
  const { sizes, options } = state.plan;
  state.module = lazy === null ? makeLayer(layer, sizes, options) : new LAZY_LAYERS[lazy](options);
  state.versions = versionsOf(state.module);
  return returned([], { repr: reprOf(state.plan, state.module) });
}

function isLazy(layer: string): layer is LazyName {
  return Object.hasOwn(LAZY_LAYERS, layer);
}

function forward(state: State, step: Step & { kind: 'forward' }): StepResult {
  const { module, plan } = state;
  state.graph = null;
  if (module === null || plan === null) return NOT_RUN;
  if (step.mode !== null) {
    module.train(step.mode === 'train');
    plan.attributes.delete('training'); // if it was set, it is a plain flag again
  }
  const call = callModule(plan, module, step.input);
  state.recast = false;
  state.graph = {
    call,
    recorded: step.gradient,
    inputs: new Map([['input', step.input]]),
    grads: new Map(),
    owner: module,
    held: { weight: module.weight, bias: module.bias },
    saved: savedBy(module, state.versions),
    frozen: new Set(PARAMETERS.filter((name) => !module.requiresGrad[name])),
  };
  return returned([{ name: 'output', tensor: contiguous(call.output) }]);
}

/** The attributes' kinds are looked at last before the operator is called. */
function callModule(plan: Plan, module: Module, input: Tensor): Call {
  const before = module.className;
  try {
    const withoutStatistics =
      module instanceof RunningNorm && module.runningMean === null && module.runningVar === null;
    const wrong = complaintOnCall(plan.layer, plan.attributes, module.training || withoutStatistics);
    if (wrong === null) return inWordsOf(plan.attributes.get('eps'), () => module.call(input));
    module.begin(input);
    throw wrong;
  } finally {
    if (module.className !== before) plan.attributes.delete('num_features'); // a lazy layer has learnt it
  }
}

function callFunction(state: State, step: Step & { kind: 'call' }): StepResult {
  state.graph = null;
  const name = FUNCTIONS.find((known) => known === step.function);
  if (name === undefined) throw new Unsupported(`the port has no function ${step.function}`);
  const a = bindCall(name, step.arguments);
  const input = tensorOf(a.input);
  if (input === null) throw new Unsupported('a call without an input tensor');
  const call = inWordsOf(a.eps, () =>
    callNorm(name, {
      input,
      runningMean: tensorOf(a.running_mean),
      runningVar: tensorOf(a.running_var),
      weight: tensorOf(a.weight),
      bias: tensorOf(a.bias),
      useBatch: truthy(a.training ?? a.use_input_stats ?? none),
      momentum: numberOf(a.momentum ?? none),
      eps: a.eps.kind === 'null' ? null : numberOf(a.eps),
      numGroups: numberOf(a.num_groups ?? none),
      normalizedShape: intsOf(a.normalized_shape ?? none),
    }),
  );
  const tensors: NamedTensor[] = [{ name: 'output', tensor: contiguous(call.output) }];
  if ('runningMean' in call) {
    if (call.runningMean !== null) tensors.push({ name: 'running_mean', tensor: call.runningMean });
    if (call.runningVar !== null) tensors.push({ name: 'running_var', tensor: call.runningVar });
  }
  const inputs = new Map<string, Tensor>();
  for (const [leaf, value] of Object.entries(step.arguments)) {
    if (LEAVES.has(leaf) && value.kind === 'tensor') inputs.set(leaf, value.tensor);
  }
  state.graph = {
    call,
    recorded: step.gradient,
    inputs,
    grads: new Map(),
    owner: null,
    held: NOTHING_HELD,
    saved: [],
    frozen: new Set(),
  };
  return returned(tensors);
}

function backward(state: State, step: Step & { kind: 'backward' }): StepResult {
  const { graph, module } = state;
  if (graph === null) return NOT_RUN;
  if (!step.accumulate) {
    graph.grads.clear();
    module?.zeroGrad();
  }
  if (!graph.recorded) throw withoutGradient();
  checkWayBack(state, graph);
  goBack(graph, inDtype(step.gradient, graph.call.output.dtype));
  const tensors: NamedTensor[] = [];
  for (const [leaf, tensor] of graph.grads) tensors.push({ name: `${leaf}.grad`, tensor: contiguous(tensor) });
  if (module?.weightGrad) tensors.push({ name: 'weight.grad', tensor: cloneTensor(module.weightGrad) });
  if (module?.biasGrad) tensors.push({ name: 'bias.grad', tensor: cloneTensor(module.biasGrad) });
  return returned(tensors);
}

function doubleBackward(state: State, step: Step & { kind: 'double_backward' }): StepResult {
  const { graph, module } = state;
  if (graph === null) return NOT_RUN;
  if (!graph.recorded) throw withoutGradient();
  checkWayBack(state, graph);
  return returned(goBackTwice(graph, module, inDtype(step.gradient, graph.call.output.dtype), step.vectors));
}

/** Throws for what the call had saved and is no more as it was. */
function checkWayBack(state: State, { owner, saved }: Graph): void {
  if (owner === null || owner !== state.module) return;
  if (state.recast && owner.tensors().length > 0) throw new Unsupported('a way back through a call made before a cast');
  checkUnwritten(owner, state.versions, saved);
}

function withoutGradient(): TorchError {
  return new TorchError('RuntimeError', 'element 0 of tensors does not require grad and does not have a grad_fn');
}

function inDtype(gradient: Tensor, dtype: Dtype): Tensor {
  if (gradient.dtype === dtype) return gradient;
  if (gradient.dtype === 'int64' || dtype === 'int64') {
    throw new Unsupported(`a gradient of ${gradient.dtype} for an output of ${dtype}`);
  }
  const own = dense(gradient);
  const values = castTensor(fromStorage(own.dtype, [own.storage.length], own.storage), dtype);
  return { ...own, dtype, storage: values.storage }; // lying in memory as it did
}
