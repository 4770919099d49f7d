// Steps that act on the port's layer between its calls: reading, setting, saving, loading, casting, copying, resetting.

import type { NamedTensor, Step, Value } from '../../../cases/case.ts';
import { DeferredNorm, type Module, RMSNorm, RunningNorm, renderLoadReport, TorchError } from '../../norms/index.ts';
import { cloneTensor } from '../../norms/parameters.ts';
import { sameShape } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { StepResult } from '../outcome.ts';
import { PythonError, typeName, Unsupported } from './port-arguments.ts';
import { type Plan, setField } from './port-layer.ts';
import { NOT_RUN, returned, type State } from './port-state.ts';
import { bump } from './port-versions.ts';

type ModuleStep = Extract<
  Step,
  { kind: 'read' | 'set_attribute' | 'set_tensor' | 'load_state' | 'save_state' | 'cast' | 'copy' | 'reset' }
>;

/** Throws PythonError, TorchError or Unsupported. */
export function runOnModule(state: State, step: ModuleStep): StepResult {
  const { module, plan } = state;
  if (module === null || plan === null) return NOT_RUN;
  switch (step.kind) {
    case 'read': {
      const entries = step.what === 'all' ? module.tensors() : module instanceof RunningNorm ? module.buffers() : [];
      return entriesOf(module, entries);
    }
    case 'save_state':
      return entriesOf(module, module.tensors());
    case 'load_state': {
      bump(state.versions, loadable(module, step.entries));
      const report = module.loadStateDict({ entries: step.entries, version: step.version }, step.strict);
      return returned([], { keys: renderLoadReport(report) });
    }
    case 'set_attribute':
      setAttribute(state, plan, module, step.name, step.value);
      return returned([]);
    case 'set_tensor':
      setTensor(state, module, step.name, step.tensor);
      return returned([]);
    case 'cast':
      if (step.dtype === 'int64') {
        const words = 'nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.int64';
        throw new TorchError('TypeError', words);
      }
      state.recast ||= module.tensors().some(({ tensor: t }) => t.dtype !== 'int64' && t.dtype !== step.dtype);
      module.to(step.dtype);
      for (const name of ['running_mean', 'running_var']) state.versions.set(name, 0);
      return returned([]);
    case 'copy':
      state.module = module.clone();
      for (const name of ['weight', 'bias']) state.versions.set(name, 0);
      return returned([]);
    case 'reset':
      bump(state.versions, refilled(module, step.what));
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

// --- internal ---

/** Copies of what has a size; the names of what has none yet are a text. */
function entriesOf(module: Module, entries: readonly NamedTensor[]): StepResult {
  const sizeless: ReadonlySet<string> = module instanceof DeferredNorm ? module.uninitialized : new Set();
  const there = entries.filter(({ name }) => !sizeless.has(name));
  const missing = entries.filter(({ name }) => sizeless.has(name)).map(({ name }) => name);
  const tensors = there.map(({ name, tensor }) => ({ name, tensor: cloneTensor(tensor) }));
  return returned(tensors, missing.length === 0 ? {} : { uninitialized: missing.join(', ') });
}

function setAttribute(state: State, plan: Plan, module: Module, name: string, value: Value): void {
  if (name.includes('.')) {
    setPart(module, name, value);
    return;
  }
  if (isTensorName(module, name)) {
    if (value.kind === 'tensor' && isParameter(name))
      throw new Unsupported(`the parameter ${name} set to a plain tensor`);
    if (value.kind !== 'null' && value.kind !== 'tensor') throw new PythonError('TypeError', misfit(name, value));
    setTensor(state, module, name, value.kind === 'tensor' ? value.tensor : null);
    return;
  }
  plan.attributes.set(name, value);
  plan.tuples.delete(name);
  setField(module, name, value);
}

function misfit(name: string, value: Value): string {
  const place = isParameter(name) ? 'parameter' : 'buffer';
  const expected = isParameter(name) ? 'torch.nn.Parameter' : 'torch.nn.Buffer, torch.Tensor';
  return `cannot assign '${typeName(value)}' as ${place} '${name}' (${expected} or None expected)`;
}

/** `weight.requires_grad`, the one attribute of an attribute that is known. */
function setPart(module: Module, name: string, value: Value): void {
  const [owner, part] = name.split('.');
  if ((owner !== 'weight' && owner !== 'bias') || name !== `${owner}.requires_grad`) {
    throw new Unsupported(`the port sets no attribute ${name}`);
  }
  if (module[owner] === null) {
    throw new PythonError('AttributeError', `'NoneType' object has no attribute '${part}'`);
  }
  if (value.kind !== 'bool') {
    if (value.kind === 'tensor') throw new Unsupported(`${name} set to a ${typeName(value)}`);
    throw new PythonError('RuntimeError', 'requires_grad must be a bool');
  }
  module.requiresGrad[owner] = value.value;
}

function isTensorName(module: Module, name: string): boolean {
  const buffers = ['running_mean', 'running_var', 'num_batches_tracked'];
  if (module instanceof RunningNorm) return isParameter(name) || buffers.includes(name);
  return name === 'weight' || (name === 'bias' && !(module instanceof RMSNorm));
}

function isParameter(name: string): boolean {
  return name === 'weight' || name === 'bias';
}

/** What stays the same tensor with other values keeps its version, as `.data` does; another tensor begins anew. */
function setTensor(state: State, module: Module, name: string, given: Tensor | null): void {
  const before = tensorNamed(module, name);
  if (!module.assign(name, given)) throw new Unsupported(`the port's ${module.className} has no tensor ${name}`);
  if (tensorNamed(module, name) !== before) state.versions.set(name, 0);
}

function tensorNamed(module: Module, name: string): Tensor | null {
  return module.tensors().find((entry) => entry.name === name)?.tensor ?? null;
}

/** The names that a state dict will be copied into. */
function loadable(module: Module, entries: readonly NamedTensor[]): string[] {
  return module
    .tensors()
    .filter(({ name, tensor }) => entries.some((e) => e.name === name && sameShape(e.tensor.shape, tensor.shape)))
    .map(({ name }) => name);
}

/** The names that a reset fills. */
function refilled(module: Module, what: 'running_stats' | 'parameters'): string[] {
  const tracked = module instanceof RunningNorm && module.trackRunningStats ? ['running_mean', 'running_var'] : [];
  return what === 'parameters' ? [...tracked, 'weight', 'bias'] : tracked;
}
