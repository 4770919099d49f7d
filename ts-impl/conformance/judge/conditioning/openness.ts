// Where a correct computation may leave the numbers: which elements may be NaN or infinite on one side alone, and how large the other side may be there.

/** Never; only together with the other side; on either side alone. */
export const CLOSED = 0;
export const TOGETHER = 1;
export const OPEN = 2;

export interface Openness {
  /** CLOSED, TOGETHER or OPEN. */
  readonly kind: Uint8Array; // [elements]
  /** The largest magnitude that a finite answer may have where the other is not finite. */
  readonly reach: Float64Array; // [elements]
}

/** What an answer may be off by, each part worked out when asked for. */
export interface Bound {
  readonly budgets: () => Float64Array; // [elements]
  /** Null: nothing leaves the numbers. */
  readonly open: () => Openness | null;
}

/** A budget of numbers that stay numbers. */
export function closed(budgets: () => Float64Array): Bound {
  return { budgets, open: () => null };
}

/** An element is open as its set is, and where a number of this size with its budget may pass the largest of the type. */
export function opennessOf(
  kindAt: (i: number) => number,
  size: Float64Array, // [elements]
  budgets: Float64Array, // [elements]
  largest: number,
): Openness {
  const kind = new Uint8Array(size.length);
  const reach = new Float64Array(size.length);
  for (let i = 0; i < size.length; i++) {
    reach[i] = size[i] + budgets[i];
    const passes = !(reach[i] <= largest) && !Number.isNaN(reach[i]);
    kind[i] = passes ? OPEN : kindAt(i);
    if (Number.isNaN(reach[i])) reach[i] = Number.POSITIVE_INFINITY;
  }
  return { kind, reach };
}
