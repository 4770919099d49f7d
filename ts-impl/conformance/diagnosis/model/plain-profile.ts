// A profile that claims nothing: for specimens that could not be measured but can still be asked, as their constructor makes them.

import type { Shape } from '../../../tensor/shape.ts';
import { NO_TRAITS, type Profile } from './profile.ts';

/** PyTorch's arithmetic, no parameter and no buffer, at the shape that the specimen took. */
export function plainProfile({ shape }: { readonly shape: Shape }): Profile {
  const partition = { kind: 'axes', kept: [], groups: null } as const;
  return {
    shape,
    structure: { members: partition, users: partition },
    affine: { form: 'none', weight: null, bias: null, identity: 1 },
    scale: {
      outputCentred: true,
      varianceCentred: true,
      divisor: 'n',
      eps: 1e-5,
      placement: 'inside-sqrt',
      statistics: 'batch',
    },
    running: null,
    gradient: null,
    layouts: { works: [], fails: [] },
    mutatesInput: false,
    stdout: '',
    epsArgument: null,
    singleValue: null,
    extras: [],
    traits: NO_TRAITS,
    counter: null,
    dtype: 'float64',
    evalIsTrain: true,
    agreement: 1e-5,
  };
}
