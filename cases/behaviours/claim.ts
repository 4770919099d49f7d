// A claim: what a behaviour says of the answers to its questions, as plain data. Who answered, and whether it holds, is not known here.

/** One tensor or text of one answer. `question` null is the behaviour's only question. */
export interface Place {
  readonly question: string | null;
  /** Index into the question's steps. */
  readonly step: number;
  /** A tensor's name (`output`, `running_mean`, `input.grad`) or a text's (`repr`, `keys`, an inspected name). */
  readonly name: string;
}

export type Claim =
  /** The tensor's elements in row-major order, each within `absolute` of the number stated; 0 means exactly that number in the tensor's dtype. NaN claims NaN. */
  | { readonly kind: 'values'; readonly at: Place; readonly values: readonly number[]; readonly absolute: number }
  /** One element, by its row-major index. */
  | {
      readonly kind: 'element';
      readonly at: Place;
      readonly index: number;
      readonly value: number;
      readonly absolute: number;
    }
  /** Every element is of this sort; false for an empty tensor. */
  | { readonly kind: 'every'; readonly at: Place; readonly is: 'nan' | 'zero' | 'finite' | 'infinite' }
  /** The largest |element| lies between the two, both included. */
  | { readonly kind: 'largest'; readonly at: Place; readonly least: number; readonly most: number }
  | { readonly kind: 'shape'; readonly at: Place; readonly shape: readonly number[] }
  | { readonly kind: 'dtype'; readonly at: Place; readonly dtype: string }
  /** The names of the tensors that the step answered, in order. */
  | {
      readonly kind: 'names';
      readonly question: string | null;
      readonly step: number;
      readonly names: readonly string[];
    }
  | { readonly kind: 'text'; readonly at: Place; readonly is: string }
  | { readonly kind: 'text-contains'; readonly at: Place; readonly part: string }
  /** Two tensors have the same bytes (any NaN equals any NaN), or differ by at most `absolute` where it is not 0. Shapes may differ where sizes agree. */
  | { readonly kind: 'same'; readonly at: Place; readonly as: Place; readonly absolute: number }
  /** The largest |difference| of two tensors' elements lies between the two, both included. */
  | { readonly kind: 'apart'; readonly at: Place; readonly from: Place; readonly least: number; readonly most: number }
  /** At least one element differs. */
  | { readonly kind: 'other'; readonly at: Place; readonly than: Place }
  /** The step returned. */
  | { readonly kind: 'returns'; readonly question: string | null; readonly step: number }
  /** The step was refused with this exception class and this whole message. */
  | {
      readonly kind: 'refuses';
      readonly question: string | null;
      readonly step: number;
      readonly type: string;
      readonly message: string;
    };
