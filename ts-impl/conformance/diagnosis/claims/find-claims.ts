// Finds the claims of a document's prose: what it says of PyTorch's norms in a common form. Whether they are true is not its business.

import type { NormKind } from '../axes/norm-kind.ts';
import { axesStatements, defaultAxesStatement, listedAxes, UNGIVEN } from './axes-claims.ts';
import type { Attribution, Claim, Statement } from './claim.ts';
import { defaultStatements } from './default-claims.ts';
import { type Said, saidBy } from './formula-claims.ts';
import { formulasOf } from './formula-spans.ts';
import { attributionOf, leavesEpsOut, speaksOfEps } from './guards.ts';
import { kindsIn } from './layer-words.ts';
import type { Passage } from './passage.ts';
import { lineOf, type Sentence, sentencesOf } from './sentence.ts';
import { shapeStatements } from './shape-claims.ts';
import { type Covered, CUSTOM, type Legend, legendIn } from './shape-letters.ts';
import { statisticsStatements } from './statistics-claims.ts';

/** A norm of the document's code, for passages that name none: those beside it speak of it. */
export interface CodeNorm {
  readonly kind: NormKind;
  readonly line: number;
}

/** The claims in `passages`, in order. A sentence whose layer or meaning is in doubt has none. */
export function findClaims(passages: readonly Passage[], norms: readonly CodeNorm[]): Claim[] {
  const omitted = passages.some(leavesEpsOut);
  return claimsIn(passages, norms).filter((claim) => {
    if (claim.axis !== 'eps.placement' || claim.value !== 'absent') return true;
    // Comments abbreviate, and so does whoever tells of eps elsewhere.
    return !omitted && claim.owner === null && !passages.some((p) => tellsOfEps(p, claim, passages));
  });
}

// --- internal ---

/** Prose of the same section, of the same layer or of no layer in particular. */
function tellsOfEps(passage: Passage, claim: Claim, passages: readonly Passage[]): boolean {
  if (passage.owner !== null || !speaksOfEps(passage.text)) return false;
  const there = layerOf(passage, [], passages);
  return there === null || there === claim.layer;
}

function claimsIn(passages: readonly Passage[], norms: readonly CodeNorm[]): Claim[] {
  return passages.flatMap((passage, p) => {
    const sentences = sentencesOf(passage);
    const opening = openingOf(passages.slice(0, p), passage);
    return sentences.flatMap((sentence, i) => {
      const kind = kindOf(sentence, sentences.slice(0, i), passages, norms);
      const lead = `${opening}\n${isFormulaAlone(sentence) ? (sentences[i - 1]?.words ?? '') : ''}`;
      const about = attributionOf(sentence, sentence.words.replace(UNGIVEN, ' '), lead);
      return kind === null || about === null ? [] : claimsOf(sentence, kind, about, lead, passages);
    });
  });
}

/** A passage ending in a colon introduces those after it, up to the next one that does, or to the end of the section. */
function openingOf(before: readonly Passage[], { section }: Passage): string {
  const opening = before.findLast((p) => p.section === section && /[:：]\s*$/.test(p.text));
  return opening === undefined ? '' : (sentencesOf(opening).at(-1)?.words ?? '');
}

/** Its words are in the sentence before. */
const isFormulaAlone = ({ words }: Sentence): boolean => (words.match(/[A-Za-z]{3,}/g) ?? []).length < 4;

/** The layer a sentence speaks of: its own, that of the sentences before it, of its titles, of the code beside it. */
function kindOf(
  sentence: Sentence,
  before: readonly Sentence[],
  passages: readonly Passage[],
  norms: readonly CodeNorm[],
): NormKind | null {
  if (sentence.kinds.length > 0) return sentence.kinds.length === 1 ? sentence.kinds[0] : null;
  const named = new Set(before.flatMap((s) => s.kinds));
  if (named.size > 0) return named.size === 1 ? [...named][0] : null;
  return layerOf(sentence.passage, norms, passages);
}

function layerOf(passage: Passage, norms: readonly CodeNorm[], passages: readonly Passage[]): NormKind | null {
  for (const title of [...passage.titles].reverse()) {
    const kinds = kindsIn(title);
    if (kinds.length > 0) return kinds.length === 1 ? kinds[0] : null;
  }
  const own = kindsIn(passage.text);
  if (own.length > 0) return own.length === 1 ? own[0] : null;
  const beside = new Set(
    norms.filter(({ line }) => sectionOf(line, passages) === passage.section).map(({ kind }) => kind),
  );
  if (beside.size > 0) return beside.size === 1 ? [...beside][0] : null;
  const all = new Set([...norms.map(({ kind }) => kind), ...passages.flatMap((p) => kindsIn(p.text))]);
  return norms.length > 0 && all.size === 1 ? [...all][0] : null;
}

/** The section that a line of code stands in: that of the last passage before it. */
function sectionOf(line: number, passages: readonly Passage[]): number {
  return passages.findLast((p) => p.lineAt(0) <= line)?.section ?? 0;
}

function claimsOf(
  sentence: Sentence,
  layer: NormKind,
  about: Attribution,
  lead: string,
  passages: readonly Passage[],
): Claim[] {
  const { text } = sentence;
  const beside = passages.filter((p) => p.section === sentence.passage.section);
  const legend = legendIn([sentence.passage, ...beside, ...above(sentence.passage, passages)]) ?? CUSTOM;
  const ofDefault = defaultAxesStatement(text, layer);
  const statements = [
    ...(ofDefault === null ? [] : [ofDefault]),
    ...formulaStatements(sentence, lead, about),
    ...shapeStatements(text, layer, legend, reducedIn(beside, legend)),
    ...axesStatements(text, layer, legend),
    ...defaultStatements(text, layer),
    ...statisticsStatements(text, layer),
  ];
  return statements.map((s) => ({
    ...s,
    layer,
    about,
    owner: sentence.passage.owner,
    line: lineOf(sentence, s.at),
    endLine: lineOf(sentence, s.at + Math.max(0, s.quote.length - 1)),
  }));
}

/** Passages of the sections around the passage's own, the innermost first. */
function above({ titles, section }: Passage, passages: readonly Passage[]): Passage[] {
  return passages
    .filter(
      (p) =>
        p.section !== section && p.titles.length < titles.length && p.titles.every((title, i) => title === titles[i]),
    )
    .sort((a, b) => b.titles.length - a.titles.length);
}

/** The axes that a section normalises over, where it lists one set of them. */
function reducedIn(passages: readonly Passage[], legend: Legend): Covered | null {
  const listed = passages.flatMap((p) => listedAxes(p.text, legend));
  const first = listed[0]?.cover ?? null;
  return listed.every(({ cover }) => JSON.stringify(cover) === JSON.stringify(first)) ? first : null;
}

const ABOUT_BUFFERS =
  /\b(running|moving|tracked|accumulated|inference|eval|evaluation|test|population)\b|滑动|推理|测试/i;

/** Numbers in an update are an example, unless PyTorch's are spoken of or old and new are mixed up. */
const isExample = ({ axis, value }: Said, about: Attribution): boolean =>
  axis === 'momentum.default' && about !== 'pytorch' && Number(value) <= 0.5;

function formulaStatements(sentence: Sentence, lead: string, about: Attribution): Statement[] {
  const running = ABOUT_BUFFERS.test(`${lead}\n${sentence.words}`);
  return formulasOf(sentence).flatMap(({ formula, quote, at }) =>
    saidBy(formula, running).map((said) => ({
      ...said,
      told: toldBy(said),
      quote,
      at,
      fits: isExample(said, about) ? true : null,
    })),
  );
}

function toldBy({ axis, value }: Said): string {
  switch (axis) {
    case 'eps.placement':
      return PLACEMENTS[String(value)] ?? `eps is ${value}`;
    case 'eps.value':
      return `eps is ${value}`;
    case 'variance.normalization':
      return value === 'unbiased'
        ? 'the variance that normalises is divided by n − 1'
        : 'the variance that normalises is divided by n';
    case 'variance.running':
      return value === 'unbiased' ? 'the running variance is divided by n − 1' : 'the running variance is divided by n';
    case 'momentum.rule':
      return value === 'old-weight'
        ? 'momentum weighs the old value (r ← m·r + (1−m)·s)'
        : 'momentum weighs the new value';
    case 'momentum.default':
      return `a buffer takes in ${value} of the new statistic`;
    case 'affine.form':
      return value === 'one-plus-weight'
        ? 'the output is scaled by 1 + weight'
        : 'the bias is added before the weight multiplies';
    default:
      return `${axis} is ${value}`;
  }
}

const PLACEMENTS: Readonly<Record<string, string>> = {
  absent: 'the denominator has no eps',
  'inside-sqrt': 'eps is added to the variance',
  'outside-sqrt': 'eps is added to the standard deviation, outside the root',
  squared: 'the square of eps is added to the variance',
  max: 'the deviation is kept from falling below eps by a maximum',
};
