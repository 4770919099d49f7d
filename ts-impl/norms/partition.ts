// Which elements of an input share a statistic, and which a parameter: one plain table for every norm. It reads no values.

/** The input in index order is cut into planes of `size` neighbours; each plane lies within one set and one parameter. */
export interface Partition {
  readonly size: number;
  readonly setOf: Int32Array; // [planes]
  readonly parameterOf: Int32Array; // [planes]
  readonly sets: number;
  readonly parameters: number;
  /** Elements of one set. */
  readonly elements: number;
}

/** BatchNorm: a set and a parameter for each channel of (N, C, S). */
export function channelPartition(N: number, C: number, S: number): Partition {
  return partition(
    N * C,
    S,
    C,
    C,
    (plane) => plane % C,
    (plane) => plane % C,
  );
}

/** InstanceNorm: a set for each sample and channel, a parameter for each channel. */
export function instancePartition(N: number, C: number, S: number): Partition {
  return partition(
    N * C,
    S,
    N * C,
    C,
    (plane) => plane,
    (plane) => plane % C,
  );
}

/** GroupNorm: a set for each sample and group of C / G channels, a parameter for each channel. */
export function groupPartition(N: number, C: number, S: number, G: number): Partition {
  return partition(
    N * C,
    S,
    N * G,
    C,
    (plane) => Math.floor((plane * G) / C),
    (plane) => plane % C,
  );
}

/** LayerNorm and RMSNorm: a set for each of M rows, a parameter for each of N columns. */
export function rowPartition(M: number, N: number): Partition {
  return partition(
    M * N,
    1,
    M,
    N,
    (plane) => Math.floor(plane / N),
    (plane) => plane % N,
  );
}

// --- internal ---

function partition(
  planes: number,
  size: number,
  sets: number,
  parameters: number,
  setAt: (plane: number) => number,
  parameterAt: (plane: number) => number,
): Partition {
  const setOf = Int32Array.from({ length: planes }, (_, plane) => setAt(plane));
  const parameterOf = Int32Array.from({ length: planes }, (_, plane) => parameterAt(plane));
  return { size, setOf, parameterOf, sets, parameters, elements: sets === 0 ? 0 : (planes * size) / sets };
}
