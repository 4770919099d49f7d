// Values and tensors as Python writes them, exact to the last bit. Text only.

import type { Arguments, Value } from '../../../cases/case.ts';
import { writePython } from '../../../cases/python-value.ts';
import { contiguousStrides, sizeOf } from '../../tensor/shape.ts';
import { fromStorage, type Tensor } from '../../tensor/tensor.ts';
import { elementsOf } from '../judge/elements.ts';

/** Keyword arguments. `dtype` given as a word is torch's, where torch has it. */
export function pythonArguments(args: Arguments): string {
  return Object.entries(args)
    .map(([name, value]) => `${name}=${name === 'dtype' ? pythonDtypeArgument(value) : pythonValue(value)}`)
    .join(', ');
}

export function pythonValue(value: Value): string {
  return writePython(value, { float: pythonFloat, string: (text) => JSON.stringify(text), tensor: pythonTensor });
}

/** The same memory, shape and strides; a NaN is a NaN. */
export function pythonTensor(t: Tensor): string {
  const { shape, strides, offset, dtype } = t;
  const memory = elementsOf(fromStorage(dtype, [t.storage.length], t.storage));
  const word = dtype === 'int64' ? (v: number) => String(v) : pythonFloat;
  const flat = `torch.tensor([${Array.from(memory, word).join(', ')}], dtype=torch.${dtype})`;
  const plain = contiguousStrides(shape);
  if (offset !== 0 || memory.length !== sizeOf(shape) || strides.some((s, axis) => s !== plain[axis])) {
    return `${flat}.as_strided((${tupleOf(shape)}), (${tupleOf(strides)}), ${offset})`;
  }
  return shape.length === 1 ? flat : `${flat}.reshape((${tupleOf(shape)}))`;
}

/** A float literal: the shortest decimal that reads back as the same float64. */
export function pythonFloat(v: number): string {
  if (Number.isNaN(v)) return 'float("nan")';
  if (!Number.isFinite(v)) return v > 0 ? 'float("inf")' : 'float("-inf")';
  if (Object.is(v, -0)) return '-0.0';
  const text = String(v);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Code of one line, broken after commas inside brackets where it is long. */
export function wrapPython(line: string, indent: string): string {
  const lines: string[] = [];
  let begun = 0; // where the present line begins in `line`
  let comma = -1; // the latest place where it may end
  let open = 0;
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const width = indent.length + (lines.length > 0 ? 4 : 0) + i - begun;
    if (width >= COLUMNS && comma > begun) {
      lines.push(line.slice(begun, comma));
      begun = comma + 1; // past the space
    }
    const letter = line[i];
    if (letter === '"' && line[i - 1] !== '\\') quoted = !quoted;
    else if (quoted) continue;
    else if ('([{'.includes(letter)) open++;
    else if (')]}'.includes(letter)) open--;
    else if (letter === ' ' && line[i - 1] === ',' && open > 0) comma = i;
  }
  return [...lines, line.slice(begun)].map((text, i) => `${indent}${i > 0 ? '    ' : ''}${text}`).join('\n');
}

// --- internal ---

const COLUMNS = 100;
const DTYPES: ReadonlySet<string> = new Set(['float16', 'bfloat16', 'float32', 'float64', 'int64']);

function pythonDtypeArgument(value: Value): string {
  return value.kind === 'string' && DTYPES.has(value.value) ? `torch.${value.value}` : pythonValue(value);
}

const tupleOf = (sizes: readonly number[]) => (sizes.length === 1 ? `${sizes[0]},` : sizes.join(', '));
