// The port as a subject: runs a Case step by step on ts-impl/norms. It compares nothing and starts nothing.

import { type Case, FUNCTIONS, LAYERS, type NamedTensor, none, type Step, type Value } from '../../../cases/case.ts';
import {
  callFunction as callNorm,
  makeLayer,
  type Module,
  RunningNorm,
  renderLoadReport,
  TorchError,
} from '../../norms/index.ts';
import { castTensor, cloneTensor } from '../../norms/parameters.ts';
import { pythonFloat, pythonTuple } from '../../norms/python-words.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { contiguous, type Tensor } from '../../tensor/tensor.ts';
import { type Answer, outcomeOf, type StepResult } from '../outcome.ts';
import { intsOf, numberOf, PythonError, pythonText, tensorOf, truthy, Unsupported } from './port-arguments.ts';
import { bindCall } from './port-functions.ts';
import { type Graph, goBack, type Leaf } from './port-graph.ts';
import { complaintOnCall, type Plan, planLayer, setField } from './port-layer.ts';
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

/** Between two steps. */
interface State {
  readonly dtype: Dtype;
  plan: Plan | null;
  module: Module | null;
  /** The latest forward or call that returned, null after one that was refused. */
  graph: Graph | null;
}

const NOT_RUN: StepResult = { kind: 'not_run' };
const NO_TEXTS = {};
const LEAVES: ReadonlySet<string> = new Set<Leaf>(['input', 'weight', 'bias']);

function answer(c: Case): Answer {
  const state: State = { dtype: c.dtype, plan: null, module: null, graph: null };
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
    default:
      return state.module === null ? NOT_RUN : runOnModule(state, state.module, step);
  }
}

function returned(tensors: readonly NamedTensor[], texts: Readonly<Record<string, string>> = NO_TEXTS): StepResult {
  return { kind: 'returned', tensors, texts };
}

function construct(state: State, step: Step & { kind: 'construct' }): StepResult {
  const layer = LAYERS.find((name) => name === step.layer);
  if (layer === undefined) throw new Unsupported(`the port has no layer ${step.layer}`);
  state.graph = null;
  state.plan = planLayer(layer, step.arguments, state.dtype);
  state.module = makeLayer(layer, state.plan.sizes, state.plan.options);
  return returned([], { repr: repr(state.plan, state.module) });
}

function repr(plan: Plan, module: Module): string {
  const written: Record<string, string> = {};
  for (const [name, value] of plan.attributes) {
    written[name] =
      name === 'normalized_shape' && value.kind === 'list'
        ? pythonTuple(value.items.map((item) => pythonText(item, pythonFloat, true)))
        : pythonText(value, pythonFloat);
  }
  return module.toString(written);
}

function forward(state: State, step: Step & { kind: 'forward' }): StepResult {
  const { module, plan } = state;
  state.graph = null;
  if (module === null || plan === null) return NOT_RUN;
  checkSupported(step.input);
  if (step.mode !== null) module.train(step.mode === 'train');
  const wrong = complaintOnCall(plan.layer, plan.attributes, module.training);
  if (wrong !== null) {
    countRefusedBatch(module);
    throw wrong;
  }
  const call = module.call(step.input);
  state.graph = {
    call,
    output: call.output.dtype,
    recorded: step.gradient,
    leaves: ['input'],
    grads: new Map(),
    parameters: module,
  };
  return returned([{ name: 'output', tensor: contiguous(call.output) }]);
}

/** BatchNorm counts a batch before it looks at eps and momentum. */
function countRefusedBatch(module: Module): void {
  const counts = module instanceof RunningNorm && module.className.startsWith('BatchNorm') && module.trackRunningStats;
  if (counts && module.training && module.numBatchesTracked !== null) module.countBatch();
}

function callFunction(state: State, step: Step & { kind: 'call' }): StepResult {
  state.graph = null;
  const name = FUNCTIONS.find((known) => known === step.function);
  if (name === undefined) throw new Unsupported(`the port has no function ${step.function}`);
  for (const value of Object.values(step.arguments)) if (value.kind === 'tensor') checkSupported(value.tensor);
  const a = bindCall(name, step.arguments);
  const input = tensorOf(a.input);
  if (input === null) throw new Unsupported('a call without an input tensor');
  const call = callNorm(name, {
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
  });
  const tensors: NamedTensor[] = [{ name: 'output', tensor: contiguous(call.output) }];
  if ('runningMean' in call) {
    if (call.runningMean !== null) tensors.push({ name: 'running_mean', tensor: call.runningMean });
    if (call.runningVar !== null) tensors.push({ name: 'running_var', tensor: call.runningVar });
  }
  const names = Object.keys(step.arguments) as Leaf[]; // the filter leaves only these
  const leaves = names.filter((leaf) => LEAVES.has(leaf) && tensorOf(step.arguments[leaf]) !== null);
  const recorded = step.gradient;
  state.graph = { call, output: call.output.dtype, recorded, leaves, grads: new Map(), parameters: null };
  return returned(tensors);
}

function backward(state: State, step: Step & { kind: 'backward' }): StepResult {
  const { graph, module } = state;
  if (graph === null) return NOT_RUN;
  checkSupported(step.gradient);
  if (!step.accumulate) {
    graph.grads.clear();
    module?.zeroGrad();
  }
  if (!graph.recorded) {
    throw new TorchError('RuntimeError', 'element 0 of tensors does not require grad and does not have a grad_fn');
  }
  goBack(graph, inDtype(step.gradient, graph.output));
  const tensors: NamedTensor[] = [];
  for (const [leaf, tensor] of graph.grads) tensors.push({ name: `${leaf}.grad`, tensor });
  if (module?.weightGrad) tensors.push({ name: 'weight.grad', tensor: cloneTensor(module.weightGrad) });
  if (module?.biasGrad) tensors.push({ name: 'bias.grad', tensor: cloneTensor(module.biasGrad) });
  return returned(tensors);
}

function runOnModule(
  state: State,
  module: Module,
  step: Exclude<Step, { kind: 'construct' | 'forward' | 'call' | 'backward' }>,
): StepResult {
  switch (step.kind) {
    case 'read': {
      const entries = step.what === 'all' ? module.tensors() : module instanceof RunningNorm ? module.buffers() : [];
      return returned(entries.map(({ name, tensor }) => ({ name, tensor: cloneTensor(tensor) })));
    }
    case 'save_state':
      return returned(module.stateDict().entries);
    case 'load_state': {
      for (const { tensor } of step.entries) checkSupported(tensor);
      const report = module.loadStateDict({ entries: step.entries, version: step.version }, step.strict);
      return returned([], { keys: renderLoadReport(report) });
    }
    case 'set_attribute':
      return setAttribute(state, module, step.name, step.value);
    case 'set_tensor':
      return setTensor(module, step.name, step.tensor);
    case 'cast':
      if (step.dtype === 'int64') {
        const words = 'nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.int64';
        throw new TorchError('TypeError', words);
      }
      if (step.dtype === 'float16' || step.dtype === 'bfloat16') throw new Unsupported(notComputed(step.dtype));
      module.to(step.dtype);
      return returned([]);
    case 'copy':
      state.module = module.clone();
      return returned([]);
    case 'reset':
      if (step.what === 'parameters') module.resetParameters();
      else if (module instanceof RunningNorm) module.resetRunningStats();
      else {
        const words = `'${module.className}' object has no attribute 'reset_running_stats'`;
        throw new TorchError('AttributeError', words);
      }
      return returned([]);
    case 'double_backward':
    case 'inspect':
    case 'probe':
      throw new Unsupported(`the port answers no ${step.kind} yet`);
    default:
      return step satisfies never;
  }
}

function setAttribute(state: State, module: Module, name: string, value: Value): StepResult {
  if (state.plan === null) return NOT_RUN;
  if (isTensorName(module, name)) {
    if (value.kind === 'null') return setTensor(module, name, null);
    throw new Unsupported(`the attribute ${name} set to a value`);
  }
  state.plan.attributes.set(name, value);
  setField(module, name, value);
  return returned([]);
}

function isTensorName(module: Module, name: string): boolean {
  const buffers = ['running_mean', 'running_var', 'num_batches_tracked'];
  return name === 'weight' || name === 'bias' || (module instanceof RunningNorm && buffers.includes(name));
}

function setTensor(module: Module, name: string, given: Tensor | null): StepResult {
  if (given !== null) checkSupported(given);
  if (!module.assign(name, given)) throw new Unsupported(`the port's ${module.className} has no tensor ${name}`);
  return returned([]);
}

function inDtype(gradient: Tensor, dtype: Dtype): Tensor {
  if (gradient.dtype === dtype) return gradient;
  if (gradient.dtype === 'int64' || (dtype !== 'float32' && dtype !== 'float64')) {
    throw new Unsupported(`a gradient of ${gradient.dtype} for an output of ${dtype}`);
  }
  return castTensor(gradient, dtype);
}

function checkSupported(t: Tensor): void {
  if (t.dtype === 'float16' || t.dtype === 'bfloat16') throw new Unsupported(notComputed(t.dtype));
}

function notComputed(dtype: Dtype): string {
  return `the port computes in float32 and float64, not in ${dtype}`;
}
