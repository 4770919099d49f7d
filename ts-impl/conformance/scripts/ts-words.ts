// Values and tensors as TypeScript writes them, exact to the last bit. Text only.

import type { Value } from '../../../cases/case.ts';
import { contiguousStrides, sizeOf } from '../../tensor/shape.ts';
import { fromStorage, type Tensor } from '../../tensor/tensor.ts';
import { elementsOf } from '../judge/elements.ts';

/** A number that reads back as the same float64. */
export function plainNumber(v: number): string {
  return Object.is(v, -0) ? '-0' : String(v);
}

/** An argument as the port takes it; null for one that no type of the port allows. */
export function plainValue(value: Value): string | null {
  switch (value.kind) {
    case 'null':
      return 'null';
    case 'bool':
      return String(value.value);
    case 'int':
    case 'float':
      return plainNumber(value.value);
    case 'list': {
      const items = value.items.map((item) => (item.kind === 'int' ? plainValue(item) : null));
      return items.includes(null) ? null : `[${items.join(', ')}]`;
    }
    case 'string':
    case 'tensor':
      return null;
    default:
      return value satisfies never;
  }
}

/** The same memory, shape and strides; a NaN is a NaN. */
export function tsTensor(t: Tensor): string {
  const { shape, strides, offset, dtype } = t;
  const memory = Array.from(elementsOf(fromStorage(dtype, [t.storage.length], t.storage)), plainNumber);
  const plain = contiguousStrides(shape);
  const strided = offset !== 0 || memory.length !== sizeOf(shape) || strides.some((s, axis) => s !== plain[axis]);
  if (!strided) return `tensor([${memory.join(', ')}], [${shape.join(', ')}], '${dtype}')`;
  const flat = `tensor([${memory.join(', ')}], [${memory.length}], '${dtype}')`;
  return `{ ...${flat}, shape: [${shape.join(', ')}], strides: [${strides.join(', ')}], offset: ${offset} }`;
}

/** Code of one line, broken after commas inside brackets where it is long. */
export function wrapTs(line: string, indent: string): string {
  const lines: string[] = [];
  let begun = 0;
  let comma = -1;
  for (let i = 0; i < line.length; i++) {
    const width = indent.length + (lines.length > 0 ? 2 : 0) + i - begun;
    if (width >= COLUMNS && comma > begun) {
      lines.push(line.slice(begun, comma));
      begun = comma + 1; // past the space
    }
    if (line[i] === ' ' && line[i - 1] === ',') comma = i;
  }
  return [...lines, line.slice(begun)].map((text, i) => `${indent}${i > 0 ? '  ' : ''}${text}`).join('\n');
}

// --- internal ---

const COLUMNS = 100;
