// Claims on the axes of a statistic: "normalises over N, H, W", "across the batch", "per sample". Loose words say nothing.

import type { NormKind } from '../axes/norm-kind.ts';
import type { Statement } from './claim.ts';
import { type Covered, covered, type Legend, lettersFor } from './shape-letters.ts';

/** What a sentence says of axes: the letters that it lists, or else its words. */
export function axesStatements(text: string, kind: NormKind, legend: Legend): Statement[] {
  const listed = listedAxes(text, legend);
  if (listed.length > 0) return listed.map((l) => statement(l, kind, 'listed')).filter((s) => s !== null);
  return [...wordedAxes(text).map((l) => statement(l, kind, 'worded')), unitStatement(text, kind)].filter(
    (s) => s !== null,
  );
}

/** "If no shape is given, the last two axes are taken": PyTorch's `normalized_shape` has no default. */
export function defaultAxesStatement(text: string, kind: NormKind): Statement | null {
  const m = kind === 'LayerNorm' || kind === 'RMSNorm' ? DEFAULT_AXES.exec(text) : null;
  if (m === null) return null;
  const word = m[1] ?? m[2];
  const count = word === undefined ? 1 : COUNTS[word.toLowerCase()];
  if (count === undefined) return null;
  const told = `it takes the last ${['axis', 'two axes', 'three axes'][count - 1]} by default`;
  return {
    axis: 'axes.reduction',
    value: ['W', 'H,W', 'C,H,W'][count - 1],
    fits: false,
    told,
    quote: m[0].trim(),
    at: m.index,
  };
}

/** A condition on the arguments: whoever says what a default is begins with it. */
export const UNGIVEN =
  /(如果|若|当)?(不|没有|未)(指定|给定|传入|设置)\s*\w*\s*(的)?(时候|时|的话)?|\b(if|when)\s+(the\s+)?[\w\s]{0,20}?(is|are)\s*(n['’]t|\s+not|\s+left)\s+(given|specified|passed|provided|set|unspecified)|\b(if|when)\s+no\s+\w+(\s+\w+)?\s+(is|are)\s+(given|specified|passed|provided)|\bunless (otherwise )?(given|specified|stated)/giu;

/** The axes that a sentence lists in letters; empty where it lists none. */
export function listedAxes(text: string, legend: Legend): Listed[] {
  if (!SPEAKS_OF_STATISTICS.test(text)) return [];
  return Array.from(text.matchAll(LISTED), (m) => {
    const list = m.groups?.bracketed ?? m.groups?.bare ?? '';
    if (m.groups?.bare !== undefined && !/[,，×]|and/.test(list) && !/ax[ei]s|dim/i.test(m[0])) return null;
    const cover = covered(list, legend);
    if (cover !== null && !cover.batch && BATCH.test(text)) return null; // the batch may have been named in words
    return cover === null || cover.group ? null : { cover, quote: m[0].trim(), at: m.index };
  }).filter((l) => l !== null);
}

export interface Listed {
  readonly cover: Covered;
  readonly quote: string;
  readonly at: number;
}

// --- internal ---

const DEFAULT_AXES =
  /(?:\bdefaults?\s+(?:to|is|are)|\bby default|默认(?:为|是|对)?)[^.;。\d]{0,30}?(?:\blast|\bfinal|\btrailing|后|最后)\s*(one|two|three|1|2|3|一|两|二|三)?\s*(?:个)?\s*(?:\w+\s+)?(?:dim\w*|ax[ei]s|维度?)|(?:\blast|\bfinal|\btrailing)\s+(one|two|three|1|2|3)?\s*(?:dim\w*|ax[ei]s)\s+(?:is|are)\s+normali[sz]ed\s+by default/iu;
const COUNTS: Readonly<Record<string, number>> = {
  one: 1,
  two: 2,
  three: 3,
  '1': 1,
  '2': 2,
  '3': 3,
  一: 1,
  两: 2,
  二: 2,
  三: 3,
};

const SPEAKS_OF_STATISTICS =
  /normali[sz]|\bmeans?\b|\bvariances?\b|statistics?|\bmoments?\b|standard deviations?|averag|归一化|标准化|均值|方差|统计/i;
const LETTER = String.raw`(?:[A-Z](?:\s*\/\/?\s*[A-Za-z])?)`;
const LETTERS = String.raw`${LETTER}(?:\s*(?:,|，|×|,?\s+and\s+|&|和|、)\s*${LETTER})*`;
const LISTED = new RegExp(
  String.raw`(?:\b(?:over|across|along)\s+(?:all\s+(?:of\s+)?|both\s+)?(?:the\s+)?(?:(?:axes|axis|dims?|dimensions?)\s+)?|在|对|沿着?)\s*[\x60$]?(?:[[({]\s*(?<bracketed>${LETTERS})\s*[\])}]|(?<bare>${LETTERS})(?![\w'/=]))[\x60$]?(?:[\s-]*(?:axes|axis|dims?|dimensions?|维度?))?(?!\s*(?:elements|values|samples|items|numbers|entries|places|steps|batches|=))`,
  'gu',
);

/** Whether axes that a text names are PyTorch's; null where that is open. */
function statement({ cover, quote, at }: Listed, kind: NormKind, how: 'listed' | 'worded'): Statement | null {
  const fits = isPytorchs(cover, kind, how);
  if (fits === null) return null;
  const letters = lettersFor(cover);
  return {
    axis: 'axes.reduction',
    value: letters === '' ? 'other' : letters,
    fits,
    told: `one statistic runs over ${inWords(cover)}`,
    quote,
    at,
  };
}

function isPytorchs({ batch, channel, space }: Covered, kind: NormKind, how: 'listed' | 'worded'): boolean | null {
  switch (kind) {
    case 'BatchNorm':
      // "Over C" is how some say that each channel is normalised by itself.
      if (channel !== 'no') return batch || space.length > 0 ? false : null;
      return batch ? true : how === 'listed' && space.length > 0 ? false : null;
    case 'InstanceNorm':
      if (batch || channel !== 'no') return false;
      return space.length > 0 ? true : null;
    case 'GroupNorm':
      if (batch) return false;
      return channel === 'no' ? null : true;
    case 'LayerNorm':
    case 'RMSNorm':
      return !batch;
    default:
      return kind satisfies never;
  }
}

function inWords({ batch, channel, space }: Covered): string {
  const axes = [
    ...(batch ? ['the batch'] : []),
    ...(channel === 'no' ? [] : ['the channels']),
    ...(space.length > 0 ? ['space'] : []),
  ];
  return axes.join(', ').replace(/, ([^,]*)$/, ' and $1') || 'other axes';
}

const NOUN = String.raw`(?:(?:the|its|all|entire|whole|full|both|mini-?)\s*)*(?:(?:mini-?)?batch(?:es)?|samples|examples|channels?|features?|spatial|height|width|pixels)(?:\s+(?:axis|axes|dimensions?|dims?|locations|positions))?`;
const WORDED = new RegExp(
  String.raw`(?:normali[sz]\w*|means?|variances?|statistics|moments|standard deviations?)\b(?:\s+(?:and|the|its|mean|variance|inputs?|activations?|values?|is|are|computed|calculated|taken|estimated|data|statistics))*\s+(?:over|across)\s+(${NOUN}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+)${NOUN})*)(?=\s*(?:$|[.;:)]|for each|for every|per\b|separately|independently|and (?:then|scales|shifts)|in (?:training|each)|during|,))`,
  'giu',
);

/** "normalises over the batch and spatial dimensions". */
function wordedAxes(text: string): Listed[] {
  return Array.from(text.matchAll(WORDED), (m) => {
    const words = m[1];
    const batch = /batch|samples|examples/i.test(words);
    const channel = /channel|feature/i.test(words);
    const space = /spatial|height|width|pixels/i.test(words) ? ['H', 'W'] : [];
    // "over the features for each sample" is open on what else is kept apart.
    return {
      cover: { batch, channel: channel ? 'whole' : 'no', space, group: false },
      quote: m[0].trim(),
      at: m.index,
    } as const;
  });
}

const UNIT = '(sample|example|instance|image|channel|feature|token)';
const KEPT = new RegExp(
  String.raw`(?:\b(?:means?|variances?|statistics|moments)\b(?:\s+(?:and|the|its|mean|variance|is|are|computed|calculated|taken|estimated|separately|independently|one))*\s+(?:per|for each|for every|of each)[\s-]${UNIT}\b|\bnormali[sz]es\s+(?:each|every)\s${UNIT}\s(?:separately|independently|on its own|by itself|alone))(?!\s*(?:and|,|in|of|within|-))`,
  'iu',
);
const BATCH = /(?<!\w)(mini-?)?batch(?![\s_-]*norm)|batches|\bsamples\b/i;
const BATCH_WORDS = /(?<!\w)(mini-?)?batch(?![\s_-]*norm)|batches|group/i;

/** "computes mean and variance per sample"; a sentence that also speaks of a batch or a group is left alone. */
function unitStatement(text: string, kind: NormKind): Statement | null {
  const m = KEPT.exec(text);
  if (m === null || BATCH_WORDS.test(text)) return null;
  const unit = (m[1] ?? m[2]).toLowerCase();
  const ofSample = unit !== 'channel' && unit !== 'feature';
  const fits = keepsApart(kind, ofSample, text);
  if (fits === null) return null;
  const value = kind === 'BatchNorm' ? 'C,H,W' : 'other';
  return {
    axis: 'axes.reduction',
    value,
    fits,
    told: `one statistic is taken for each ${unit}`,
    quote: m[0].trim(),
    at: m.index,
  };
}

function keepsApart(kind: NormKind, ofSample: boolean, text: string): boolean | null {
  switch (kind) {
    case 'BatchNorm':
      return !ofSample;
    case 'LayerNorm':
    case 'RMSNorm':
      if (ofSample) return true;
      return /sample|example|instance|image|token|position|row/i.test(text) ? null : false;
    case 'InstanceNorm':
    case 'GroupNorm':
      return null;
    default:
      return kind satisfies never;
  }
}
