// Refusals in which PyTorch writes an argument as Python holds it: an eps of 0 is not one of 0.0. The norms know numbers alone; the kinds are known here.

import type { Value } from '../../../cases/case.ts';
import { TorchError } from '../../norms/torch-error.ts';
import { pythonFloat } from '../../norms/python-words.ts';
import { pythonText } from './port-arguments.ts';

/** Does `act`; where it refuses the eps, the words are those for `eps` as it was given. */
export function inWordsOf<T>(eps: Value | undefined, act: () => T): T {
  try {
    return act();
  } catch (problem) {
    if (!(problem instanceof TorchError) || eps === undefined || eps.kind === 'float') throw problem;
    const [, words] = /^(batch_norm eps must be .*, but got ).*$/.exec(problem.message) ?? [];
    if (words === undefined) throw problem;
    throw new TorchError(problem.type, words + pythonText(eps, pythonFloat));
  }
}
