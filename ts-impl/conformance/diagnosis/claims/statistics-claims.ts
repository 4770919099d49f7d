// Claims on statistics in words: which ones eval and training use, which variance is biased, how buffers move and start.

import type { NormKind } from '../axes/norm-kind.ts';
import type { Statement } from './claim.ts';

/** What a sentence says in one of the forms below. */
export function statisticsStatements(text: string, kind: NormKind): Statement[] {
  return FORMS.flatMap(({ axis, value, told, kinds, says, lacks }) => {
    if (!kinds.includes(kind) || lacks?.test(text)) return [];
    const found = says.map((form) => form.exec(text)).find((m) => m !== null);
    return found === undefined ? [] : [{ axis, value, fits: null, told, quote: text.trim(), at: found.index }];
  });
}

// --- internal ---

interface Form {
  readonly axis: string;
  readonly value: string;
  readonly told: string;
  readonly kinds: readonly NormKind[];
  /** One of these. */
  readonly says: readonly RegExp[];
  /** A sentence with this says more than the form knows. */
  readonly lacks?: RegExp;
}

const TRACKED: readonly NormKind[] = ['BatchNorm'];
const UNTRACKED: readonly NormKind[] = ['LayerNorm', 'GroupNorm', 'RMSNorm'];
const CENTRED: readonly NormKind[] = ['BatchNorm', 'LayerNorm', 'InstanceNorm', 'GroupNorm'];

const MODE = String.raw`(?:[\s-]?(?:time|mode|phase))?`;
const EVAL = String.raw`\b(?:at|in|during|for|under)\s+(?:the\s+)?(?:inference|eval(?:uation)?|test(?:ing)?|prediction|deployment)${MODE}\b`;
const TRAIN = String.raw`\b(?:at|in|during|while)\s+(?:the\s+)?train(?:ing)?${MODE}\b`;
const RUNNING = String.raw`\b(?:running|moving)[\s_-]*(?:means?|averages?|variances?|vars?|statistics|estimates?)(?:\s+and\s+(?:the\s+)?(?:running\s+)?(?:variances?|standard deviations?))?`;
const BATCH = String.raw`(?:\b(?:mini-?)?batch(?:['’]s)?\s+(?:statistics|means?|variances?|moments)\b|\b(?:statistics|mean and (?:the )?(?:variance|standard deviation)|mean|variance) (?:of|from|over) (?:the|its) (?:current |own |test |input )?(?:mini-?)?batch\b)`;
const USES = String.raw`\b(?:uses?|applies|relies on|is normali[sz]ed (?:with|by|using)|normali[sz]es (?:\w+ )?(?:with|by|using)|are used)\b`;
const UNBIASED = String.raw`(?:\bunbiased\b|\bBessel\b|\bn\s*[-−–]\s*1\b|\bddof\s*=\s*1\b)`;
const BIASED = String.raw`(?:(?<!un)(?<!non-)\bbiased\b|\bddof\s*=\s*0\b)`;
const RUNNING_VARIANCE = String.raw`\brunning[\s_]var(?:iance)?\b`;
const GAP = `[^.;:,]{0,40}?`;
const NARROW = `[^.;:,]{0,24}?`;

const any = (...sources: string[]): RegExp => new RegExp(sources.join('|'), 'i');

/** Statistics that are not those of the batch at hand. */
const KEPT = String.raw`\b(?:running|moving|accumulat\w*|stor\w+|sav(?:es?|ed)|learn\w+|population|global|fixed|frozen|estimat\w+|track\w*|averag\w+|train\w*)\b`;
/** How x.var() counts is no word on the layer. */
const CALLS = String.raw`\bvar\(|\bstd\(|\.var\b|\.std\b|unbiased=|correction=|np\.|torch\.`;
const BUFFERS = String.raw`\b(?:running|moving|track\w*|estimat\w*|population|buffers?|inference|eval\w*|test\w*|stor\w+|sav(?:es?|ed)|keeps?|kept|accumul\w*|global|whole|data ?set)\b|推理|测试`;

const FORMS: readonly Form[] = [
  {
    axis: 'statistics.eval',
    value: 'batch',
    told: 'eval normalises with the statistics of its own batch',
    kinds: TRACKED,
    says: [
      /(?:测试|推理|预测|验证)(?:时|阶段|的时候)[^。；]{0,12}用[^。；]{0,8}(?:batch|批)的?(?:均值|方差|统计)/i,
      any(`${EVAL}${GAP},?${GAP}${USES}${GAP}${BATCH}`),
      any(`${USES}${GAP}${BATCH}${GAP}${EVAL}`),
      any(`${BATCH}${NARROW}${USES}${NARROW}${EVAL}`),
      any(`${EVAL}${GAP},?${GAP}${BATCH}${NARROW}are used`),
    ],
    lacks: any(KEPT, '训练|滑动|移动|累积|全局'),
  },
  {
    axis: 'statistics.eval',
    value: 'running',
    told: 'eval normalises with running statistics',
    kinds: TRACKED,
    says: [
      any(`${EVAL}${GAP},?${GAP}${USES}${GAP}${RUNNING}`),
      any(`${USES}${GAP}${RUNNING}${GAP}${EVAL}`),
      /测试时使用滑动平均|推理时使用滑动平均/,
    ],
    lacks: any(BATCH),
  },
  {
    axis: 'statistics.eval',
    value: 'running',
    told: 'eval normalises with running statistics',
    kinds: UNTRACKED,
    says: [any(`${EVAL}${GAP},?${GAP}${USES}${NARROW}${RUNNING}`), any(`${USES}${NARROW}${RUNNING}${NARROW}${EVAL}`)],
    lacks: any(TRAIN),
  },
  {
    axis: 'statistics.train',
    value: 'batch',
    told: 'training normalises with the statistics of the batch',
    kinds: TRACKED,
    says: [any(`${TRAIN}${GAP}${USES}${GAP}${BATCH}`)],
  },
  {
    axis: 'statistics.train',
    value: 'running-after-update',
    told: 'training normalises with the running statistics',
    kinds: TRACKED,
    says: [
      any(
        String.raw`${TRAIN}${GAP},?${GAP}\bnormali[sz]\w*\s+(?:\w+\s+){0,3}?(?:with|by|using)\s+(?:the\s+)?${RUNNING}`,
      ),
    ],
    lacks: any(BATCH, EVAL),
  },
  {
    axis: 'running.update-in-eval',
    value: 'yes',
    told: 'an eval step moves the running statistics',
    kinds: TRACKED,
    says: [
      any(String.raw`\b(?:updates?|moves|changes)\s(?:its|the)\s${RUNNING}(?:\s\w+){0,2}?\s${EVAL}`),
      any(String.raw`${RUNNING}\s(?:is|are|get)\s(?:still\s|also\s)?(?:updated|moved|changed)\s${EVAL}`),
    ],
    lacks: any(TRAIN, String.raw`\b(?:stop\w*|frozen|fixed|freez\w*|only)\b`),
  },
  {
    axis: 'variance.running',
    value: 'biased',
    told: 'the running variance takes in the biased variance',
    kinds: TRACKED,
    says: [
      any(`${RUNNING_VARIANCE}${GAP}${BIASED}`),
      any(String.raw`${BIASED}${NARROW}\b(?:for|into|in) (?:the )?${RUNNING_VARIANCE}`),
    ],
    lacks: any(UNBIASED, String.raw`\bnormali[sz]`),
  },
  {
    axis: 'variance.running',
    value: 'unbiased',
    told: 'the running variance takes in the unbiased variance',
    kinds: TRACKED,
    says: [any(`${RUNNING_VARIANCE}${GAP}${UNBIASED}`), any(`${UNBIASED}${GAP}${RUNNING_VARIANCE}`)],
    lacks: any(BIASED),
  },
  {
    axis: 'variance.normalization',
    value: 'unbiased',
    told: 'the input is normalised with the unbiased variance',
    kinds: CENTRED,
    says: [
      any(
        String.raw`\b(?:normali[sz]\w*|divid\w+|denominator|scales by)\b${GAP}${UNBIASED}${NARROW}(?:varianc|standard deviation|correction|estimat|$|\.)`,
      ),
      any(
        String.raw`\b(?:normali[sz]\w*|divid\w+)\b${GAP}(?:varianc\w*|standard deviation)${NARROW}(?:with|using)${NARROW}${UNBIASED}`,
      ),
      any(String.raw`\buses (?:the |an )?(?:unbiased (?:sample )?(?:variance|standard deviation)|Bessel)`),
      /归一化[^。，]{0,12}无偏方差|使用无偏方差/,
    ],
    lacks: any(BUFFERS, BIASED, CALLS),
  },
  {
    axis: 'variance.normalization',
    value: 'biased',
    told: 'the input is normalised with the biased variance',
    kinds: CENTRED,
    says: [any(String.raw`\b(?:normali[sz]\w*|divid\w+|uses)\b${GAP}${BIASED}`)],
    lacks: any(RUNNING, UNBIASED),
  },
  {
    axis: 'running.tracked',
    value: 'std',
    told: 'the second buffer tracks the standard deviation',
    kinds: TRACKED,
    says: [
      any(
        String.raw`\b(?:tracks?|keeps?|stores?|updates?)\b${NARROW}\brunning (?:mean and (?:the )?)?(?:running )?(?:standard deviation|std)\b`,
      ),
    ],
    lacks: /varianc/i,
  },
  {
    axis: 'running.initial',
    value: 'variance-zero',
    told: 'the running variance starts at 0',
    kinds: TRACKED,
    says: [
      any(
        String.raw`${RUNNING_VARIANCE}(?:\s(?:of|in)\s\w+)?\s(?:is\s)?(?:starts?|initiali[sz]ed|begins?)\s(?:at|to|with|from)\s(?:0|zeros?)\b`,
      ),
    ],
    lacks: /\b(1|ones?|mean)\b/i,
  },
  {
    axis: 'momentum.rule',
    value: 'old-weight',
    told: 'momentum weighs the old value',
    kinds: TRACKED,
    says: [
      any(
        String.raw`\bmomentum\b[^.;]{0,16}\b(?:is the (?:weight|share|fraction) of|weighs|multiplies) (?:the )?(?:old|previous|running|past)\s(?:running\s)?(?:means?|variances?|values?|statistics?|averages?|estimates?)\b`,
      ),
    ],
    lacks: /\b(new|batch|current)\b/i,
  },
  {
    axis: 'momentum.rule',
    value: 'new-weight',
    told: 'momentum weighs the new value',
    kinds: TRACKED,
    says: [
      any(
        String.raw`\bmomentum\b[^.;]{0,16}\b(?:is the (?:weight|share|fraction) of|weighs|multiplies) (?:the )?(?:new|batch|current)\b`,
      ),
    ],
    lacks: /\b(old|previous|past)\b/i,
  },
];
