// Finds the claims of a document's prose: what it says of PyTorch's norms in a common form. Whether they are true is not its business.

import type { NormKind } from '../axes/norm-kind.ts';
import { axesStatements, defaultAxesStatement, listedAxes, UNGIVEN } from './axes-claims.ts';
import type { Attribution, Claim, Statement } from './claim.ts';
import { defaultStatements } from './default-claims.ts';
import { type Said, saidBy } from './formula-claims.ts';
import { formulasOf } from './formula-spans.ts';
import { attributionOf, leavesEpsOut, speaksOfEps } from './guards.ts';
import { type CodeNorm, type Layers, layersOf } from './layer-of.ts';
import type { Passage } from './passage.ts';
import { lineOf, type Sentence, sentencesOf } from './sentence.ts';
import { shapeStatements } from './shape-claims.ts';
import { type Covered, CUSTOM, type Legend, legendIn } from './shape-letters.ts';
import { statisticsStatements } from './statistics-claims.ts';

/** The claims in `passages`, in order. A sentence whose layer or meaning is in doubt has none. */
export function findClaims(passages: readonly Passage[], norms: readonly CodeNorm[]): Claim[] {
  const layers = layersOf(passages, norms);
  const omitted = passages.some(leavesEpsOut);
  // The layers of which prose tells of an eps; null for prose on none in particular.
  const tells = passages.filter((p) => p.owner === null && speaksOfEps(p.text)).map((p) => layers.named(p));
  return passages
    .flatMap((passage, i) => claimsIn(passage, openingOf(passages.slice(0, i), passage), passages, layers))
    .filter((claim) => {
      if (claim.axis !== 'eps.placement' || claim.value !== 'absent') return true;
      // Comments abbreviate, and so does whoever tells of eps elsewhere.
      return !omitted && claim.owner === null && !tells.some((layer) => layer === null || layer === claim.layer);
    });
}

// --- internal ---

function claimsIn(passage: Passage, opening: string, passages: readonly Passage[], layers: Layers): Claim[] {
  const sentences = sentencesOf(passage);
  return sentences.flatMap((sentence, i) => {
    const lead = `${opening}\n${isFormulaAlone(sentence) ? (sentences[i - 1]?.words ?? '') : ''}`;
    const about = attributionOf(sentence, sentence.words.replace(UNGIVEN, ' '), lead);
    if (about === null) return [];
    const kind = layers.of(sentence, sentences.slice(0, i));
    return kind === null ? [] : claimsOf(sentence, kind, about, lead, passages);
  });
}

/** A passage ending in a colon introduces those after it, up to the next one that does, or to the end of the section. */
function openingOf(before: readonly Passage[], { section }: Passage): string {
  const opening = before.findLast((p) => p.section === section && /[:：]\s*$/.test(p.text));
  return opening === undefined ? '' : (sentencesOf(opening).at(-1)?.words ?? '');
}

/** Its words are in the sentence before. */
const isFormulaAlone = ({ words }: Sentence): boolean => (words.match(/[A-Za-z]{3,}/g) ?? []).length < 4;

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
