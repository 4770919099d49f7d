// Which PyTorch norms a piece of prose speaks of, in English and Chinese. Norms that PyTorch lacks are not taken for one of its own.

import type { NormKind } from '../axes/norm-kind.ts';

/** The kinds that `text` names, each once, in the order of the first mention. */
export function kindsIn(text: string): NormKind[] {
  let rest = text.replace(OTHER_NORMS, (words) => ' '.repeat(words.length));
  const found: { readonly kind: NormKind; readonly at: number }[] = [];
  for (const [word, kind] of WORDS) {
    const at = rest.search(word);
    if (at >= 0) found.push({ kind, at });
    rest = rest.replace(new RegExp(word, `${word.flags}g`), (words) => ' '.repeat(words.length));
  }
  return found.sort((a, b) => a.at - b.at).map(({ kind }) => kind);
}

/** Whether it names a norm that is none of PyTorch's, or a method that only looks like one in its formulas. */
export const namesOtherMethod = (text: string): boolean =>
  new RegExp(OTHER_NORMS, 'i').test(text) || OTHER_METHODS.test(text);

// --- internal ---

const OTHER_NORMS =
  /(adaptive|conditional|spatially[- ]adaptive|switchable|cross|sync(hroni[sz]ed)?|ghost|virtual|divisive|streaming|decorrelated|conditional)[\s_-]*(batch|layer|instance|group)?[\s_-]*norm\w*|\bada(in|ln|gn|bn|norm)\w*\b|\bSPADE\b|\bFiLM\b|\bmodulat\w+|(batch|layer)[\s_-]*re-?norm\w*|(weight|spectral|local response|filter response|power|score|cosine|scale|pixel|contrast|lp|l1|l2|min-?max|max-?min|unit)[\s_-]*norm\w*/gi;

const OTHER_METHODS =
  /\b(softmax|adam\w*|rmsprop|adagrad|sgd|whiten\w*|pca|zca|z-?scores?|t-?test|t-?statistic|standard scores?|cross-?entropy|attention scores?|cosine similarity|data ?set|pre-?process\w*|standard ?scaler|feature scaling|gradient clipping|exponential smoothing|optimi[sz]ers?)\b|数据预处理|白化|优化器/i;

/** RMSNorm's full name holds LayerNorm's, so it comes first. */
const WORDS: readonly (readonly [RegExp, NormKind])[] = [
  [
    /\brms[\s_-]*(layer)?[\s_-]*norm|root[\s-]mean[\s-]square (layer )?normali[sz]ation|均方根(层)?(归一|标准|规范)化/i,
    'RMSNorm',
  ],
  [/batch[\s_-]*norm|\bBN\b|批(量|次)?(归一|标准|规范)化/i, 'BatchNorm'],
  [/layer[\s_-]*norm|\bLN\b|层(归一|标准|规范)化/i, 'LayerNorm'],
  [/instance[\s_-]*norm|\bIN\b(?=\s+(layer|norm)|[^\w\s])|实例(归一|标准|规范)化/i, 'InstanceNorm'],
  [/group[\s_-]*norm|\bGN\b|组(归一|标准|规范)化/i, 'GroupNorm'],
];
