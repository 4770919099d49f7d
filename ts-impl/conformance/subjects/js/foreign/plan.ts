// The plan: how one export of a module is made and called, argument by argument. Plain data, made from its signature and tried by the child.

/** What a tensor that is kept for the export is, by its name. */
export type TensorRole = 'weight' | 'bias' | 'mean' | 'variance';

/** What is handed over in one place of a call. */
export type Slot =
  | { readonly kind: 'input' }
  /** An array of the input's size for the answer. */
  | { readonly kind: 'out' }
  /** The sizes of the input as an array. */
  | { readonly kind: 'shape' }
  /** One size of the input: number `index` of `of`, as `fold` says where there are more axes. */
  | {
      readonly kind: 'dim';
      readonly index: number;
      readonly of: number;
      readonly fold: 'leading' | 'trailing' | 'none';
    }
  /** A tensor that is kept for it between calls. */
  | { readonly kind: 'tensor'; readonly name: string; readonly role: TensorRole }
  /** The constructor argument of that name; left out where the case gives none. */
  | { readonly kind: 'option'; readonly name: string }
  | { readonly kind: 'mode'; readonly train: boolean | string; readonly eval: boolean | string }
  | { readonly kind: 'constant'; readonly value: number }
  | {
      readonly kind: 'bag';
      readonly name: string;
      readonly entries: readonly { readonly key: string; readonly slot: Slot }[];
    }
  /** Upstream gradient, and what the forward answered beside its output. */
  | { readonly kind: 'upstream' }
  | { readonly kind: 'cache' }
  | { readonly kind: 'nothing' };

export type Fold = 'leading' | 'trailing' | 'none';

/** How the input is handed over. */
export type Container =
  /** Arrays in arrays of numbers, as deep as the input has axes. */
  | { readonly kind: 'nested' }
  /** The same with typed arrays innermost. */
  | { readonly kind: 'rows' }
  | { readonly kind: 'typed' }
  | { readonly kind: 'numbers' }
  /** An object with the flat elements and their sizes under these keys. */
  | {
      readonly kind: 'object';
      readonly data: string;
      readonly shape: string;
      readonly flat: 'typed' | 'numbers' | 'nested';
    }
  /** An instance of a class that the module exports. */
  | {
      readonly kind: 'class';
      readonly name: string;
      readonly first: 'data' | 'shape';
      readonly flat: 'typed' | 'numbers' | 'nested';
    };

/** Which part of the input one call gets: all of it, or a vector at a time. */
export type Lift = 'none' | 'rows' | 'columns' | 'instances';

export interface Plan {
  /** How an instance is made; null for a plain function. */
  readonly make: { readonly by: 'new' | 'call'; readonly slots: readonly Slot[] } | null;
  /** The methods that are called in training and in eval; null where the thing itself is called. */
  readonly method: { readonly train: string; readonly eval: string } | null;
  readonly slots: readonly Slot[];
  readonly container: Container;
  readonly lift: Lift;
  /** A flat input whose sizes the call does not tell: its last axis must have the entries of the tensors that it holds. */
  readonly blind: boolean;
  /** The number of axes that the call can mean; null for any. */
  readonly rank: number | null;
  /** How tensors that are kept for it are handed over. */
  readonly vector: 'numbers' | 'typed';
  /** The constructor argument that says how many entries these have; null where there is none. */
  readonly size: string | null;
  /** The weight that leaves the normalised value as it is: what a kept weight holds before anyone sets it. */
  readonly identity: 0 | 1;
  /** It takes mean and variance as they are and computes neither: training gives it the batch's own. */
  readonly given: boolean;
  /** The export that goes back through a call, and how it is called; null for a method or none. */
  readonly backward: { readonly name: string; readonly slots: readonly Slot[] } | null;
}

/** What trying the plans has shown. */
export interface Chosen {
  /** Which of the plans works; null with the reason of the first. */
  readonly plan: number | null;
  readonly message: string;
  /** Names of the gradients that a backward answers; null where there is no way back. */
  readonly gradients: readonly string[] | null;
  /** What holds of the tensors of a fresh instance: parameters, or buffers that training moves. */
  readonly kinds: Readonly<Record<string, 'parameters' | 'buffers'>>;
  readonly identity: 0 | 1;
}
