// Axis entries on parameters: what weight and bias do, which elements share them, and what they start with.

import type { Affine, AffineForm, AffineTensor, Profile } from '../model/profile.ts';
import { taught } from './advice.ts';
import type { Axis } from './axis.ts';
import { channelWord, sameAxes } from './axes-shape.ts';
import type { Target } from './target.ts';

const OUTPUT = { tensors: /^output$/, option: null };

/** The word for which elements share an entry of a parameter. */
function sharedWord(t: AffineTensor, profile: Profile, target: Target): string {
  const last = profile.shape.length - 1;
  if (t.perGroup) return 'G';
  if (target.normalizedAxes > 0) {
    const normalized = Array.from({ length: target.normalizedAxes }, (_, i) => last - target.normalizedAxes + 1 + i);
    if (sameAxes(t.axes, normalized)) return 'normalized_shape';
  }
  if (t.axes.length === 0) return 'scalar';
  if (sameAxes(t.axes, [1])) return 'C';
  return sameAxes(t.axes, [last]) ? 'last-axis' : 'other';
}

export const affineShape: Axis = {
  id: 'affine.shape',
  ...taught('affine.shape'),
  level: 'error',
  values: ['C', 'normalized_shape', 'G', 'last-axis', 'scalar', 'other'],
  about: 'which elements share a weight and a bias',
  pytorch: (target) => (target.normalizedAxes > 0 ? 'normalized_shape' : 'C'),
  measured: ({ profile }, target) => {
    if (target.kind === 'BatchNorm' || target.kind === 'InstanceNorm') {
      if (channelWord(profile, target) !== null) return null;
    }
    const expected = target.normalizedAxes > 0 ? 'normalized_shape' : 'C';
    const words = [profile.affine.weight, profile.affine.bias].flatMap((t) =>
      t === null ? [] : [sharedWord(t, profile, target)],
    );
    if (words.length === 0) return null;
    return words.find((word) => word !== expected) ?? expected;
  },
  apply: null,
  separatedBy: 'weights that are all different',
  explain: (actual, _subject, target) => {
    const usual = target.normalizedAxes > 0 ? 'one for each element of normalized_shape' : 'one for each channel';
    const words: Record<string, string> = {
      C: 'one weight and bias for each channel',
      G: 'one weight and bias for each group',
      'last-axis': 'one weight and bias for each position of the last axis',
      scalar: 'a single weight and bias for all elements',
      normalized_shape: 'one weight and bias for each element of the normalised axes',
    };
    return `There is ${words[String(actual)] ?? 'a weight shared in another way'}, where PyTorch's ${target.layer} has ${usual}.`;
  },
  clues: [/Parameter\(/, /gamma|weight|scale/],
};

export const affineForm: Axis = {
  id: 'affine.form',
  ...taught('affine.form'),
  level: 'error',
  values: [
    'weight*x+bias',
    'one-plus-weight',
    'bias-before-weight',
    'weight-only',
    'bias-only',
    'none',
    'ignored',
    'forced-one',
  ],
  about: 'what weight and bias do to the normalised value',
  pytorch: (target) => (target.affine ? (target.kind === 'RMSNorm' ? 'weight-only' : 'weight*x+bias') : 'none'),
  measured: ({ profile }, target) => {
    // InstanceNorm has an affine form only where asked for: having one is a default, not a form.
    if (target.kind === 'InstanceNorm' && !target.affine && profile.affine.form === 'weight*x+bias') return 'none';
    return profile.affine.form;
  },
  apply: (profile, value) => ({ ...profile, affine: withForm(profile.affine, value as AffineForm) }), // one of `values`
  shownBy: OUTPUT,
  separatedBy: 'a weight that is not 1, with negatives and a zero, and a bias that is not 0',
  explain: (actual) => {
    const words: Record<string, string> = {
      'one-plus-weight': 'The output is scaled by 1 + weight: a checkpoint for PyTorch holds weights larger by 1.',
      'bias-before-weight':
        'The bias is added before the weight multiplies: equal while the bias is 0; to convert, multiply the bias by the weight.',
      'weight-only': 'There is a weight but no bias.',
      'bias-only': 'There is a bias but no weight.',
      none: 'There is no weight and no bias.',
      ignored: 'Weight and bias exist but do not enter the output.',
      'forced-one': 'The weight exists but counts as 1, whatever it holds; the bias is added.',
      'weight*x+bias': 'There is a bias, where PyTorch has a weight alone.',
    };
    return words[String(actual)] ?? 'Weight and bias enter the output in another way.';
  },
  clues: [/return .*(gamma|weight|scale|beta|bias|shift)/, /gamma|weight|scale|beta|bias/, /Parameter\(/],
};

/** The affine with another form; tensors that the form leaves out are gone, tensors that it lacks stay out. */
function withForm(affine: Affine, form: AffineForm): Affine {
  switch (form) {
    case 'none':
    case 'ignored':
      return { form, weight: null, bias: null, identity: 1 };
    case 'weight-only':
      return { ...affine, form, bias: null, identity: 1 };
    case 'bias-only':
    case 'forced-one':
      return { ...affine, form, weight: null, identity: 1 };
    case 'one-plus-weight':
      return { ...affine, form, identity: 0 };
    case 'weight*x+bias':
    case 'bias-before-weight':
      return { ...affine, form, identity: 1 };
    default:
      return form satisfies never;
  }
}

export const affineDefault: Axis = {
  id: 'affine.default',
  ...taught('affine.default'),
  level: 'note',
  values: ['on', 'off', 'opposite'],
  about: 'whether a layer made without options has weight and bias',
  pytorch: (target) => (target.kind === 'InstanceNorm' ? 'off' : 'on'),
  measured: ({ profile }, target) => {
    const on = profile.traits.affineDefault;
    if (on === null) return null;
    return on === (target.kind !== 'InstanceNorm') ? (on ? 'on' : 'off') : 'opposite';
  },
  apply: null,
  separatedBy: 'the default of the option',
  explain: (_actual, { profile }, target) =>
    `Weight and bias are ${profile.traits.affineDefault === true ? 'there unless declined' : 'left out unless asked for'}; PyTorch's ${target.layer} does the opposite.`,
  clues: [/affine|learnable|scale/],
};

export const weightInitial: Axis = {
  id: 'weight.initial',
  ...taught('weight.initial'),
  level: 'error',
  values: ['ones', 'uniform', 'zeros', 'other'],
  about: 'what fresh parameters hold: PyTorch has a weight of ones and a bias of zeros',
  pytorch: () => 'ones',
  measured: ({ profile: { affine, traits } }) => {
    const { weight, bias } = traits.initial;
    if (affine.weight === null && affine.bias === null) return null;
    if (bias !== null && bias.word !== 'zeros') return 'other';
    if (weight === null) return 'ones';
    // Under one-plus-weight zeros are what ones are elsewhere: checkpoints differ, fresh layers do not.
    if (affine.form === 'one-plus-weight') return weight.word === 'zeros' ? 'ones' : 'other';
    return weight.word;
  },
  apply: null,
  separatedBy: 'the parameters of a fresh layer',
  explain: (actual) => {
    switch (actual) {
      case 'uniform':
        return 'A fresh weight is drawn from the uniform distribution on [0, 1); PyTorch starts with ones.';
      case 'zeros':
        return 'A fresh weight is zero, so a fresh layer gives its bias alone; PyTorch starts with ones.';
      default:
        return 'Fresh parameters hold other values than a weight of ones and a bias of zeros.';
    }
  },
  clues: [/init\.|uniform|torch\.(zeros|rand|full|empty)/, /Parameter\(/],
};

export const PARAMETER_AXES: readonly Axis[] = [affineForm, affineShape, affineDefault, weightInitial];
