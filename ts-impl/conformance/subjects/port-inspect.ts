// What the port says of its layers, outputs and gradients when it is inspected, in Python's words. It changes nothing.

import { uninitialized } from '../../norms/deferred-norm.ts';
import { DeferredNorm, type Module, RunningNorm, TorchError } from '../../norms/index.ts';
import { pythonBool, pythonFloat, pythonTuple } from '../../norms/python-words.ts';
import { isChannelsLastContiguous } from '../../tensor/memory-format.ts';
import { sizeOf } from '../../tensor/shape.ts';
import { isContiguous, type Tensor } from '../../tensor/tensor.ts';
import { PythonError, typeName, Unsupported } from './port-arguments.ts';
import { attributeText, reprOf, type State } from './port-state.ts';

/** The text of one name of an `inspect`. Throws PythonError for what Python doesn't know, and Unsupported. */
export function inspectName(state: State, name: string): string {
  const { module } = state;
  if (name === 'warnings') return state.warnings.join('\n');
  if (name === 'repr') return module === null || state.plan === null ? 'None' : reprOf(state.plan, module);
  if (name === 'class') return module === null ? 'NoneType' : module.className;
  if (name === 'named_parameters' || name === 'named_buffers') {
    if (module === null) throw noAttribute('NoneType', name);
    const buffers = module instanceof RunningNorm ? module.buffers() : [];
    const all = module.tensors().map((entry) => entry.name);
    const own = new Set(buffers.map((entry) => entry.name));
    return all.filter((one) => own.has(one) === (name === 'named_buffers')).join(', ');
  }
  const [root, ...parts] = name.split('.');
  let value = rootOf(state, root);
  for (const part of parts) value = partOf(value, part);
  return textOf(value);
}

// --- internal ---

/** Something that Python would hold, as far as it can be asked for. */
type Held =
  | { readonly kind: 'tensor'; readonly tensor: TensorFacts | null }
  | { readonly kind: 'word'; readonly text: string; readonly type: string };

/** Classes of a lazy layer's tensors that have no size yet. */
type Sizeless = 'UninitializedParameter' | 'UninitializedBuffer';

interface TensorFacts {
  readonly type: 'Tensor' | 'Parameter' | Sizeless;
  readonly tensor: Tensor;
  readonly requiresGrad: boolean;
  readonly leaf: boolean;
  readonly grad: Tensor | null;
}

const NONE: Held = { kind: 'tensor', tensor: null };
const BUFFERS: Readonly<Record<string, 'runningMean' | 'runningVar' | 'numBatchesTracked'>> = {
  running_mean: 'runningMean',
  running_var: 'runningVar',
  num_batches_tracked: 'numBatchesTracked',
};

/** What every module has besides, which is nothing that a port could hold. */
const OF_EVERY_MODULE = new Set(
  'T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules mtia named_children named_modules parameters register_buffer register_module register_parameter requires_grad_ reset_parameters reset_running_stats set_extra_state set_submodule share_memory state_dict to to_empty train type xpu zero_grad'.split(
    ' ',
  ),
);

function noAttribute(type: string, name: string): PythonError {
  return new PythonError('AttributeError', `'${type}' object has no attribute '${name}'`);
}

function rootOf(state: State, root: string): Held {
  const { module, graph } = state;
  if (root === 'output') {
    if (graph === null) return NONE;
    const { output } = graph.call;
    return hold({ type: 'Tensor', tensor: output, requiresGrad: graph.recorded, leaf: !graph.recorded, grad: null });
  }
  const input = graph?.inputs.get(root);
  if (graph !== null && input !== undefined && (root === 'input' || module === null)) {
    const grad = graph.grads.get(root) ?? null;
    return hold({ type: 'Tensor', tensor: input, requiresGrad: graph.recorded, leaf: true, grad });
  }
  if (module === null) throw noAttribute('NoneType', root);
  return attributeOf(state, module, root);
}

function attributeOf(state: State, module: Module, name: string): Held {
  if (name === 'weight' || (name === 'bias' && module.className !== 'RMSNorm')) {
    const tensor = module[name];
    if (tensor === null) return NONE;
    const grad = name === 'weight' ? module.weightGrad : module.biasGrad;
    const type = isSizeless(module, name) ? 'UninitializedParameter' : 'Parameter';
    return hold({ type, tensor, requiresGrad: module.requiresGrad[name], leaf: true, grad });
  }
  if (module instanceof RunningNorm && Object.hasOwn(BUFFERS, name)) {
    const tensor = module[BUFFERS[name]];
    if (tensor === null) return NONE;
    const type = isSizeless(module, name) ? 'UninitializedBuffer' : 'Tensor';
    return hold({ type, tensor, requiresGrad: false, leaf: true, grad: null });
  }
  const given = state.plan?.attributes.get(name);
  if (state.plan !== null && given !== undefined) {
    return word(attributeText(state.plan, name, given, true), typeName(given));
  }
  if (name === 'training') return word(pythonBool(module.training), 'bool');
  if (name === '_version') return word(String(module.version), 'int');
  const field = (module as unknown as Record<string, unknown>)[camelCase(name)]; // looked at by its type alone
  if (PLAIN_ATTRIBUTES.has(name) && field !== undefined) {
    if (field === null) return word('None', 'NoneType');
    if (typeof field === 'boolean') return word(pythonBool(field), 'bool');
    if (typeof field === 'number') {
      const float = name === 'eps' || name === 'momentum';
      return word(float ? pythonFloat(field) : String(field), float ? 'float' : 'int');
    }
  }
  if (name.startsWith('_') || name.startsWith('register_') || OF_EVERY_MODULE.has(name)) {
    throw new Unsupported(`the port has no words for the attribute ${name}`);
  }
  throw noAttribute(module.className, name);
}

function isSizeless(module: Module, name: string): boolean {
  return module instanceof DeferredNorm && module.uninitialized.has(name);
}

/** Attributes that a constructor sets and that a layer holds as a field of the same name. */
const PLAIN_ATTRIBUTES = new Set([
  'num_features',
  'eps',
  'momentum',
  'affine',
  'track_running_stats',
  'num_groups',
  'num_channels',
  'elementwise_affine',
]);

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function hold(tensor: TensorFacts): Held {
  return { kind: 'tensor', tensor };
}

function word(text: string, type: string): Held {
  return { kind: 'word', text, type };
}

function partOf(value: Held, part: string): Held {
  if (value.kind === 'word') throw noAttribute(value.type, part);
  if (value.tensor === null) throw noAttribute('NoneType', part);
  const { type, tensor, requiresGrad, leaf, grad } = value.tensor;
  if (type === 'UninitializedParameter' || type === 'UninitializedBuffer') checkSized(type, part);
  switch (part) {
    case 'stride':
      return word(pythonTuple(tensor.strides), 'tuple');
    case 'shape':
      return word(pythonTuple(tensor.shape), 'tuple');
    case 'dtype':
      return word(`torch.${tensor.dtype}`, 'dtype');
    case 'is_contiguous':
      return word(pythonBool(memoryFormat(tensor) === 'contiguous'), 'bool');
    case 'memory_format':
      return word(memoryFormat(tensor), 'str');
    case 'requires_grad':
      return word(pythonBool(requiresGrad), 'bool');
    case 'is_leaf':
      return word(pythonBool(leaf), 'bool');
    case 'grad':
      if (grad === null) return NONE;
      return hold({ type: 'Tensor', tensor: grad, requiresGrad: false, leaf: true, grad: null });
    default:
      throw noAttribute(type, part);
  }
}

/** What has no size yet has no strides either. Throws TorchError. */
function checkSized(type: Sizeless, part: string): void {
  if (part === 'shape') {
    const words =
      "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the parameters before accessing their attributes.";
    throw new TorchError('RuntimeError', words);
  }
  if (part !== 'stride' && part !== 'is_contiguous' && part !== 'memory_format') return;
  const method = part === 'stride' ? 'stride' : 'is_contiguous';
  throw uninitialized(`<method '${method}' of 'torch._C.TensorBase' objects>`, type);
}

function memoryFormat(t: Tensor): string {
  if (isContiguous(t) || sizeOf(t.shape) === 0) return 'contiguous';
  if (!isChannelsLastContiguous(t)) return 'strided';
  return t.shape.length === 4 ? 'channels_last' : 'channels_last_3d';
}

function textOf(value: Held): string {
  if (value.kind === 'word') return value.text;
  if (value.tensor === null) return 'None';
  const { type, tensor } = value.tensor;
  if (type === 'UninitializedParameter' || type === 'UninitializedBuffer') return `${type} ${tensor.dtype}`;
  return `${type} ${tensor.dtype} ${pythonTuple(tensor.shape)}`;
}
