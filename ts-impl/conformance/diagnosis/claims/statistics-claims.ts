// Claims on statistics in words: which ones eval and training use, which variance is biased, how buffers move and start.

import type { NormKind } from '../axes/norm-kind.ts';
import type { Statement } from './claim.ts';

/** What a sentence says in one of the forms below; each must hold every one of its words. */
export function statisticsStatements(text: string, kind: NormKind): Statement[] {
  return FORMS.filter(
    (form) => form.kinds.includes(kind) && form.has.every((word) => word.test(text)) && !form.lacks?.test(text),
  ).map((form) => {
    const at = text.search(form.has[form.has.length - 1]);
    return { axis: form.axis, value: form.value, fits: null, told: form.told, quote: text.trim(), at: Math.max(0, at) };
  });
}

// --- internal ---

interface Form {
  readonly axis: string;
  readonly value: string;
  readonly told: string;
  readonly kinds: readonly NormKind[];
  readonly has: readonly RegExp[];
  readonly lacks?: RegExp;
}

const TRACKED: readonly NormKind[] = ['BatchNorm'];
const UNTRACKED: readonly NormKind[] = ['LayerNorm', 'GroupNorm', 'RMSNorm'];
const CENTRED: readonly NormKind[] = ['BatchNorm', 'LayerNorm', 'InstanceNorm', 'GroupNorm'];

const EVAL =
  /\b(at|in|during|for|under)\s+(the\s+)?(inference|eval(uation)?|test(ing)?|prediction|deployment)([\s-]?(time|mode|phase))?\b|测试时|推理时|在test的时候|测试阶段|推理阶段/i;
const TRAIN = /\b(at|in|during|for|while)\s+(the\s+)?train(ing)?([\s-]?(time|mode|phase))?\b|训练时|训练阶段/i;
const RUNNING =
  /\b(running|moving|tracked|accumulated|exponential(ly)?)[\s_-]*(weighted\s+)?(means?|averages?|variances?|vars?|statistics|estimates?|buffers?|moving averages?)|滑动平均|移动平均|running_(mean|var)/i;
const BATCH =
  /\b(mini-?)?batch(['’]s)?\s+(statistics|means?|variances?|moments)\b|\b(statistics|mean and (the )?(variance|standard deviation)|mean|variance) (of|from|over) (the|its) (current |own |test |input )?(mini-?)?batch\b|当前batch的|批统计量/i;
const USES = /\b(uses?|used|using|normali[sz]\w*|appl\w+|relies|rely)\b|使用|用/i;
const UNBIASED = /\bunbiased\b|\bBessel(['’]s)?\b|\bn\s*[-−–]\s*1\b|\bddof\s*=\s*1\b|无偏/i;
const BIASED = /(?<!un)(?<!non-)\bbiased\b|\bddof\s*=\s*0\b|有偏/i;
const NORMALISES =
  /\b(normali[sz]\w*|divid\w+|scal(es?|ed|ing)|standardi[sz]\w*|uses?|computes?|denominator)\b|归一化|标准化|使用/i;
const UPDATES = /\b(updat\w+|mov(es?|ed)|chang\w+|accumulat\w+|adjust\w+)\b|更新/i;

const FORMS: readonly Form[] = [
  {
    axis: 'statistics.eval',
    value: 'batch',
    told: 'eval normalises with the statistics of its own batch',
    kinds: TRACKED,
    has: [EVAL, USES, BATCH],
    lacks: new RegExp(`${RUNNING.source}|${TRAIN.source}`, 'i'),
  },
  {
    axis: 'statistics.eval',
    value: 'running',
    told: 'eval normalises with running statistics',
    kinds: TRACKED,
    has: [EVAL, USES, RUNNING],
    lacks: new RegExp(`${BATCH.source}|${TRAIN.source}|${UPDATES.source}`, 'i'),
  },
  {
    axis: 'statistics.eval',
    value: 'running',
    told: 'eval normalises with running statistics',
    kinds: UNTRACKED,
    has: [EVAL, /\b(uses?|normali[sz]es (with|by|using))\b|使用/i, RUNNING],
    lacks: TRAIN,
  },
  {
    axis: 'statistics.train',
    value: 'batch',
    told: 'training normalises with the statistics of the batch',
    kinds: TRACKED,
    has: [TRAIN, /\bnormali[sz]\w*\s+(\w+\s+){0,3}?(with|by|using)\b/i, BATCH],
    lacks: EVAL,
  },
  {
    axis: 'statistics.train',
    value: 'running-after-update',
    told: 'training normalises with the running statistics',
    kinds: TRACKED,
    has: [TRAIN, /\bnormali[sz]\w*\s+(\w+\s+){0,3}?(with|by|using)\s+(the\s+)?(running|moving)/i, RUNNING],
    lacks: new RegExp(`${BATCH.source}|${EVAL.source}`, 'i'),
  },
  {
    axis: 'running.update-in-eval',
    value: 'yes',
    told: 'an eval step moves the running statistics',
    kinds: TRACKED,
    has: [EVAL, RUNNING, UPDATES],
    lacks: new RegExp(`${TRAIN.source}|\\b(stop\\w*|frozen|fixed|freez\\w*|only)\\b`, 'i'),
  },
  {
    axis: 'variance.running',
    value: 'biased',
    told: 'the running variance takes in the biased variance',
    kinds: TRACKED,
    has: [RUNNING, BIASED],
    lacks: UNBIASED,
  },
  {
    axis: 'variance.running',
    value: 'unbiased',
    told: 'the running variance takes in the unbiased variance',
    kinds: TRACKED,
    has: [RUNNING, UNBIASED],
    lacks: BIASED,
  },
  {
    axis: 'variance.normalization',
    value: 'unbiased',
    told: 'the input is normalised with the unbiased variance',
    kinds: CENTRED,
    has: [NORMALISES, /varianc|standard deviation|\bstd\b|方差/i, UNBIASED],
    lacks: new RegExp(
      `${RUNNING.source}|${BIASED.source}|${EVAL.source}|\\b(running|track\\w*|estimat\\w*|population|buffers?|inference)\\b|推理|测试`,
      'i',
    ),
  },
  {
    axis: 'variance.normalization',
    value: 'biased',
    told: 'the input is normalised with the biased variance',
    kinds: CENTRED,
    has: [NORMALISES, /varianc|standard deviation|方差/i, BIASED],
    lacks: new RegExp(`${RUNNING.source}|${UNBIASED.source}`, 'i'),
  },
  {
    axis: 'running.tracked',
    value: 'std',
    told: 'the second buffer tracks the standard deviation',
    kinds: TRACKED,
    has: [
      /\brunning (mean and (the )?)?(running )?(standard deviation|std)\b|running_std/i,
      /\b(track\w*|keeps?|buffers?|stor\w+|updat\w+)\b/i,
    ],
    lacks: /varianc/i,
  },
  {
    axis: 'running.initial',
    value: 'variance-zero',
    told: 'the running variance starts at 0',
    kinds: TRACKED,
    has: [/\brunning[\s_]var(iance)?\b/i, /\b(start\w*|initiali[sz]\w*|begin\w*)\b[^.;,]{0,24}\b(0|zeros?)\b/i],
    lacks: /\b(1|ones?|mean)\b/i,
  },
  {
    axis: 'momentum.rule',
    value: 'old-weight',
    told: 'momentum weighs the old value',
    kinds: TRACKED,
    has: [
      /\bmomentum\b[^.;]{0,40}\b(weight|share|fraction|weighs|multipl\w+)\b[^.;]{0,24}\b(old|previous|running|past)\b/i,
    ],
    lacks: /\b(new|batch|current)\b/i,
  },
  {
    axis: 'momentum.rule',
    value: 'new-weight',
    told: 'momentum weighs the new value',
    kinds: TRACKED,
    has: [/\bmomentum\b[^.;]{0,40}\b(weight|share|fraction|weighs|multipl\w+)\b[^.;]{0,24}\b(new|batch|current)\b/i],
    lacks: /\b(old|previous|running|past)\b/i,
  },
];
