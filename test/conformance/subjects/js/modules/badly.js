// Exports that end a check in other ways than an answer: they hang, leave, refuse to be made, or are no norm.

export class HangingLayerNorm {
  forward({ storage }) {
    for (;;) storage[0] = 0;
  }
}

export class PatientLayerNorm {
  forward() {
    return new Promise(() => {});
  }
}

export class LeavingLayerNorm {
  calls = 0;

  forward({ storage }) {
    if (storage.length > 8) process.exit(0); // the trial is smaller, the cases are not
    return storage;
  }
}

export class LayerNormNeverMade {
  constructor() {
    throw new TypeError('not today');
  }

  forward(input) {
    return input;
  }
}

/** Echoes its input, prints, and answers nonsense about itself. */
export class LayerNormThatPrints {
  forward({ storage }) {
    process.stdout.write('normalising\n');
    return storage;
  }
}

export const number = 1;

export function scale(input) {
  return input;
}
