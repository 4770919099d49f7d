// Chooses where to measure a specimen that takes more than one shape of input or list of sizes. It names no convention.

import { sizeOf } from '../../../tensor/shape.ts';
import { measureRoles, measureStructure } from './measure-roles.ts';
import type { Specimen } from './specimen.ts';
import { handlesLists, type Stance } from './stance.ts';

/**
 * The stances to measure at, the best first, at most three. (N, C) tells nothing of where channels lie: a specimen that also takes (N, L, C), one statistic for each place on
 * the last axis, is measured there. One that takes a list of sizes is measured with as many as it treats as PyTorch does, two if it may be.
 */
export async function stancesToTry(
  specimen: Specimen,
  stance: Stance,
  others: readonly Stance[],
): Promise<readonly Stance[]> {
  const lists = [stance, ...others].filter((o) => takesList(o) && !o.coincidence);
  if (lists.length > 0 && stance.sizeAxis === 'last' && (takesList(stance) || handlesLists(specimen))) {
    const bySize = [2, 3, 1].flatMap((count) => lists.find((o) => o.size?.length === count) ?? []);
    // A number is taken too: then only a list that is not treated as PyTorch does tells more than the number.
    if (!takesList(stance)) return (await treatsAsPyTorch(specimen, bySize[0])) ? [stance] : [bySize[0], stance];
    for (const candidate of bySize) {
      if (await treatsAsPyTorch(specimen, candidate)) return [candidate, ...bySize.filter((s) => s !== candidate)];
    }
    return bySize;
  }
  if (stance.shape.length !== 2) return [stance, ...atAnotherRank(stance, others)];
  const wider = others.find((o) => !o.coincidence && o.sizeAxis === 'last' && o.shape.length > 2);
  if (wider !== undefined) {
    const { structure } = await measureRoles(specimen, wider);
    const kept = structure?.members.kind === 'axes' ? structure.members.kept : [];
    if (kept.length === 1 && kept[0] === wider.shape.length - 1) return [wider, stance];
  }
  // It may handle (N, C, L) too and line it up wrongly: that raises, or is silently wrong where L = C.
  const square = others.find((o) => o.coincidence && o.shape.length === 3);
  if (square === undefined) return [stance, ...atAnotherRank(stance, others)];
  const { structure } = await measureRoles(specimen, square);
  return structure !== null && structure.members !== structure.users ? [square, stance] : [stance];
}

// --- internal ---

function atAnotherRank(stance: Stance, others: readonly Stance[]): Stance[] {
  const other = others.find((o) => !o.coincidence && o.shape.length !== stance.shape.length);
  return other === undefined ? [] : [other];
}

const takesList = (stance: Stance) =>
  stance.sizeAxis === 'last' && Object.values(stance.arguments).some((v) => v.kind === 'list');

/** Statistics over just the axes whose sizes were given, and a parameter entry for each of their elements. */
async function treatsAsPyTorch(specimen: Specimen, stance: Stance): Promise<boolean> {
  const structure = await measureStructure(specimen, stance);
  const count = stance.size?.length ?? 1;
  const leading = stance.shape.slice(count).map((_, axis) => axis);
  const kept = structure?.members.kind === 'axes' && structure.members.groups === null ? structure.members.kept : null;
  const whole = stance.tensors.every((t) => t.kind !== 'parameter' || sizeOf(t.shape) === sizeOf(stance.size ?? []));
  return whole && kept !== null && kept.join() === leading.join();
}
