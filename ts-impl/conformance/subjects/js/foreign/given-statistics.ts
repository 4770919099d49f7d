// The batch's own statistics for a function that takes mean and variance and computes none: which elements go with which entry is asked, not guessed.

import { type Caller, readKept } from './call.ts';
import type { FloatData } from './containers.ts';

/** For each element the entry of the mean that moves it. Throws where an element goes with none or several. */
export async function ownersOf(
  caller: Caller,
  data: FloatData,
  entries: number,
  call: (data: FloatData) => Promise<Float64Array>,
): Promise<Int32Array> {
  const ones = new Float64Array(entries).fill(1);
  // Whatever the weights are, a statistic shows through ones.
  const weights = caller.kept.filter((one) => one.role === 'weight').map((one) => ({ one, data: readKept(one).data }));
  for (const { one, data: own } of weights) caller.set(one.name, own.slice().fill(1));
  caller.withStatistics(new Float64Array(entries), ones);
  const plain = await call(data);
  const owners = new Int32Array(data.length).fill(-1);
  for (let entry = 0; entry < entries; entry++) {
    caller.withStatistics(
      Float64Array.from({ length: entries }, (_, i) => (i === entry ? BUMP : 0)),
      ones,
    );
    const moved = await call(data);
    for (let i = 0; i < data.length; i++) {
      if (Object.is(moved[i], plain[i])) continue;
      if (owners[i] >= 0) throw new RangeError('two entries of the mean move the same element');
      owners[i] = entry;
    }
  }
  for (const { one, data: own } of weights) caller.set(one.name, own);
  if (owners.includes(-1)) throw new RangeError('no entry of the mean moves some of the elements');
  return owners;
}

export interface BatchStatistics {
  readonly mean: Float64Array; // [entries]
  readonly biased: Float64Array;
  readonly unbiased: Float64Array;
}

export function batchStatistics(data: FloatData, owners: Int32Array, entries: number): BatchStatistics {
  const counts = new Float64Array(entries);
  const mean = new Float64Array(entries);
  const squares = new Float64Array(entries);
  for (let i = 0; i < data.length; i++) {
    counts[owners[i]]++;
    mean[owners[i]] += data[i];
  }
  for (let c = 0; c < entries; c++) mean[c] /= counts[c];
  for (let i = 0; i < data.length; i++) squares[owners[i]] += (data[i] - mean[owners[i]]) ** 2;
  const over = (less: number) => squares.map((s, c) => s / (counts[c] - less));
  return { mean, biased: over(0), unbiased: over(1) };
}

// --- internal ---

/** Moves every output by a size that no rounding hides. */
const BUMP = 1024;
