// What a norm answers as a tensor: counted before it is copied.

import { expect, test } from 'vitest';
import { toTensor } from '../../../../ts-impl/conformance/subjects/js/tensor-like.ts';

const like = { dtype: 'float32', shape: [2, 2] } as const;

test('an answer of the wrong size is refused before it is copied', () => {
  const large = new Float32Array(1000);
  large.slice = () => {
    throw new Error('copied');
  };
  const said = 'output has 1000 elements, expected 4 for shape [2, 2]';
  expect(() => toTensor('output', large, like)).toThrow(said);
  expect(() => toTensor('output', { dtype: 'float32', shape: [2, 2], storage: large }, like)).toThrow(said);
  expect(() => toTensor('output', new Array(1000).fill('x'), like)).toThrow(said);
});

test('an answer of the right size is a copy', () => {
  const answered = Float32Array.of(1, 2, 3, 4);
  const { storage } = toTensor('output', answered, like);
  answered[0] = 9;
  expect(storage).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(toTensor('output', [1, 2, 3, 0.1], like).storage).toEqual(Float32Array.of(1, 2, 3, 0.1));
});
