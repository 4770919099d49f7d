// A class that a worker has loaded, as a specimen. When the worker dies or hangs, asking throws SubjectGone.

import type { LoadedClass } from '../../subjects/wire/reply.ts';
import type { Worker } from '../../subjects/worker.ts';
import { SubjectGone } from '../measure/measure.ts';
import type { Given, Specimen } from '../measure/specimen.ts';
import { withArrayArguments } from './array-arguments.ts';

/** By the line of its definition too: a document may define one name twice, and each definition is meant by itself. */
export function workerSpecimen(cls: LoadedClass, worker: Worker, given?: Given): Specimen {
  return withArrayArguments({
    name: `${cls.name}@${cls.line}`,
    signature: cls.parameters
      .filter((p) => p.kind !== 'var_keyword')
      .map((p) => (p.kind === 'var_positional' ? { ...p, hasDefault: true, variadic: true } : p)),
    ...(given === undefined ? {} : { given }),
    ask: async (cases) => {
      const answers = await worker.ask(cases, { truth: false });
      return answers.map(({ outcome }) => {
        if (outcome.kind === 'undecided') throw new SubjectGone(outcome.reason);
        return outcome;
      });
    },
  });
}
