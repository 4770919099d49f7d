// Python's and PyTorch's spelling of numbers, flags and shapes, for repr and error texts. No tensor values.

import type { Shape } from '../tensor/shape.ts';

/** Python's repr of a float: `1e-05`, `0.1`, `1.0`, `inf`, `nan`. */
export function pythonFloat(x: number): string {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  if (Object.is(x, -0)) return '-0.0';
  // JavaScript and Python both print the shortest digits that read back; they differ in where the exponent starts.
  const [digits, exponent] = x.toExponential().split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    const sign = power < 0 ? '-' : '+';
    return `${digits}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  const plain = String(x);
  return plain.includes('.') ? plain : `${plain}.0`;
}

export function pythonBool(flag: boolean): string {
  return flag ? 'True' : 'False';
}

/** `[2, 4]`, as C++ prints sizes. */
export function sizes(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** `torch.Size([2, 4])`. */
export function torchSize(shape: Shape): string {
  return `torch.Size([${shape.join(', ')}])`;
}

/** `(3, 4)` or `(3,)`, as Python prints a tuple. */
export function pythonTuple(items: readonly (string | number)[]): string {
  return items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`;
}
