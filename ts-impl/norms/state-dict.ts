// State dicts: named tensors with a metadata version, and loading them with PyTorch's report and PyTorch's words for what does not fit.

import { sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { overwrite } from './parameters.ts';
import { torchSize } from './python-words.ts';
import { TorchError } from './torch-error.ts';

export interface StateEntry {
  readonly name: string;
  readonly tensor: Tensor;
}

export interface StateDict {
  readonly entries: readonly StateEntry[];
  /** The metadata version; null where there is no metadata. */
  readonly version: number | null;
}

export interface LoadReport {
  readonly missingKeys: readonly string[];
  readonly unexpectedKeys: readonly string[];
}

/** Copies `entries` into `own` tensors of the same name. Throws RuntimeError with every complaint, `errors` first among the rest. */
export function loadEntries(
  className: string,
  own: readonly StateEntry[],
  entries: readonly StateEntry[],
  errors: readonly string[],
  strict: boolean,
): LoadReport {
  const missingKeys: string[] = [];
  const complaints = [...errors];
  for (const { name, tensor } of own) {
    const found = entries.find((entry) => entry.name === name)?.tensor;
    if (found === undefined) {
      missingKeys.push(name);
      continue;
    }
    const oneForScalar = tensor.shape.length === 0 && sameShape(found.shape, [1]);
    if (!oneForScalar && !sameShape(found.shape, tensor.shape)) {
      complaints.push(
        `size mismatch for ${name}: copying a param with shape ${torchSize(found.shape)} from checkpoint, the shape in current model is ${torchSize(tensor.shape)}.`,
      );
      continue;
    }
    overwrite(tensor, found);
  }
  const unexpectedKeys = entries.map((entry) => entry.name).filter((name) => !own.some((entry) => entry.name === name));
  if (strict && unexpectedKeys.length > 0) {
    complaints.unshift(`Unexpected key(s) in state_dict: ${quoted(unexpectedKeys)}. `);
  }
  if (strict && missingKeys.length > 0) {
    complaints.unshift(`Missing key(s) in state_dict: ${quoted(missingKeys)}. `);
  }
  if (complaints.length > 0) {
    throw new TorchError(
      'RuntimeError',
      `Error(s) in loading state_dict for ${className}:\n\t${complaints.join('\n\t')}`,
    );
  }
  return { missingKeys, unexpectedKeys };
}

/** PyTorch's repr of what `load_state_dict` answers. */
export function renderLoadReport({ missingKeys, unexpectedKeys }: LoadReport): string {
  if (missingKeys.length + unexpectedKeys.length === 0) return '<All keys matched successfully>';
  const listed = (names: readonly string[]) => `[${names.map((name) => `'${name}'`).join(', ')}]`;
  return `_IncompatibleKeys(missing_keys=${listed(missingKeys)}, unexpected_keys=${listed(unexpectedKeys)})`;
}

/** Names as PyTorch lists them: `"a", "b"`. */
export function quoted(names: readonly string[], separator = ', '): string {
  return names.map((name) => `"${name}"`).join(separator);
}
