// The thread in which a module that is audited runs: tells its exports, tries how one of them is called, then answers cases on it.

import { pathToFileURL } from 'node:url';
import {
  asCount,
  asList,
  asMap,
  asString,
  decodeCase,
  type Plain,
  type PlainMap,
} from '../../../../../cases/serialise.ts';
import { encodeOutcomes } from '../child/encode-outcomes.ts';
import { importFailure, serve, type ThreadReply, threadData } from '../child/serve.ts';
import { captureOutput } from './capture.ts';
import { adapterOf, runAdapter } from './run-adapter.ts';
import { choosePlan, type Trial, type Untried } from './choose-plan.ts';
import { exportNamed, factsOf } from './export-facts.ts';
import { type Opened, runForeign } from './foreign-trajectory.ts';
import type { Plan } from './plan.ts';
import { settle } from './settle.ts';

const data = threadData();
let exports: Readonly<Record<string, unknown>> = {};
let ask: ((header: PlainMap, payload: Uint8Array) => Promise<ThreadReply>) | null = null;
const output = captureOutput();

serve(data, async (header, payload) => {
  settle();
  switch (header.kind) {
    case 'load':
      return load();
    case 'choose':
      return choose(header, payload);
    case 'cases':
      return ask === null ? failed('protocol', 'no export was opened') : ask(header, payload);
    default:
      return failed('protocol', `a question of kind ${String(header.kind)}`);
  }
});

// --- internal ---

const failed = (kind: string, message: string): ThreadReply => ({
  header: { kind: 'failed', reason: { kind, message } },
});

async function load(): Promise<ThreadReply> {
  try {
    exports = await import(pathToFileURL(data.path).href);
  } catch (problem) {
    return { header: { kind: 'failed', reason: { ...importFailure(data.file, problem) } } };
  }
  return { header: { kind: 'loaded', exports: factsOf(exports) as unknown as Plain } }; // facts are plain data
}

async function choose(header: PlainMap, payload: Uint8Array): Promise<ThreadReply> {
  const name = asString(header.export, 'export');
  const exported = exportNamed(exports, name);
  const adapter = adapterOf(exported);
  if (adapter !== null) {
    ask = answers((c) => runAdapter(c, name, adapter, output.take));
    return {
      header: { kind: 'chosen', plan: 0, message: '', gradients: adapter.backward ? [] : null, kinds: {}, identity: 1 },
    };
  }
  const backward = header.backward === null ? null : exportNamed(exports, asString(header.backward, 'backward'));
  const untried: Untried = { name, exported, backward, classes: exports, printed: output.take };
  const trials = readTrials(header, payload);
  const chosen = await choosePlan(untried, trials);
  if (chosen.plan !== null) {
    const opened: Opened = {
      ...untried,
      plan: { ...trials[chosen.plan].plan, identity: chosen.identity },
      traits: chosen,
    };
    ask = answers((c) => runForeign(c, opened));
  }
  output.take();
  return { header: { kind: 'chosen', ...chosen, gradients: chosen.gradients as Plain } };
}

function readTrials(header: PlainMap, payload: Uint8Array): Trial[] {
  let end = 0;
  return asList(header.trials, 'trials').map((entry, i) => {
    const { plan, cases, sizes } = asMap(entry, `trials[${i}]`);
    const bytes = asList(sizes, 'sizes');
    const read = asList(cases, 'cases').map((c, k) => {
      const start = end;
      end += asCount(bytes[k], 'size');
      return decodeCase(c, payload.subarray(start, end));
    });
    return { plan: JSON.parse(asString(plan, 'plan')) as Plan, cases: read }; // our own process wrote it
  });
}

function answers(run: (c: ReturnType<typeof decodeCase>) => ReturnType<typeof runForeign>) {
  return async (header: PlainMap, payload: Uint8Array): Promise<ThreadReply> => {
    const outcomes = [];
    let end = 0;
    const sizes = asList(header.sizes, 'sizes');
    for (const [i, plain] of asList(header.cases, 'cases').entries()) {
      const start = end;
      end += asCount(sizes[i], 'size');
      settle();
      outcomes.push(await run(decodeCase(plain, payload.subarray(start, end))));
    }
    return encodeOutcomes(outcomes);
  };
}
