// What a parameter of a norm's function is for, by its name. A guess: whether the call then works has the last word.

export type ParameterRole =
  | 'input'
  | 'out'
  | 'shape'
  | 'dim'
  | 'weight'
  | 'bias'
  | 'mean'
  | 'variance'
  | 'eps'
  | 'momentum'
  | 'groups'
  | 'size'
  | 'training'
  | 'inference'
  | 'mode'
  | 'axis'
  | 'upstream'
  | 'cache'
  | 'other';

/** The likeliest role of a name. */
export function roleOfName(name: string): ParameterRole {
  const word = name.toLowerCase().replace(/[_$]/g, '');
  return ROLES.find(([, pattern]) => pattern.test(word))?.[0] ?? 'other';
}

/** Single letters that stand for one thing among parameters and for a size among sizes. */
export const isAmbiguous = (name: string): boolean => /^[bgwmnd]$/i.test(name);

/** Which of two roles a name of state speaks of: statistics or parameters. */
export const isStatistic = (name: string): boolean => /mean|var|moving|running|std|sigma|^mu|_mu|avg/i.test(name);

// --- internal ---

const ROLES: readonly (readonly [ParameterRole, RegExp])[] = [
  ['upstream', /^(dout|dy|dloss|gradoutput|outputgrad|gradout|grady|upstream|dz|grad|gradient)$/],
  ['cache', /^(cache|ctx|context|saved|saves|tape|intermediates?)$/],
  ['eps', /eps|^e$|^tiny$/],
  ['momentum', /mom|decay|^rho$|^alpha$/],
  ['groups', /group|^ng$/],
  ['training', /^(is)?train(ing)?(mode)?$|^(in)?training|usebatch|useinput/],
  ['inference', /^(is)?(infer(ence)?|test(ing)?|eval(uation)?(mode)?|predict|frozen)$|userunning|useglobal/],
  ['mode', /^(mode|phase)$/],
  ['size', /normalizedshape|normalizedsize|normshape|featureshape|normalizeddims?/],
  ['variance', /var|sigma2|sigmasq|^sigma$|std/],
  ['mean', /mean|^mu$|mu$|avg/],
  ['weight', /^(gamma|weights?|scale|g|w|gain|gammas|a2|slope)$/],
  ['bias', /^(beta|bias|biases|shift|b|offset|betas|b2|center|intercept)$/],
  ['shape', /^(x|in|input)?(shape|dims|sizes)$/],
  ['axis', /^(axis|axes|dim)$/],
  ['out', /^(out|output|dst|dest|destination|result|target|y)$/],
  [
    'dim',
    /^(n|c|h|w|d|l|t|b|m|s|hw|batch(size)?|rows?|cols?|columns|num(rows|cols|samples|channels|features)|channels?|features?|hidden(size|dim)?|dim(ension)?|width|height|depth|length|len|seqlen|time|spatial(size)?|pixels|area|size|count|samples|embeddim|dmodel|stride|nfeatures|nchannels|nsamples)$/,
  ],
  [
    'input',
    /^(x|xs|input|inputs|data|values?|tensor|arr(ay)?|activations|batch|inp|features|samples|vec(tor)?|row|src|source|z|h|hidden|image|images|img|matrix|mat|v|signal)$/,
  ],
];
