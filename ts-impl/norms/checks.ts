// Checks that several layers share: dtypes that cannot be mixed, sizes that must agree, values too few to normalise. All throw TorchError.

import type { Dtype } from '../tensor/dtype.ts';
import { isHalf } from '../tensor/half.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { torchSize } from './python-words.ts';
import { TorchError } from './torch-error.ts';

/** PyTorch's class name of a dtype. */
export function scalarTypeName(dtype: Dtype): string {
  return SCALAR_TYPES[dtype];
}

/**
 * Input and parameters must share one dtype, or be of half precision and float32. The first parameter that exists decides whether
 * they are mixed, as in PyTorch, and so what is wrong.
 */
export function checkDtypes(kernel: string, input: Tensor, parameters: readonly (Tensor | null)[]): void {
  checkFloat(kernel, input);
  const wrong = checkMixed(input, parameters) ? null : misfit(input, parameters);
  if (wrong !== null) throw wrong;
}

/** What a kernel says that reads these parameters, in this order, as of the input's dtype. */
export function misfit(input: Tensor, parameters: readonly (Tensor | null)[]): TorchError | null {
  for (const p of parameters) {
    if (p !== null && p.dtype !== input.dtype) {
      const words = `expected scalar type ${scalarTypeName(input.dtype)} but found ${scalarTypeName(p.dtype)}`;
      return new TorchError('RuntimeError', words);
    }
  }
  return null;
}

/** `"batch_norm" not implemented for 'Long'`. */
export function checkFloat(kernel: string, input: Tensor): void {
  if (input.dtype === 'int64') {
    throw new TorchError('NotImplementedError', `"${kernel}" not implemented for '${scalarTypeName(input.dtype)}'`);
  }
}

/**
 * The part of `checkDtypes` that some layers make before all others: whether float32 parameters go with a half-precision input.
 * Throws where there is another mix.
 */
export function checkMixed(input: Tensor, parameters: readonly (Tensor | null)[]): boolean {
  const first = parameters.find((p) => p !== null) ?? null;
  if (first === null || first.dtype === input.dtype) return false;
  for (const p of parameters) {
    if (p !== null && p.dtype !== 'float32') {
      throw new TorchError('RuntimeError', 'mixed dtype (CPU): expect parameter to have scalar type of Float');
    }
  }
  if (isHalf(input.dtype)) return true;
  throw new TorchError('RuntimeError', 'mixed dtype (CPU): all inputs must share same datatype.');
}

/** `weight should contain 4 elements not 3`. */
export function checkElements(name: string, t: Tensor | null, expected: number): void {
  if (t !== null && sizeOf(t.shape) !== expected) {
    throw new TorchError('RuntimeError', `${name} should contain ${expected} elements not ${sizeOf(t.shape)}`);
  }
}

/** `expected 2D or 3D input (got 4D input)`. */
export function checkRank(input: Tensor, ranks: readonly number[]): void {
  const rank = input.shape.length;
  if (!ranks.includes(rank)) {
    throw new TorchError('ValueError', `expected ${ranks.map((r) => `${r}D`).join(' or ')} input (got ${rank}D input)`);
  }
}

/** One value per channel has no variance. `size` is (N, C, *spatial); `written` is how PyTorch shows it. */
export function checkBatchSize(size: Shape, written: string = torchSize(size)): void {
  if (size.length === 0) throw new TorchError('IndexError', 'tuple index out of range');
  let values = size[0];
  for (let axis = 2; axis < size.length; axis++) values *= size[axis];
  if (values === 1) {
    throw new TorchError(
      'ValueError',
      `Expected more than 1 value per channel when training, got input size ${written}`,
    );
  }
}

/** Weight and bias of shapes that are `normalizedShape`; nothing said of the input yet. */
export function checkNormalizedShape(normalizedShape: Shape, weight: Tensor | null, bias: Tensor | null): void {
  const shown = `[${normalizedShape.join(', ')}]`;
  if (normalizedShape.length === 0) {
    throw new TorchError(
      'RuntimeError',
      `Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got normalized_shape = ${shown}`,
    );
  }
  for (const [name, t] of [['weight', weight] as const, ['bias', bias] as const]) {
    if (t !== null && t.shape.join() !== normalizedShape.join()) {
      throw new TorchError(
        'RuntimeError',
        `Expected ${name} to be of same shape as normalized_shape, but got ${name} of shape [${t.shape.join(', ')}] and normalized_shape = ${shown}`,
      );
    }
  }
}

/** The upstream gradient must have the output's shape. */
export function checkGradientShape(gradient: Tensor, output: Shape): void {
  if (gradient.shape.join() !== output.join()) {
    throw new TorchError(
      'RuntimeError',
      `Mismatch in shape: grad_output[0] has a shape of ${torchSize(gradient.shape)} and output[0] has a shape of ${torchSize(output)}.`,
    );
  }
}

// --- internal ---

const SCALAR_TYPES: Readonly<Record<Dtype, string>> = {
  float16: 'Half',
  bfloat16: 'BFloat16',
  float32: 'Float',
  float64: 'Double',
  int64: 'Long',
};
