// `normative explain`: one convention taught, or the list of them.

import type { Command } from 'commander';
import { AXES } from '../conformance/diagnosis/axes/axes.ts';
import type { Axis } from '../conformance/diagnosis/axes/axis.ts';
import { renderConvention } from '../conformance/report/render-convention.ts';
import { UsageError, wantsColor } from './edge.ts';
import type { Session } from './session.ts';

export function addExplain(program: Command, session: Session): void {
  program
    .command('explain')
    .description('teach a convention: what it is, who does it which way, how to convert a model, how it is found')
    .argument('[convention]', 'an id such as eps.placement; without one, the list of them')
    .option('--no-color', 'without colours')
    .addHelpText('after', '\nExample:\n  normative explain momentum.rule')
    .action((id: string | undefined, flags: { readonly color: boolean }) => {
      const { edge } = session;
      edge.out(id === undefined ? list() : renderConvention(axisNamed(id), wantsColor(edge, flags.color)));
    });
}

// --- internal ---

function list(): string {
  const width = Math.max(...AXES.map(({ id }) => id.length));
  const lines = AXES.map(({ id, about }) => `${id.padEnd(width)}  ${about}`);
  return `${lines.join('\n')}\n\nnormative explain CONVENTION teaches one of them\n`;
}

function axisNamed(id: string): Axis {
  const wanted = id.trim().toLowerCase();
  const found = AXES.find((axis) => axis.id === wanted);
  if (found !== undefined) return found;
  const near = nearest(wanted).map((axis) => axis.id);
  throw new UsageError(
    `"${id}" is no convention; did you mean ${near.join(' or ')}? \`normative explain\` lists all of them`,
  );
}

const SUGGESTED = 3;

/** Ids that hold the word, or that are the fewest edits away from it. */
function nearest(word: string): readonly Axis[] {
  const holding = AXES.filter(({ id, values }) => word.length > 2 && (id.includes(word) || values.includes(word)));
  if (holding.length > 0) return holding.slice(0, SUGGESTED);
  const far = (axis: Axis) => Math.min(edits(word, axis.id), ...axis.id.split('.').map((part) => edits(word, part)));
  const sorted = [...AXES].sort((a, b) => far(a) - far(b));
  return sorted.filter((axis) => far(axis) === far(sorted[0])).slice(0, SUGGESTED);
}

/** Letters to put in, take out or change. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1])));
    }
    row = next;
  }
  return row[b.length];
}
