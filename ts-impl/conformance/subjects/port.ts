// The port as a subject: runs a Case step by step on ts-impl/norms. It compares nothing and starts nothing.

import { type Case, FUNCTIONS, LAYERS, type NamedTensor, type Step, type Value } from '../../../cases/case.ts';
import {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  batchNorm,
  type Call,
  GroupNorm,
  groupNorm,
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  instanceNorm,
  LayerNorm,
  layerNorm,
  type Module,
  RMSNorm,
  RunningNorm,
  rmsNorm,
  TorchError,
} from '../../norms/index.ts';
import { addInto, castTensor, cloneTensor } from '../../norms/parameters.ts';
import { pythonFloat, pythonTuple } from '../../norms/python-words.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { sameShape } from '../../tensor/shape.ts';
import { contiguous, type Tensor } from '../../tensor/tensor.ts';
import { type Answer, outcomeOf, type StepResult } from '../outcome.ts';
import {
  intsOf,
  isNumeric,
  numberOf,
  PythonError,
  pythonText,
  tensorOf,
  truthy,
  Unsupported,
} from './port-arguments.ts';
import { bindCall } from './port-functions.ts';
import { complaintOnCall, momentumOf, type Plan, planLayer } from './port-layer.ts';
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

interface Graph {
  readonly call: Call;
  readonly output: Dtype;
  /** False where nothing requires grad. */
  readonly recorded: boolean;
  /** Names of the leaves that are no parameters, in the order they are answered. */
  readonly leaves: readonly ('input' | 'weight' | 'bias')[];
  readonly grads: Map<string, Tensor>;
  /** The module whose parameters the gradients of weight and bias belong to. */
  readonly module: Module | null;
}

const NOT_RUN: StepResult = { kind: 'not_run' };
const NO_TEXTS = {};

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
  state.module = makeModule(state.plan);
  return returned([], { repr: repr(state.plan, state.module) });
}

function makeModule({ layer, sizes, options }: Plan): Module {
  switch (layer) {
    case 'BatchNorm1d':
      return new BatchNorm1d(sizes[0], options);
    case 'BatchNorm2d':
      return new BatchNorm2d(sizes[0], options);
    case 'BatchNorm3d':
      return new BatchNorm3d(sizes[0], options);
    case 'InstanceNorm1d':
      return new InstanceNorm1d(sizes[0], options);
    case 'InstanceNorm2d':
      return new InstanceNorm2d(sizes[0], options);
    case 'InstanceNorm3d':
      return new InstanceNorm3d(sizes[0], options);
    case 'GroupNorm':
      return new GroupNorm(sizes[0], sizes[1], options);
    case 'LayerNorm':
      return new LayerNorm(sizes, options);
    case 'RMSNorm':
      return new RMSNorm(sizes, options);
    default:
      return layer satisfies never;
  }
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
    module,
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
  const [weight, bias] = [tensorOf(a.weight), tensorOf(a.bias)];
  const [mean, variance] = [tensorOf(a.running_mean), tensorOf(a.running_var)];
  const tensors: NamedTensor[] = [];
  let call: Call;
  if (name === 'batch_norm' || name === 'instance_norm') {
    const [norm, batch] = name === 'batch_norm' ? [batchNorm, a.training] : [instanceNorm, a.use_input_stats];
    const done = norm(input, mean, variance, weight, bias, truthy(batch), numberOf(a.momentum), numberOf(a.eps));
    if (done.runningMean !== null) tensors.push({ name: 'running_mean', tensor: done.runningMean });
    if (done.runningVar !== null) tensors.push({ name: 'running_var', tensor: done.runningVar });
    call = done;
  } else if (name === 'group_norm') {
    call = groupNorm(input, numberOf(a.num_groups), weight, bias, numberOf(a.eps));
  } else if (name === 'layer_norm') {
    call = layerNorm(input, intsOf(a.normalized_shape), weight, bias, numberOf(a.eps));
  } else {
    call = rmsNorm(input, intsOf(a.normalized_shape), weight, a.eps.kind === 'null' ? null : numberOf(a.eps));
  }
  const leaves = (Object.keys(step.arguments) as Graph['leaves'][number][]).filter(
    (leaf) => ['input', 'weight', 'bias'].includes(leaf) && tensorOf(step.arguments[leaf]) !== null,
  ); // the cast is what the filter makes true
  const recorded = step.gradient;
  state.graph = { call, output: call.output.dtype, recorded, leaves, grads: new Map(), module: null };
  return returned([{ name: 'output', tensor: contiguous(call.output) }, ...tensors]);
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
  const gradients = graph.call.backward(inDtype(step.gradient, graph.output));
  if (graph.module !== null) graph.module.accumulate(gradients);
  for (const leaf of graph.leaves) {
    const gradient = gradients[leaf];
    if (gradient !== null) addTo(graph.grads, leaf, gradient);
  }
  const tensors: NamedTensor[] = [];
  for (const [leaf, gradient] of graph.grads) tensors.push({ name: `${leaf}.grad`, tensor: cloneTensor(gradient) });
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
      return returned([], { keys: keysText(report.missingKeys, report.unexpectedKeys) });
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
    default:
      return step satisfies never;
  }
}

function keysText(missing: readonly string[], unexpected: readonly string[]): string {
  if (missing.length + unexpected.length === 0) return '<All keys matched successfully>';
  const listed = (names: readonly string[]) => `[${names.map((name) => `'${name}'`).join(', ')}]`;
  return `_IncompatibleKeys(missing_keys=${listed(missing)}, unexpected_keys=${listed(unexpected)})`;
}

function setAttribute(state: State, module: Module, name: string, value: Value): StepResult {
  if (state.plan === null) return NOT_RUN;
  if (isTensorName(module, name)) {
    if (value.kind === 'null') return setTensor(module, name, null);
    throw new Unsupported(`the attribute ${name} set to a value`);
  }
  state.plan.attributes.set(name, value);
  const fields = module as unknown as Record<string, unknown>; // the names below are fields of some layer, checked with `in`
  const field = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (!(field in module)) return returned([]); // Python lets any attribute be set
  if (field === 'momentum') fields[field] = momentumOf(value);
  else if (field === 'normalizedShape') fields[field] = value.kind === 'list' ? intsOf(value) : [];
  else if (typeof fields[field] === 'boolean') fields[field] = truthy(value);
  else if (field === 'eps' && value.kind === 'null') fields[field] = null;
  else if (isNumeric(value)) fields[field] = numberOf(value);
  return returned([]);
}

function isTensorName(module: Module, name: string): boolean {
  const buffers = ['running_mean', 'running_var', 'num_batches_tracked'];
  return name === 'weight' || name === 'bias' || (module instanceof RunningNorm && buffers.includes(name));
}

function setTensor(module: Module, name: string, given: Tensor | null): StepResult {
  if (given !== null) checkSupported(given);
  const value = given && cloneTensor(given);
  if (name === 'weight' || name === 'bias') {
    const before = module[name];
    // A parameter of the same kind keeps its gradient; another one starts without.
    const kept =
      before !== null && value !== null && before.dtype === value.dtype && sameShape(before.shape, value.shape);
    if (!kept && name === 'weight') module.weightGrad = null;
    if (!kept && name === 'bias') module.biasGrad = null;
    module[name] = value;
  } else if (module instanceof RunningNorm && name === 'running_mean') module.runningMean = value;
  else if (module instanceof RunningNorm && name === 'running_var') module.runningVar = value;
  else if (module instanceof RunningNorm && name === 'num_batches_tracked') module.numBatchesTracked = value;
  else throw new Unsupported(`the port's ${module.className} has no tensor ${name}`);
  return returned([]);
}

function addTo(grads: Map<string, Tensor>, name: string, gradient: Tensor): void {
  const sum = grads.get(name);
  if (sum === undefined) grads.set(name, cloneTensor(gradient));
  else addInto(sum, gradient);
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
