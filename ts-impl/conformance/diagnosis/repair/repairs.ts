// Repairs of what an audit found: each finding's smallest edit that an audit has proved, and all of them together. It writes no file.

import type { Finding } from '../../finding.ts';
import type { SubjectReport } from '../../report/report.ts';
import type { Block } from '../documents/block.ts';
import { StartFailed } from '../../subjects/process.ts';
import type { Repair } from '../documents/audit.ts';
import { type Budget, isMended, type Mended, type MendTools, mend, type State } from './mend.ts';
import { spliceBlocks } from './splice.ts';
import { layOver, unifiedDiff } from './unified.ts';

export interface RepairOptions {
  readonly propose: MendTools['propose'];
  /** The text of a document that is audited, by the name that the user gave it. */
  readonly textOf: (file: string) => string;
  /** Audits that one finding may cost. */
  readonly auditsPerFinding: number;
}

/** The whole edit of one subject: blocks as they were and as they are with everything mended that could be. */
export interface CombinedEdit {
  readonly file: string;
  readonly before: readonly Block[];
  readonly after: readonly Block[];
  /** Conventions that it mends. */
  readonly mends: readonly string[];
}

export interface Repairs {
  /** What an audit is given to call. */
  readonly repair: Repair;
  /** The edits of all subjects so far, in the order in which they were found. */
  readonly combined: readonly CombinedEdit[];
}

export function makeRepairs(options: RepairOptions): Repairs {
  const combined: CombinedEdit[] = [];
  return {
    combined,
    repair: async (subject, blocks, again) => {
      const file = subject.source?.file;
      if (file === undefined) return subject;
      const tools = { propose: options.propose, again: remembering(again) };
      const start: State = { blocks, subject };
      const alone: Mended[] = [];
      const departures = subject.findings.filter((f) => f.kind === 'convention');
      for (const finding of departures)
        alone.push(await mend(finding, start, tools, { left: options.auditsPerFinding }));
      const { state, steps } = await together(departures, start, alone, tools, options.auditsPerFinding);
      const mends = departures.flatMap((f, i) => (steps[i] === null ? [] : [f.convention]));
      if (mends.length > 0) combined.push({ file, before: blocks, after: state.blocks, mends });
      const text = options.textOf(file);
      const diffTo = (now: readonly Block[]) => unifiedDiff(file, text, spliceBlocks(text, blocks, now));
      const findings = subject.findings.map((finding): Finding => {
        const i = departures.indexOf(finding);
        if (i < 0) return finding;
        const own = alone[i];
        if (own.kind === 'mended') return { ...finding, repair: diffTo(own.state.blocks) };
        const step = steps[i];
        if (step === null) return { ...finding, message: `${finding.message} ${whyNot(own.tried)}` };
        const earlier = departures.slice(0, i).filter((_, k) => steps[k] !== null);
        const told = `Its repair holds those of ${earlier.map((f) => f.convention).join(' and ')}, without which it does not work.`;
        return { ...finding, message: `${finding.message} ${told}`, repair: diffTo(step.blocks) };
      });
      return { ...subject, findings };
    },
  };
}

// --- internal ---

function whyNot(tried: number): string {
  if (tried === 0) return 'No edit is known that would mend it here.';
  return `No repair: ${tried} ${tried === 1 ? 'edit was' : 'edits were'} tried, and none took it away without another departure.`;
}

/** The same code is audited once. */
function remembering(again: MendTools['again']): MendTools['again'] {
  const known = new Map<string, Promise<SubjectReport | null>>();
  return (blocks, gone) => {
    const key = JSON.stringify([gone, blocks.map((b) => b.text)]);
    const answer = known.get(key) ?? again(blocks, gone).catch(unproved);
    known.set(key, answer);
    return answer;
  };
}

/** An edit that no process could be started for is not proved; the audit itself goes on. */
function unproved(problem: unknown): null {
  if (problem instanceof StartFailed) return null;
  throw problem;
}

/** One after another, each on top of the former ones; `steps` holds the code after each that was mended, null for the others. */
async function together(
  findings: readonly Finding[],
  start: State,
  alone: readonly Mended[],
  tools: MendTools,
  auditsPerFinding: number,
): Promise<{ readonly state: State; readonly steps: readonly (State | null)[] }> {
  let state = start;
  const mended: string[] = [];
  const steps: (State | null)[] = [];
  for (const [i, finding] of findings.entries()) {
    const gone = [...mended, finding.convention];
    const own = alone[i];
    const laid = own.kind === 'mended' ? await lay(own, start, state, gone, tools) : null;
    const next = laid ?? (await onTop(finding, state, mended, tools, { left: auditsPerFinding }));
    steps.push(next);
    if (next === null) continue;
    state = next;
    mended.push(finding.convention);
  }
  return { state, steps };
}

/** The edit that mends it alone, made to what the former ones left. */
async function lay(
  own: Extract<Mended, { kind: 'mended' }>,
  start: State,
  state: State,
  gone: readonly string[],
  tools: MendTools,
): Promise<State | null> {
  if (state === start) return own.state;
  let shift = 0;
  const blocks: Block[] = [];
  for (const [i, block] of state.blocks.entries()) {
    const text = layOver(block.text, start.blocks[i].text, own.state.blocks[i].text);
    if (text === null) return null;
    blocks.push({ ...block, line: block.line + shift, text });
    shift += text.split('\n').length - block.text.split('\n').length;
  }
  const subject = await tools.again(blocks, gone);
  return subject !== null && isMended(gone, start.subject, subject) ? { blocks, subject } : null;
}

async function onTop(
  finding: Finding,
  state: State,
  mended: readonly string[],
  tools: MendTools,
  budget: Budget,
): Promise<State | null> {
  const now = state.subject.findings.find((f) => f.convention === finding.convention);
  if (now === undefined) return state; // gone with a former one
  const found = await mend(now, state, tools, budget);
  if (found.kind !== 'mended') return null;
  return found.state.subject.findings.some((f) => mended.includes(f.convention)) ? null : found.state;
}
