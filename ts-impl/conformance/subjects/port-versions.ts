// How often each tensor of the port's layer was written in place, since autograd refuses to go back through what was. It writes nothing.

import { type Module, RunningNorm, TorchError } from '../../norms/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** A name's version counts the writes in place, the first of which fills a new tensor of a constructor. */
export type Versions = Map<string, number>;

/** What a call's way back will look at again, in the order in which PyTorch does. */
export type Saved = readonly { readonly name: string; readonly version: number }[];

export function versionsOf(module: Module): Versions {
  return new Map(module.tensors().map(({ name }) => [name, 1]));
}

export function bump(versions: Versions, names: Iterable<string>): void {
  for (const name of names) versions.set(name, (versions.get(name) ?? 0) + 1);
}

/** To be asked when the call is made. */
export function savedBy(module: Module, versions: Versions): Saved {
  const present = new Set(module.tensors().map(({ name }) => name));
  return namesSaved(module)
    .filter((name) => present.has(name))
    .map((name) => ({ name, version: versions.get(name) ?? 0 }));
}

/** Throws RuntimeError in PyTorch's words for the first that was written since. */
export function checkUnwritten(module: Module, versions: Versions, saved: Saved): void {
  for (const { name, version } of saved) {
    const now = versions.get(name) ?? 0;
    const tensor = module.tensors().find((entry) => entry.name === name)?.tensor;
    if (now <= version || tensor === undefined) continue; // a tensor put in its place leaves the one that was saved alone
    throw new TorchError(
      'RuntimeError',
      `one of the variables needed for gradient computation has been modified by an inplace operation: [${typeOf(tensor)} [${tensor.shape.join(', ')}]] is at version ${now}; expected version ${version} instead. Hint: enable anomaly detection to find the operation that failed to compute its gradient, with torch.autograd.set_detect_anomaly(True, check_nan=False).`,
    );
  }
}

// --- internal ---

function namesSaved(module: Module): readonly string[] {
  if (module instanceof RunningNorm) {
    if (module.className.includes('InstanceNorm')) return []; // it saves repeated copies
    const passed = !module.training || module.trackRunningStats;
    return [...(passed ? ['running_mean', 'running_var'] : []), 'weight'];
  }
  return module.className === 'LayerNorm' ? ['bias', 'weight'] : ['weight'];
}

function typeOf({ dtype }: Tensor): string {
  switch (dtype) {
    case 'float16':
      return 'torch.HalfTensor';
    case 'bfloat16':
      return 'torch.BFloat16Tensor';
    case 'float32':
      return 'torch.FloatTensor';
    case 'float64':
      return 'torch.DoubleTensor';
    case 'int64':
      return 'torch.LongTensor';
    default:
      return dtype satisfies never;
  }
}
