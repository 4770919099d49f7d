// Claims on the shapes of parameters and statistics: `gamma[B]`, `γ ∈ R^C`, "one weight for each sample". A shape it can't read is none.

import type { NormKind } from '../axes/norm-kind.ts';
import type { Statement } from './claim.ts';
import { type Covered, covered, type Legend } from './shape-letters.ts';

/** What `text` says of shapes. `reduced`: the axes that its section normalises over, in letters, where it says so. */
export function shapeStatements(text: string, kind: NormKind, legend: Legend, reduced: Covered | null): Statement[] {
  const statements: Statement[] = [];
  for (const { name, list, at, quote } of shapesIn(text)) {
    const parameter = isParameter(name);
    if (!parameter && !/^\s*[\w*·×/]+\s*,?\s*$/.test(list)) continue; // `mean[N, H, W]` may be axes
    const cover = covered(list, legend);
    if (cover === null) continue;
    const said = parameter ? parameterSaid(cover, kind, reduced) : statisticSaid(cover, kind, legend);
    if (said === null) continue;
    const axis = parameter ? 'affine.shape' : 'axes.reduction';
    const told = `there is one ${NAMES[name.replace('\\', '')] ?? name} for each ${units(cover)}`;
    statements.push({ axis, ...said, told, quote, at });
  }
  return [...onePerAxis(statements), ...perUnit(text, kind)];
}

// --- internal ---

interface Said {
  readonly value: string;
  readonly fits: boolean;
}

interface Shaped {
  readonly name: string;
  readonly list: string;
  readonly at: number;
  readonly quote: string;
}

const NAME = String.raw`(?<![\w.\\/*^])(?<!\b(?:attention|linear|conv\w*|kernel|embedding|projection|class|loss|output|input|layer|sample|importance)\s)(?<name>\\?(?:gamma|beta)|γ|β|weight|bias|scale|shift|mean|variance|var|std|μ|σ²|σ)(?![\w(.])`;
const AFTER = String.raw`\s*\x60?\s*(?:,?\s*(?:and|&|,|\/|和|、)\s*\x60?\s*(?:\\?beta|β|bias|shift|variance|var|std|σ²)\x60?)?`;
const LIST = String.raw`[A-Za-z1][\w\s,，×*·/]*?`;
const FORMS: readonly RegExp[] = [
  new RegExp(String.raw`${NAME}\s*\[\s*(?<list>${LIST})\s*\]`, 'giu'),
  new RegExp(
    String.raw`${NAME}${AFTER}[,\s$]*(?:∈|\\in)\s*\$?\s*(?:ℝ|R|\\mathbb\s*\{?R\}?|\\R|\\Re)\s*\^\s*(?:\{\s*(?<braced>${LIST})\s*\}|\(\s*(?<round>${LIST})\s*\)|(?<list>[A-Za-z]))`,
    'gu',
  ),
  new RegExp(
    String.raw`${NAME}${AFTER}\s*(?:(?:has|have|is|are|with|of|,|a|the|both|each|parameters?|vectors?|tensors?)\s+){0,4}(?:of\s+)?(?:shaped?|size|形状)\s*(?:is|are|of|:|=|为|是)?\s*\x60?[[(]\s*(?<list>${LIST}),?\s*[\])]`,
    'giu',
  ),
  new RegExp(String.raw`${NAME}\x60?\s*[:：]\s*\x60?[[(]\s*(?<list>${LIST}),?\s*[\])](?!\s*[-+*/=])`, 'giu'),
];

function shapesIn(text: string): Shaped[] {
  return FORMS.flatMap((form) =>
    Array.from(text.matchAll(form), (m) => {
      const { name = '', list, braced, round } = m.groups ?? {};
      return { name, list: list ?? braced ?? round ?? '', at: m.index, quote: m[0].trim() };
    }),
  );
}

const PARAMETERS = /^\\?(gamma|beta)$|^[γβ]$|^(weight|bias|scale|shift)$/i;
const isParameter = (name: string): boolean => PARAMETERS.test(name);

const NAMES: Readonly<Record<string, string>> = {
  γ: 'gamma',
  β: 'beta',
  μ: 'mean',
  σ: 'deviation',
  'σ²': 'variance',
  var: 'variance',
  std: 'deviation',
};

/** What a parameter's shape is in the vocabulary, and whether it is PyTorch's; null where that is open. */
function parameterSaid(cover: Covered, kind: NormKind, reduced: Covered | null): Said | null {
  const { batch, channel, space, group } = cover;
  if (batch) return { value: 'other', fits: false };
  if (channel === 'part') return null;
  if (group) return channel === 'no' && space.length === 0 ? { value: 'G', fits: false } : null;
  const perChannel = channel === 'whole' && space.length === 0;
  if (kind === 'LayerNorm' || kind === 'RMSNorm') {
    if (!perChannel) return channel === 'no' && space.length === 0 ? null : { value: 'normalized_shape', fits: true };
    const wider = reduced !== null && reduced.channel === 'whole' && reduced.space.length > 0 && !reduced.batch;
    return wider ? { value: 'C', fits: false } : { value: 'normalized_shape', fits: true };
  }
  return perChannel ? { value: 'C', fits: true } : null;
}

/** The same of a mean or a variance: which elements share one. */
function statisticSaid({ batch, channel, space, group }: Covered, kind: NormKind, legend: Legend): Said | null {
  if (channel === 'part') return null;
  const is = `${batch ? 'N' : ''}${channel === 'whole' ? 'C' : ''}${group ? 'G' : ''}${space.length > 0 ? 'S' : ''}`;
  const right: Readonly<Record<NormKind, readonly string[]>> = {
    BatchNorm: ['C'],
    InstanceNorm: ['NC'],
    GroupNorm: ['NG'],
    LayerNorm: ['N', 'NS', 'S'],
    RMSNorm: ['N', 'NS', 'S'],
  };
  if (right[kind].includes(is)) return { value: 'right', fits: true };
  // Without a declared input, or for a group alone, the samples may be left out as understood.
  if (!legend.declared && !batch) return null;
  if (kind === 'GroupNorm' && is === 'G') return null;
  return is === '' || is.includes('S') ? null : { value: 'other', fits: false };
}

function units({ batch, channel, space, group }: Covered): string {
  const units = [
    ...(batch ? ['sample'] : []),
    ...(group ? ['group'] : []),
    ...(channel === 'no' ? [] : ['channel']),
    ...space.map((l) => `place on ${l}`),
  ];
  return units.join(' and ') || 'layer';
}

/** gamma and beta of one shape are one claim. */
function onePerAxis(statements: readonly Statement[]): Statement[] {
  return statements.filter(
    (s, i) => statements.findIndex((o) => o.axis === s.axis && o.value === s.value && o.fits === s.fits) === i,
  );
}

const PARAMETER_WORDS = String.raw`(?:gammas?|betas?|γ|β|weight and (?:a )?bias|weights and biases|scale and (?:a )?shift|affine parameters?|(?:learnable|learned|trainable)\s(?:affine\s)?(?:weights?|bias(?:es)?|scales?|shifts?|parameters?)|缩放参数|可学习参数)`;
const UNIT = '(channels?|features?|samples?|examples?|instances?|images?|groups?|elements?|tokens?)';
const PER_UNIT = String.raw`(?:per|for each|for every|of each)[\s-]${UNIT}\b(?![\s-]*(?:and|in|of|within)\b)`;
const OWN = `(?:one|an?|separate|different|individual|own|distinct|single|learns?|has|have|with|learnable|learned|trainable)`;
const PER = [
  new RegExp(
    String.raw`\b${OWN}\s(?:\w+\s){0,2}?${PARAMETER_WORDS}(?:\s(?:and|or)\s(?:one\s|an?\s)?${PARAMETER_WORDS})?\s${PER_UNIT}`,
    'giu',
  ),
  new RegExp(
    String.raw`(?<![\w.])${PARAMETER_WORDS}(?:\sand\s${PARAMETER_WORDS})?\s(?:is|are|exists?)\s(?:(?:learned|separate|kept|defined|stored|different|one|individual)\s){0,2}${PER_UNIT}`,
    'giu',
  ),
  new RegExp(String.raw`\bper-${UNIT}\s(?:(?:learnable|learned|affine|trainable)\s){0,2}${PARAMETER_WORDS}`, 'giu'),
  new RegExp(
    String.raw`\b(?:each|every)\s${UNIT}\s(?:has|gets|with|owns)\s(?:its|an?|one)\s(?:own\s)?${PARAMETER_WORDS}`,
    'giu',
  ),
];
const SHARED = /\b(same|shared?|shares|sharing|common|identical)\b/i;

/** "one gamma per channel". */
function perUnit(text: string, kind: NormKind): Statement[] {
  if (SHARED.test(text)) return [];
  return PER.flatMap((form) =>
    Array.from(text.matchAll(form), (m): Statement | null => {
      const unit = m[1].toLowerCase().replace(/s$/, '');
      const said = unitSaid(unit, kind);
      return said === null
        ? null
        : {
            axis: 'affine.shape',
            ...said,
            told: `there is one weight and bias for each ${unit}`,
            quote: m[0].trim(),
            at: m.index,
          };
    }),
  ).filter((s) => s !== null);
}

function unitSaid(unit: string, kind: NormKind): Said | null {
  switch (unit) {
    case 'sample':
    case 'example':
    case 'instance':
    case 'image':
    case 'token':
      return { value: 'other', fits: false };
    case 'group':
      return { value: 'G', fits: false };
    case 'channel':
    case 'feature':
      return kind === 'LayerNorm' || kind === 'RMSNorm'
        ? unit === 'feature'
          ? { value: 'normalized_shape', fits: true }
          : null
        : { value: 'C', fits: true };
    default:
      return kind === 'LayerNorm' || kind === 'RMSNorm' ? { value: 'normalized_shape', fits: true } : null;
  }
}
