// The statistics of a batch as a buffer may take them in: means, and variances in each way of averaging them. Numbers only.

import { type Structure, statisticCount, statisticIds } from '../model/partition.ts';

export interface BatchStatistics {
  readonly mean: Float64Array; // [buffer entries], averaged over instances where there are several
  /** Of what is made of each statistic's variance: `of` applied first, then averaged over instances. */
  tracked(divisor: 'n' | 'n-1', of: (variance: number) => number): Float64Array;
}

/** The statistics of `x` for `entries` buffer entries. */
export function batchStatistics(
  x: Float64Array,
  structure: Structure,
  shape: readonly number[],
  entries: number,
): BatchStatistics {
  const ids = statisticIds(structure.members, shape);
  const count = statisticCount(structure.members, shape);
  const n = x.length / count;
  const means = new Float64Array(count);
  const squares = new Float64Array(count);
  for (let i = 0; i < x.length; i++) means[ids[i]] += x[i] / n;
  for (let i = 0; i < x.length; i++) squares[ids[i]] += (x[i] - means[ids[i]]) ** 2;
  const instances = Math.max(1, count / entries);
  const gather = (value: (id: number) => number): Float64Array => {
    const out = new Float64Array(entries);
    // One statistic for all entries where there are fewer.
    for (let id = 0; id < Math.max(count, entries); id++) out[id % entries] += value(id % count) / instances;
    return out;
  };
  return {
    mean: gather((id) => means[id]),
    tracked: (divisor, of) => gather((id) => of(squares[id] / (divisor === 'n' ? n : n - 1))),
  };
}
