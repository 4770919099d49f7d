// Which parts of a layer a norm in JavaScript has not, in words. What is missing is not asked; the report says so.

import { camelCase } from './arguments.ts';
import type { StateName, Traits } from './held-norm.ts';

export interface MissingPart {
  readonly part: string;
  readonly reason: string;
}

/** The parts of PyTorch's `layer` that are not asked of a norm with these traits. */
export function missingParts(layer: string, traits: Traits): MissingPart[] {
  const missing: MissingPart[] = [];
  if (!traits.backward) {
    const reason =
      traits.form === 'class' ? 'it has no method backward' : 'it answers its output alone, not { output, backward }';
    missing.push({ part: 'gradients', reason });
  }
  const state = stateOf(layer).filter((name) => !traits.state.includes(name));
  if (state.length > 0) {
    const names = state.map(camelCase).join(', ');
    missing.push({
      part: state.join(', '),
      reason: `an instance has no property ${names}; cases that set it are unsupported`,
    });
  }
  if (traits.backward) {
    const silent = traits.state.filter((name) => isParameter(name) && !traits.gradients.includes(name));
    for (const name of silent) {
      missing.push({ part: `${name}.grad`, reason: `backward answers no gradient of ${name}` });
    }
  }
  const dtypes = ['float32', 'float64'].filter((dtype) => !(traits.dtypes as readonly string[]).includes(dtype));
  if (dtypes.length > 0) {
    missing.push({
      part: dtypes.join(', '),
      reason: `it takes ${traits.dtypes.join(', ')}, as its property dtypes says or by default`,
    });
  }
  return missing;
}

// --- internal ---

function isParameter(name: StateName): boolean {
  return name === 'weight' || name === 'bias';
}

function stateOf(layer: string): StateName[] {
  if (layer === 'RMSNorm') return ['weight'];
  const running = layer.startsWith('BatchNorm') || layer.startsWith('InstanceNorm');
  return running ? ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'] : ['weight', 'bias'];
}
