// The words for what a constructor argument is for. A type alone.

export type ArgumentRole = 'size' | 'groups' | 'eps' | 'momentum' | 'affine' | 'track' | 'rank' | 'other';
