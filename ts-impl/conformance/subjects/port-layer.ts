// PyTorch's constructors as the port needs them: signatures, defaults, checks of kinds, and the options that result. It makes no layer.

import type { Arguments, LayerName, Value } from '../../../cases/case.ts';
import type { FloatDtype } from '../../tensor/dtype.ts';
import {
  bind,
  checkComparable,
  complaint,
  isNumeric,
  leavesRemainder,
  numberOf,
  PythonError,
  pythonText,
  truthy,
  tupleOf,
  typeName,
  Unsupported,
} from './port-arguments.ts';

/** What to construct, and the attributes as Python holds them. */
export interface Plan {
  readonly layer: LayerName;
  /** numFeatures; numGroups and numChannels; or the sizes of normalizedShape. */
  readonly sizes: readonly number[];
  readonly options: {
    readonly eps?: number;
    readonly momentum?: number | null;
    readonly affine?: boolean;
    readonly trackRunningStats?: boolean;
    readonly bias?: boolean;
    readonly elementwiseAffine?: boolean;
    readonly dtype: FloatDtype;
  };
  readonly attributes: Map<string, Value>;
  /** Which of them are tuples, for which a Value has only the list. */
  readonly tuples: Set<string>;
}

/** Checks construct's arguments as Python and PyTorch do; a lazy layer has no size among them. Throws PythonError or Unsupported. */
export function planLayer(layer: LayerName, lazy: boolean, args: Arguments, caseDtype: string): Plan {
  const family = familyOf(layer);
  const signature = lazy ? LAZY : SIGNATURES[family];
  bind(`${signature.callee}.__init__()`, signature.required, signature.optional, args);
  const dtype = planDtype(args, caseDtype);
  const attributes = new Map<string, Value>(Object.entries(args).filter(([name]) => !NO_ATTRIBUTE.has(name)));
  const flag = (name: string, fallback: boolean) => (args[name] === undefined ? fallback : truthy(args[name]));
  const eps = args.eps === undefined || !isNumeric(args.eps) ? undefined : numberOf(args.eps);
  const bias = flag('bias', true);
  switch (family) {
    case 'BatchNorm':
    case 'InstanceNorm': {
      const byDefault = lazy || family === 'BatchNorm';
      const affine = flag('affine', byDefault);
      const trackRunningStats = flag('track_running_stats', byDefault);
      const features = args.num_features;
      if (affine && !lazy) checkSize('empty', features);
      else if (trackRunningStats && !lazy) checkSize('zeros', features);
      const given = args.momentum;
      const momentum = given === undefined ? {} : { momentum: momentumOf(given) };
      return {
        layer,
        sizes: lazy ? [] : [numberOf(features)],
        options: { eps, ...momentum, affine, trackRunningStats, bias, dtype },
        attributes,
        tuples: new Set(),
      };
    }
    case 'GroupNorm': {
      const { num_groups: groups, num_channels: channels } = args;
      if (leavesRemainder(channels, groups)) {
        const words = [channels, groups].map((v) => pythonText(v, String));
        throw new PythonError('ValueError', `num_channels (${words[0]}) must be divisible by num_groups (${words[1]})`);
      }
      const affine = flag('affine', true);
      if (affine) checkSize('empty', channels);
      return {
        layer,
        sizes: [numberOf(groups), numberOf(channels)],
        options: { eps, affine, bias, dtype },
        attributes,
        tuples: new Set(),
      };
    }
    case 'LayerNorm':
    case 'RMSNorm': {
      const items = tupleOf(args.normalized_shape);
      const elementwiseAffine = flag('elementwise_affine', true);
      const shape: Value = { kind: 'list', items };
      if (elementwiseAffine) {
        const wrong = complaint('empty', 'size', 1, 'ints', shape);
        if (wrong !== null) throw wrong;
      }
      attributes.set('normalized_shape', shape);
      return {
        layer,
        sizes: items.map(numberOf),
        options: { eps, elementwiseAffine, bias, dtype },
        attributes,
        tuples: new Set(['normalized_shape']),
      };
    }
    default:
      return family satisfies never;
  }
}

/** What PyTorch says of the attributes' kinds when the layer is called, or null. The first complaint is the one it makes. */
export function complaintOnCall(
  layer: LayerName,
  attributes: ReadonlyMap<string, Value>,
  usesBatch: boolean,
): PythonError | null {
  const family = familyOf(layer);
  const eps = attributes.get('eps');
  const momentum = attributes.get('momentum');
  switch (family) {
    case 'BatchNorm':
      return (
        (eps && checkComparable(usesBatch ? '<=' : '<', eps)) ??
        (momentum && complaint('batch_norm', 'momentum', 7, 'float?', momentum)) ??
        null
      );
    case 'InstanceNorm': {
      const flag = attributes.get('training'); // handed on as it is where it is true
      return (
        (flag && truthy(flag) ? complaint('instance_norm', 'use_input_stats', 6, 'bool', flag) : null) ??
        (momentum && complaint('instance_norm', 'momentum', 7, 'float?', momentum)) ??
        (eps && complaint('instance_norm', 'eps', 8, 'float', eps)) ??
        null
      );
    }
    case 'GroupNorm': {
      const groups = attributes.get('num_groups');
      if (groups !== undefined && !isNumeric(groups)) {
        return new PythonError('TypeError', `unsupported operand type(s) for //: 'int' and '${typeName(groups)}'`);
      }
      if (groups?.kind === 'float' && groups.value === 0) {
        return new PythonError('ZeroDivisionError', 'float floor division by zero');
      }
      return (
        (groups && complaint('group_norm', 'num_groups', 2, 'int', groups)) ??
        (eps && complaint('group_norm', 'eps', 5, 'float', eps)) ??
        null
      );
    }
    case 'LayerNorm':
    case 'RMSNorm': {
      const rms = layer === 'RMSNorm';
      const callee = rms ? 'rms_norm' : 'layer_norm';
      const shape = attributes.get('normalized_shape');
      return (
        (shape && complaint(callee, 'normalized_shape', 2, 'ints', shape)) ??
        (eps && complaint(callee, 'eps', rms ? 4 : 5, rms ? 'float?' : 'float', eps)) ??
        null
      );
    }
    default:
      return family satisfies never;
  }
}

/** Sets the field of a layer that a Python attribute is; an attribute that is none has no effect, as in Python. */
export function setField(layer: object, name: string, value: Value): void {
  if (!FIELDS.has(name)) return;
  const field = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (!(field in layer)) return;
  const fields = layer as Record<string, unknown>; // the field was found on the line above
  if (field === 'momentum') fields[field] = momentumOf(value);
  else if (field === 'normalizedShape') fields[field] = value.kind === 'list' ? value.items.map(numberOf) : [];
  else if (typeof fields[field] === 'boolean') fields[field] = truthy(value);
  else if (field === 'eps' && value.kind === 'null') fields[field] = null;
  else if (isNumeric(value)) fields[field] = numberOf(value);
}

export type Family = 'BatchNorm' | 'InstanceNorm' | 'GroupNorm' | 'LayerNorm' | 'RMSNorm';

export function familyOf(layer: LayerName): Family {
  return layer.replace(/[123]d$/, '') as Family; // every layer's name is a family's with or without its rank
}

// --- internal ---

/** Attributes that a layer holds as a field of the same name. */
const FIELDS = new Set([
  ...['training', 'eps', 'momentum', 'affine', 'track_running_stats', 'num_features'],
  ...['num_groups', 'num_channels', 'normalized_shape', 'elementwise_affine'],
]);

const NO_ATTRIBUTE = new Set(['device', 'dtype', 'bias']);
const RUNNING = {
  required: ['num_features'],
  optional: ['eps', 'momentum', 'affine', 'track_running_stats', 'device', 'dtype', 'bias'],
};
const SIGNATURES: Readonly<Record<Family, { callee: string; required: string[]; optional: string[] }>> = {
  BatchNorm: { callee: '_BatchNorm', ...RUNNING },
  InstanceNorm: { callee: '_InstanceNorm', ...RUNNING },
  GroupNorm: {
    callee: 'GroupNorm',
    required: ['num_groups', 'num_channels'],
    optional: ['eps', 'affine', 'device', 'dtype', 'bias'],
  },
  LayerNorm: {
    callee: 'LayerNorm',
    required: ['normalized_shape'],
    optional: ['eps', 'elementwise_affine', 'bias', 'device', 'dtype'],
  },
  RMSNorm: {
    callee: 'RMSNorm',
    required: ['normalized_shape'],
    optional: ['eps', 'elementwise_affine', 'device', 'dtype'],
  },
};

const LAZY = { callee: '_LazyNormBase', required: [], optional: RUNNING.optional };

function planDtype(args: Arguments, caseDtype: string): FloatDtype {
  if (args.device !== undefined && args.device.kind !== 'null') throw new Unsupported('a device');
  const given = args.dtype;
  const name = given === undefined ? caseDtype : given.kind === 'string' ? given.value : 'float32';
  if (name === 'float16' || name === 'bfloat16' || name === 'float64') return name;
  if (name === 'float32' || (given === undefined && name === 'int64')) return 'float32';
  throw new Unsupported(`parameters of the dtype ${name}`);
}

/** The argument of `torch.empty` or `torch.zeros` that a size of one axis becomes. */
function checkSize(callee: string, value: Value): void {
  if (value.kind === 'int') return;
  if (value.kind === 'list' && complaint(callee, 'size', 1, 'ints', value) === null) {
    throw new Unsupported('a list of sizes where one is meant');
  }
  const wrong = complaint(callee, 'size', 1, 'ints', value);
  if (wrong !== null) throw wrong;
}

/** Null stays null; what is no number is refused when the layer is called. */
function momentumOf(value: Value): number | null {
  if (value.kind === 'null') return null;
  return isNumeric(value) ? numberOf(value) : 0;
}
