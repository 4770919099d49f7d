// The adapter: what an author writes around a norm of any other shape, so that it can be audited. Types alone.

/** A tensor as an adapter gets and gives it: elements in index order, in float64 or float32 as the question is put. */
export interface AdapterTensor {
  readonly data: Float64Array | Float32Array;
  readonly shape: readonly number[];
}

/** A tensor that the norm holds. Without `kind` its name decides: one with `mean` or `var` in it is a buffer. */
export interface AdapterState extends AdapterTensor {
  readonly kind?: 'parameter' | 'buffer';
}

/** What a norm answers: a tensor, or its elements alone, which then have the input's shape. */
export type AdapterAnswer = AdapterTensor | Float64Array | Float32Array | readonly number[];

/** One export of this shape is audited as one norm. Each question begins with `construct`. */
export interface NormAdapter {
  /** Arguments of `construct` with their defaults, null for one that must be given: `{ numFeatures: null, eps: 1e-5 }`. */
  readonly parameters?: Readonly<Record<string, number | boolean | null>>;
  /** Makes the norm anew. What a question leaves at its default is not in `args`. */
  construct(args: Readonly<Record<string, number | boolean | readonly number[]>>): unknown;
  forward(input: AdapterTensor, mode: 'train' | 'eval'): AdapterAnswer | Promise<AdapterAnswer>;
  /** Parameters and buffers by name, as they stand. */
  tensors?(): Readonly<Record<string, AdapterState>>;
  /** Puts other elements in the place of one of them; without it the arrays that `tensors` gave are written to. */
  setTensor?(name: string, tensor: AdapterTensor): unknown;
  /** Back through the latest forward: `input` for its gradient, the others by the names of the tensors. */
  backward?(gradient: AdapterTensor): Readonly<Record<string, AdapterAnswer>>;
}
