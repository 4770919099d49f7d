// The cases whose answers are recorded: a share of each family and every parity case. Each has a name from which it is made again.

import { caseFromId } from '../../../cases/case-id.ts';
import { type Arguments, bool, type Case, int, type LayerName, type Step } from '../../../cases/case.ts';
import { FAMILY_NAMES, type FamilyName, generate, LISTED_FAMILIES, nthIndex } from '../../../cases/g1/generate.ts';
import { GRID } from '../../../cases/families/drawn.ts';
import { LAYOUTS, laidOut } from '../made-up.ts';
import { caseFor, SUBJECTS } from '../parity-cases.ts';

const DTYPES = ['float32', 'float64'] as const;

/** What `npm run record` asks. A recorded file names its own cases, so that a longer list here makes none stale. */
export function chosenCases(): readonly Case[] {
  const cases: Case[] = [];
  for (const family of FAMILY_NAMES) {
    for (let n = 0; n < countOf(family); n++) cases.push(generate(family, 0, nthIndex(family, n)));
  }
  for (let i = 0; i < SUBJECTS.length; i++) {
    for (const dtype of DTYPES) for (let l = 0; l < LAYOUTS.length; l++) cases.push(parityCase(i, dtype, l));
  }
  for (let i = 0; i < LARGE.length; i++) cases.push(largeCase(i));
  return cases.filter((c) => !isLeftOut(c));
}

/** The case of a recorded id. Throws IdError or RangeError. */
export function caseOf(id: string): Case {
  const [kind, subject, dtype, layout] = id.split('/');
  if (kind === 'large') return largeCase(Number(subject));
  if (kind !== 'parity') return caseFromId(id);
  return parityCase(Number(subject), dtype === 'float32' ? 'float32' : 'float64', Number(layout));
}

/** Groups of a few cases that a test takes at a time: the family, or the layer with its dtype and layout. */
export function groupOf(id: string): string {
  const [kind, family, , , summary] = id.split('/');
  if (kind === 'parity' || kind === 'large') return `${kind} ${caseOf(id).layer}`;
  return `${family} ${summary.split('.')[0]}`;
}

// --- internal ---

/** Inputs long enough for the kernels that small ones are not worth; layer, its arguments, shape and whether it is channels_last. */
const LARGE: readonly (readonly [LayerName, Arguments, readonly number[], boolean])[] = [
  ['LayerNorm', { normalized_shape: int(70) }, [61, 70], false],
  ['LayerNorm', { normalized_shape: int(768) }, [6, 768], false],
  ['LayerNorm', { normalized_shape: int(768), elementwise_affine: bool(false) }, [6, 768], false],
  ['RMSNorm', { normalized_shape: int(97) }, [50, 97], false],
  ['GroupNorm', { num_groups: int(2), num_channels: int(6) }, [2, 6, 19, 19], false],
  ['GroupNorm', { num_groups: int(2), num_channels: int(6), affine: bool(false) }, [2, 6, 19, 19], false],
  ['GroupNorm', { num_groups: int(2), num_channels: int(6) }, [2, 6, 19, 19], true],
  ['BatchNorm1d', { num_features: int(37) }, [120, 37], false],
  ['BatchNorm2d', { num_features: int(7) }, [3, 7, 15, 14], false],
  ['BatchNorm2d', { num_features: int(7) }, [3, 7, 15, 14], true],
  ['InstanceNorm2d', { num_features: int(5), affine: bool(true) }, [2, 5, 22, 21], false],
];

function countOf(family: FamilyName): number {
  if (family in LISTED_FAMILIES) return LISTED_FAMILIES[family as keyof typeof LISTED_FAMILIES].length; // just found in it
  return family === 'grid' ? GRID.length : family === 'ordinary' ? 150 : 40;
}

function parityCase(subject: number, dtype: (typeof DTYPES)[number], layout: number): Case {
  const made = caseFor(SUBJECTS[subject], dtype, LAYOUTS[layout], 100 + subject);
  const c = { ...made, id: `parity/${subject}/${dtype}/${layout}` };
  // Eval of a strided BatchNorm has no bits of its own, see isLeftOut.
  return layout > 0 && c.layer.startsWith('BatchNorm') ? { ...c, steps: c.steps.slice(0, -3) } : c;
}

/** Trained once and evaluated once, with a backward, in float32. */
function largeCase(i: number): Case {
  const [layer, args, shape, channelsLast] = LARGE[i];
  const laid = (seed: number) => laidOut(shape, channelsLast ? 'channels_last' : 'contiguous', 'float32', seed);
  const steps: Step[] = [
    { kind: 'construct', layer, arguments: args },
    { kind: 'forward', mode: 'train', input: laid(7 + i), gradient: true },
    { kind: 'backward', gradient: laid(50 + i), accumulate: false, again: false },
    { kind: 'read', what: 'all' },
  ];
  if (!channelsLast) steps.push({ kind: 'forward', mode: 'eval', input: laid(90 + i), gradient: false });
  return { id: `large/${i}`, layer, dtype: 'float32', layout: channelsLast ? 'channels_last' : 'contiguous', steps };
}

/** PyTorch's strided BatchNorm in eval takes a square root whose last bit depends on the machine: there is no answer to keep. */
function isLeftOut(c: Case): boolean {
  if (c.steps.some(({ kind }) => kind === 'double_backward')) return true; // near PyTorch's and not its bits
  if (!/^(BatchNorm|batch_norm)/.test(c.layer) || c.layout === 'contiguous') return false;
  return c.steps.some(
    (s) =>
      (s.kind === 'forward' && s.mode === 'eval') ||
      (s.kind === 'call' && s.arguments.training?.kind === 'bool' && !s.arguments.training.value),
  );
}
