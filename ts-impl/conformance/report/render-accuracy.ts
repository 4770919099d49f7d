// What PyTorch's own answers are worth, for people: where it is inaccurate, and how far it is from itself. It returns text.

import { number, replayLine } from './describe-verdict.ts';
import { type Colors, handy } from './finding-lines.ts';
import type { Inaccurate, Noise, Report } from './report.ts';

/** Inaccurate answers that are shown; the JSON report holds one of each layer, dtype and direction. */
const SHOWN = 5;

/** Empty where nothing is known. */
export function accuracyLines({ accuracy, oracle }: Report, colors: Colors): string {
  if (accuracy === null) return '';
  const lines: string[] = [];
  const { inaccurate, noise } = accuracy;
  if (inaccurate.length > 0) {
    lines.push(
      `${oracle.name} is inaccurate here: fewer than half of the digits are right, worst of ${inaccurate.length} kinds`,
    );
    const worst = [...inaccurate].sort((a, b) => b.relative - a.relative).slice(0, SHOWN);
    for (const found of worst) lines.push(describe(found), `    ${colors.dim(handy(replayLine(found.case)))}`);
  }
  for (const kind of noise ?? []) lines.push(describeNoise(oracle.name, kind));
  return lines.join('\n');
}

/** 0.82 %, 14 %, 140 %; 1.4e+9 % where figures would only fill the line. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value >= 10 && value < 1e6 ? Math.round(value) : value.toPrecision(2)} %`;
}

// --- internal ---

function describe({ layer, dtype, tensor, index, answered, truth, relative }: Inaccurate): string {
  const place = `${layer} ${dtype} ${tensor}[${index.join(', ')}]`;
  return `  ${place}: ${number(Number(answered))} where the truth is ${number(Number(truth))}, off by ${percent(relative)} of its tensor`;
}

function describeNoise(name: string, { threads, cases, elements, movedElements, largest }: Noise): string {
  const changed = threads === null ? 'the input laid out otherwise' : `${threads} threads`;
  const far = largest === null ? '' : `, by at most ${largest.relative.toExponential(1)} of a tensor (${largest.case})`;
  return `${name}'s own noise, ${cases} ${cases === 1 ? 'case' : 'cases'} with ${changed}: ${movedElements} of ${elements} elements move${far}`;
}
