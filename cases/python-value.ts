// A value as Python writes it. How floats, words and tensors are written is the caller's; it computes nothing.

import type { Tensor } from '../ts-impl/tensor/tensor.ts';
import type { Value } from './case.ts';

export interface PythonWords {
  readonly float: (x: number) => string;
  /** `inside`: it stands in a list. */
  readonly string: (text: string, inside: boolean) => string;
  readonly tensor: (t: Tensor) => string;
}

export function writePython(value: Value, words: PythonWords, inside = false): string {
  switch (value.kind) {
    case 'null':
      return 'None';
    case 'bool':
      return value.value ? 'True' : 'False';
    case 'int':
      return String(value.value);
    case 'float':
      return words.float(value.value);
    case 'string':
      return words.string(value.value, inside);
    case 'list':
      return `[${value.items.map((item) => writePython(item, words, true)).join(', ')}]`;
    case 'tensor':
      return words.tensor(value.tensor);
    default:
      return value satisfies never;
  }
}
