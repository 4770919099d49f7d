// `--noise`: how many cases of a check PyTorch is asked again, with other threads and layouts. It starts the second oracle and ends it.

import { type Command, Option } from 'commander';
import { NoiseSample } from '../conformance/noise.ts';
import type { Noise, Report } from '../conformance/report/report.ts';
import type { Subject } from '../conformance/subjects/subject.ts';
import { parseCount } from './case-options.ts';
import { findPython } from './find-python.ts';
import type { OracleChoice } from './oracle-option.ts';
import type { Session } from './session.ts';

export interface NoiseChoice extends OracleChoice {
  readonly suite: string;
  readonly noise?: number | undefined;
}

export function addNoiseOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--noise <n>',
      `cases asked again with ${THREADS} threads and with other layouts, to tell PyTorch's own noise (default: ${BY_DEFAULT} in standard and deep, else 0)`,
    ).argParser(parseCount),
  );
}

/** The sample to fill while a check of `size` cases runs. */
export function noiseSample(choice: NoiseChoice, size: number): NoiseSample {
  const long = choice.suite === 'standard' || choice.suite === 'deep';
  // Only an oracle of our own can be started again with other threads.
  return new NoiseSample(choice.oracle === 'torch' ? (choice.noise ?? (long ? BY_DEFAULT : 0)) : 0, size);
}

/** The report with what PyTorch's own noise is, where cases were kept to ask again. Throws StartFailed. */
export async function withNoise(
  session: Session,
  choice: NoiseChoice,
  report: Report,
  sample: NoiseSample,
  oracle: Subject,
): Promise<Report> {
  if (sample.size === 0 || report.accuracy === null) return report;
  const python = findPython(session.edge, choice.python).path;
  const args = ['--threads', String(THREADS)];
  const threaded = await session.rooms.startOracle({ python, timeoutMs: choice.timeoutMs, args });
  let noise: readonly Noise[];
  try {
    noise = await sample.measure(oracle, { oracle: threaded, threads: THREADS });
  } finally {
    await threaded.close();
  }
  return { ...report, accuracy: { ...report.accuracy, noise } };
}

// --- internal ---

const THREADS = 2;
const BY_DEFAULT = 64;
