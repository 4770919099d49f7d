// What makes a sentence no claim about PyTorch's norm: a question, a denial, a doubt, a memory, another framework, another method.

import type { Attribution } from './claim.ts';
import { namesOtherMethod } from './layer-words.ts';
import type { Passage } from './passage.ts';
import type { Sentence } from './sentence.ts';

/**
 * Of whom the sentence speaks; null where it claims nothing, or may not. Doubt is no claim: an accusation must be right. `words`: the
 * sentence's, without conditions that it may have. `lead`: what introduces it, such as "In older versions:".
 */
export function attributionOf({ text, passage }: Sentence, words: string, lead: string): Attribution | null {
  if (passage.titles.some((title) => QUIET_TITLES.test(title) || FRAMEWORKS.test(title) || namesOtherMethod(title)))
    return null;
  if (FRAMEWORKS.test(`${lead}\n${passage.text}`) || namesOtherMethod(`${lead}\n${text}`)) return null;
  const said = `${lead}\n${words}`;
  if (QUESTION.test(text) || [DENIAL, DOUBT, MEMORY, BLAME, OTHERS].some((word) => word.test(said))) return null;
  if (OMISSION.test(`${lead}\n${text}`)) return null;
  if (PYTORCH.test(text)) return BESIDE_PYTORCH.test(words) ? null : 'pytorch';
  return passage.owner !== null || OWN.test(said) ? 'own-code' : 'method';
}

/** Whether prose tells of an eps, so that a formula without one is an abbreviation. */
export const speaksOfEps = (text: string): boolean => EPS.test(text);

/** Whether it says that formulas leave eps out. */
export const leavesEpsOut = (passage: Passage): boolean =>
  OMISSION.test(passage.text) && /formula|equation|eps|ε|ϵ|公式/i.test(passage.text);

// --- internal ---

const FRAMEWORKS =
  /\b(keras|tensor ?flow|tf|tf\.\w+|flax|jax|haiku|sonnet|equinox|mxnet|gluon|caffe2?|paddle(paddle)?|onnx(runtime)?|theano|lasagne|chainer|mlx|burn|tch-rs|matlab|cudnn|mindspore|megengine|cntk|darknet|dl4j|deeplearning4j|scikit-learn|sklearn|cs231n|fast\.?ai|apex|tinygrad|candle|ggml|tensorrt|core ?ml|hugging ?face|transformers(?= (library|package|code|repo))|timm|fairseq|detectron2?|annotated transformer|llama|gemma|bert|gpt-?\d?|t5|megatron|mmcv|open-?cv)\b/i;

const PYTORCH = /py ?torch|\btorch\b|\bnn\.[A-Z]/i;
const BESIDE_PYTORCH =
  /\b(unlike|contrast|contrary|differ\w*|compared?|comparison|versus|vs|than|port\w*|convert\w*|before|older|prior|while|whereas|but)\b/i;

const QUESTION = /[?？]\s*["')\]]*\s*$|^\s*(why|what|how|when|which|does|do|is|are|should|can)\b[^.]*[?？]/i;
const DENIAL =
  /\b(not|no|never|none|neither|nor|without|cannot|nothing|avoids?|avoiding|instead|rather|unlike|contrary|except|lacks?|fails?|independent(ly)? of|regardless|irrespective|nowhere|hardly|longer|only if)\b|n['’]t\b|不|没有|並非|并非|而非|无需|无关|除了|勿/i;
const DOUBT =
  /\b(if|unless|suppose|supposing|imagine|would|could|might|may|perhaps|maybe|probably|possibly|assum\w+|consider|let|say|pretend|try|experiment\w*|alternatively|alternatives?|optional(ly)?|sometimes|often|usually|typically|commonly|generally|frequently|mostly|roughly|approximately|essentially|intuitively|conceptually|loosely|informally|simpl(y|ified)|naive(ly)?|like|similar(ly)?|analog\w+|variants?|version|modif\w+|replac\w+|changing|changed?|switch\w*|e\.g|for (example|instance)|recommend\w*|suggest\w*|tune|tuning|search\w*|grid|either|or not|depend\w*|some(times|one|body)?|many|several|others?|another|people|someone)\b|如果|假如|假设|例如|比如|通常|一般|可能|有时|也许|某些|有些|类似|近似|建议|可以/i;
const MEMORY =
  /\b(originally|historical(ly)?|history|used to|earlier|older|old versions?|formerly|previously|previous(ly)? versions?|was|were|had|did|once|until|past|back then|19\d\d|20\d\d|first proposed|proposed|introduced|the paper|papers?|authors?|ioffe|szegedy|et al|ulyanov|wu and he|arxiv)\b|原论文|论文|以前|曾经|早期|作者/i;
const BLAME =
  /\b(wrong\w*|false|untrue|incorrect\w*|mistak\w+|errors?|erroneous\w*|bugs?|buggy|pitfalls?|myths?|misconceptions?|confus\w+|careful|beware|caution|trap|should|must|ought|forget\w*|forgot\w*|careless\w*|tempting|instability|unstable|broken|break\w*|danger\w*|problem\w*|issue)\b|错误|误区|误解|注意|错|应该|必须|避免/i;
const OTHERS =
  /\b(tutorials?|blog\w*|implementations|libraries|frameworks|repos(itories)?|textbooks?|literature|community|they|you|your|he|she|student|colleague|reviewer|answer|stack ?overflow|others)\b|框架|教程|博客/i;
const OMISSION =
  /\b(omit\w*|omission|ignor\w+|neglect\w*|drop(s|ped|ping)?|leav\w+ (out|away)|left out|brevity|simplicity|clarity|readability|sake of|shorthand|abbreviat\w*|up to|schematic\w*|sketch\w*|idea)\b|省略|忽略|略去|简化|简洁/i;
const OWN =
  /\b(we|our|ours|us|my|mine|i|i['’]m|here|this|these|below|above|following|custom|the code|snippet|our own|let['’]s)\b|我们|本文|下面|以下|上面|这里|本(实现|代码|仓库)/i;

const QUIET_TITLES =
  /\b(mistakes?|pitfalls?|bugs?|wrong|myths?|misconceptions?|questions?|quiz|exercises?|faq|history|historical|related work|references?|bibliography|changelog|differences?|comparison|versus|vs|other (frameworks|libraries)|variants?|alternatives?|experiments?|ablations?|todo|intuition|motivation|background|optimi[sz]ers?)\b|参考|常见错误|误区|问题\s*$|对比|历史/i;

const EPS =
  /\b(eps|epsilon|varepsilon)\b|ε|ϵ|𝜖|\b(small|tiny) (positive )?(constant|number|value|scalar|term|quantity|amount)|numerical(ly)? (stab\w+|safe\w*)|(division|divid\w+) by (a )?zero|防止除零|避免除|数值稳定|极小|很小的/i;
