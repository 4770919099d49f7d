// Subjects made up from the port, for tests of the runner, the report and the command line; no process is started.

import type { Case } from '../../cases/case.ts';
import type { Answer } from '../../ts-impl/conformance/outcome.ts';
import type { Oracle } from '../../ts-impl/conformance/subjects/oracle.ts';
import { makePort } from '../../ts-impl/conformance/subjects/port.ts';
import type { Subject } from '../../ts-impl/conformance/subjects/subject.ts';

/** An oracle that answers as the port does: right by definition, good for testing everything but the port. */
export function portAsOracle(version: string | null = '2.13.0+cpu'): Oracle & { closed: number } {
  const made = {
    ...makePort(),
    kind: 'oracle' as const,
    name: 'torch',
    version,
    capabilities: { threads: '1', capability: 'AVX2' },
    batch: { cases: 8, window: 3 },
    floor: async () => 0.001,
    restarts: 0,
    pid: null,
    closed: 0,
    close: async () => {
      made.closed++;
    },
  };
  return made;
}

/** The port with its answer changed. */
export function portBut(change: (answer: Answer, c: Case) => Answer): Subject {
  const port = makePort();
  return {
    ...port,
    ask: async (cases, options) => (await port.ask(cases, options)).map((a, i) => change(a, cases[i])),
  };
}

/** The port, with the first float of every output one larger. */
export function portOffByOne(layer?: string): Subject {
  return portBut((a, c) => {
    if (a.outcome.kind !== 'returned' || (layer !== undefined && c.layer !== layer)) return a;
    const steps = a.outcome.steps.map((s) => {
      if (s.kind !== 'returned') return s;
      const tensors = s.tensors.map((entry) => {
        const storage = entry.tensor.storage;
        if (entry.name !== 'output' || storage.length === 0 || storage instanceof BigInt64Array) return entry;
        const moved = storage.slice();
        moved[0] = Number(storage[0]) + 1;
        return { name: entry.name, tensor: { ...entry.tensor, storage: moved } };
      });
      return { ...s, tensors };
    });
    return { outcome: { kind: 'returned', steps }, truth: null };
  });
}
