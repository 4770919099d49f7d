// A specimen whose questions are counted: how many cases, in how many messages. It changes nothing about them.

import type { Specimen } from './specimen.ts';

/** The same specimen, and a count that grows as it is asked. */
export function counted(specimen: Specimen): {
  readonly specimen: Specimen;
  readonly cost: { questions: number; roundTrips: number };
} {
  const cost = { questions: 0, roundTrips: 0 };
  return {
    cost,
    specimen: {
      ...specimen,
      ask: (cases) => {
        if (cases.length > 0) {
          cost.questions += cases.length;
          cost.roundTrips++;
        }
        return specimen.ask(cases);
      },
    },
  };
}
