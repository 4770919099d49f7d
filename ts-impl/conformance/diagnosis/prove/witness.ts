// Witnesses: for each departure the smallest case on which PyTorch and the specimen part ways because of it, both asked, not predicted.

import type { Case } from '../../../../cases/case.ts';
import { withLiteralId } from '../../../../cases/case-id.ts';
import type { Witness } from '../../finding.ts';
import type { Outcome } from '../../outcome.ts';
import type { Departure } from '../axes/axes.ts';
import type { Target } from '../axes/target.ts';
import { type Candidate, foretell, separating } from './separate.ts';
import { isRefusal, witnessOf } from './show.ts';
import { smallSketches } from './small-cases.ts';
import { specialCases } from './special-cases.ts';
import type { Dictionary } from './translate.ts';

/** Asks both sides a list of cases in PyTorch's words; the specimen's answers come as it gave them. */
export type AskBoth = (
  cases: readonly Case[],
) => Promise<readonly { readonly torch: Outcome; readonly specimen: Outcome }[]>;

/**
 * Finds witnesses for every departure, in the same order; none where no small case shows it. Cases are shrunk on models alone; one
 * question to each side confirms all, and a second one looks further for those that were not confirmed.
 */
export async function findWitnesses(
  departures: readonly Departure[],
  target: Target,
  dictionary: Dictionary,
  askBoth: AskBoth,
  replay: (id: string) => string,
): Promise<Witness[][]> {
  const seeds = smallSketches(target, dictionary.stance, dictionary.profile);
  const askSpecial = ({ axis }: Departure): Candidate[] =>
    specialCases(axis, target, dictionary.stance, dictionary.profile).map((small) =>
      foretell(small, departures, dictionary),
    );
  const show = (departure: Departure, candidate: Candidate, answer: Answered) =>
    witnessOf({ departure, ...candidate, dictionary, replay }, answer.asked, answer.torch, answer.specimen);
  const first = departures.map((departure): Candidate[] => {
    const found = separating(
      seeds,
      departure,
      departures.filter((other) => other !== departure),
      dictionary,
    );
    const raises = departure.axis.id === 'channel.axis' ? askSpecial(departure) : [];
    return found.length === 0 ? askSpecial(departure) : [...found, ...raises];
  });
  const answers = await askAll(first, askBoth);
  const witnesses = departures.map((departure, d) => {
    const shown = first[d].flatMap((candidate, i) => show(departure, candidate, answers[d][i]) ?? []);
    return departure.axis.id === 'channel.axis' ? oneOfEach(shown) : shown.slice(0, 1);
  });
  const missing = departures.filter((_, d) => witnesses[d].length === 0);
  const further = missing.map(askSpecial);
  const second = await askAll(further, askBoth);
  missing.forEach((departure, m) => {
    const shown = further[m].flatMap((candidate, i) => show(departure, candidate, second[m][i]) ?? []);
    witnesses[departures.indexOf(departure)] = shown.slice(0, 1);
  });
  return witnesses;
}

// --- internal ---

interface Answered {
  readonly asked: Case;
  readonly torch: Outcome;
  readonly specimen: Outcome;
}

/** Every case once, in one question. */
async function askAll(candidates: readonly (readonly Candidate[])[], askBoth: AskBoth): Promise<Answered[][]> {
  const asked = new Map<string, Case>();
  const named = candidates.map((list) => list.map(({ case: c }) => withLiteralId(c)));
  for (const c of named.flat()) asked.set(c.id, c);
  if (asked.size === 0) return candidates.map(() => []);
  const answers = await askBoth([...asked.values()]);
  const byId = new Map([...asked].map(([id, c], i) => [id, { asked: c, ...answers[i] }]));
  return named.map((list) =>
    list.map(({ id }) => {
      const answer = byId.get(id);
      if (answer === undefined) throw new Error(`no answer came for ${id}`); // every id was asked above
      return answer;
    }),
  );
}

/** The first witness in which the specimen answers, and the first in which it raises. */
function oneOfEach(witnesses: readonly Witness[]): Witness[] {
  const found = [false, true].map((raises) => witnesses.find((w) => isRefusal(w.actual) === raises));
  return found.filter((w) => w !== undefined);
}
