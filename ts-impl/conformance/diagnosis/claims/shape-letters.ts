// Shapes in letters: what each letter of `[B, C, H, W]` stands for, by a declared input or by custom, and what a list of them covers.

import type { Passage } from './passage.ts';

export type AxisRole = 'batch' | 'channel' | 'space' | 'group';

/** Letters, in lower case but for those whose case tells them apart, to what they stand for. */
export interface Legend {
  readonly roles: ReadonlyMap<string, AxisRole>;
  /** The letters of the axes of space, in their order. */
  readonly space: readonly string[];
  /** Whether an input was declared, or custom alone speaks. */
  readonly declared: boolean;
}

/** What a list of letters covers. */
export interface Covered {
  readonly batch: boolean;
  /** `part`: the channels of one group. */
  readonly channel: 'no' | 'part' | 'whole';
  readonly space: readonly string[];
  readonly group: boolean;
}

/** What letters mean by custom. A lone N may count samples or channels: it means nothing. */
export const CUSTOM: Legend = {
  roles: new Map<string, AxisRole>([
    ['B', 'batch'],
    ['C', 'channel'],
    ['D', 'channel'],
    ['d', 'channel'],
    ['H', 'space'],
    ['W', 'space'],
    ['G', 'group'],
    ['g', 'group'],
    ...words('batch', 'batch_size', 'batch', 'bs'),
    ...words(
      'channel',
      'num_features',
      'num_channels',
      'channels',
      'features',
      'n_features',
      'n_channels',
      'in_channels',
      'out_channels',
      'dim',
      'hidden',
      'hidden_size',
      'hidden_dim',
      'd_model',
      'embed_dim',
      'normalized_shape',
      'c',
    ),
    ...words('space', 'height', 'width', 'seq_len', 'length'),
    ...words('group', 'num_groups', 'groups', 'n_groups'),
  ]),
  space: ['H', 'W'],
  declared: false,
};

/** The legend of the first input that one of the passages declares, such as "input (N, C, H, W)"; null where none does. */
export function legendIn(passages: readonly Passage[]): Legend | null {
  for (const { text } of passages) {
    for (const m of text.matchAll(DECLARATION)) {
      const legend = legendOf(m[1].split(/[,，×x*\s]+/).filter((letter) => letter !== ''));
      if (legend !== null) return legend;
    }
  }
  return null;
}

/** What `list` covers, such as `B, W, H`, `B*N` or `C/G, H, W`; null where a letter is unknown. Ones and empty places cover nothing. */
export function covered(list: string, legend: Legend): Covered | null {
  const seen = new Set<AxisRole>();
  const space: string[] = [];
  let part = false;
  const letters = list
    .split(/[,，×·*]|\\times|\\cdot|\sx\s|\band\b|和|、/)
    .map((word) => word.trim().replace(/^\\?[a-z]*\{?([A-Za-z])\}?$/, '$1'));
  for (const word of letters) {
    if (word === '' || word === '1') continue;
    const [letter, divisor, more] = word.split(/\/\/?/).map((w) => w.trim());
    if (more !== undefined) return null;
    const role = roleOfLetter(letter, legend, letters);
    if (role === null) return null;
    if (divisor !== undefined) {
      if (role !== 'channel' || roleOfLetter(divisor, legend, letters) !== 'group') return null;
      part = true;
    }
    seen.add(role);
    if (role === 'space') space.push(letter.toUpperCase());
  }
  return {
    batch: seen.has('batch'),
    channel: !seen.has('channel') ? 'no' : part ? 'part' : 'whole',
    space,
    group: seen.has('group'),
  };
}

/** The covered axes in the vocabulary's letters and order. */
export function lettersFor({ batch, channel, space }: Covered): string {
  const order = 'DHWL';
  const known = [...space]
    .map((letter) => (letter === 'T' || letter === 'S' ? 'L' : letter))
    .filter((letter) => order.includes(letter));
  return [
    ...(batch ? ['N'] : []),
    ...(channel === 'no' ? [] : ['C']),
    ...known.sort((a, b) => order.indexOf(a) - order.indexOf(b)),
  ].join(',');
}

// --- internal ---

function words(role: AxisRole, ...names: string[]): [string, AxisRole][] {
  return names.map((name) => [name, role]);
}

const DECLARATION =
  /(?:\binputs?|\btensors?|\bshaped?|\bactivations?|\bfeature maps?|\bimages?|\bx|输入|形状|张量)[^\n.;。；[(（]{0,24}[[(（]\s*([A-Za-z](?:\w*\s*[,，×x*]\s*[A-Za-z]\w*)+)\s*[\])）]/giu;

const BATCH = /^(B|N|b|n|bs|batch|batch_size)$/;
const SPACE = /^(H|W|L|T|S|h|w|l|t|height|width|length|time|seq_len|seq)$/;
const CHANNEL = /^(C|c|channels?|features?|num_features|num_channels)$/;

/** Batch first, one axis of channels, the rest space. */
function legendOf(letters: readonly string[]): Legend | null {
  if (letters.length < 2 || letters.length > 5 || !BATCH.test(letters[0])) return null;
  const rest = letters.slice(1);
  const roles = new Map<string, AxisRole>([[letters[0], 'batch']]);
  const plane = rest.some((l) => /^h/i.test(l)) && rest.some((l) => /^w/i.test(l));
  const space = rest.filter((l) => SPACE.test(l) || (plane && /^d/i.test(l)));
  const others = rest.filter((l) => !space.includes(l));
  const channel = others.find((l) => CHANNEL.test(l)) ?? others[0];
  if (others.length !== 1 || channel === undefined) return null;
  roles.set(channel, 'channel');
  for (const letter of space) roles.set(letter, 'space');
  return { roles, space: space.map((l) => l.toUpperCase()), declared: true };
}

function roleOfLetter(letter: string, legend: Legend, all: readonly string[]): AxisRole | null {
  if (letter === 'D' && !legend.declared && all.includes('H') && all.includes('W')) return 'space';
  const known = legend.roles.get(letter);
  if (known !== undefined) return known;
  if (legend.declared && letter.length === 1 && !/^[Gg]$/.test(letter)) return null;
  if (letter === 'N' && !legend.declared && all.some((l) => /^[CHWLT]/.test(l)) && !all.includes('B')) return 'batch';
  if (/^[LT]$/.test(letter) && all.includes('N')) return 'space';
  return CUSTOM.roles.get(letter) ?? null;
}
