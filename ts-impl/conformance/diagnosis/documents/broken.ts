// Classes that never came to be, because their block does not parse or their statement raised, as undecided parts of a report.

import type { UndecidedReason } from '../../outcome.ts';
import type { SubjectReport } from '../../report/report.ts';
import { undecidedSubject } from '../../report/undecided-subject.ts';
import type { Loaded } from '../../subjects/wire/reply.ts';
import { type Block, lineInFile, placeWords } from './block.ts';

export function failedClasses(file: string, blocks: readonly Block[], loaded: Loaded): SubjectReport[] {
  return loaded.failures.flatMap((failure) => {
    const names = classNames(
      blocks,
      failure.line,
      failure.kind === 'syntax' ? Number.POSITIVE_INFINITY : failure.endLine,
    );
    const kind =
      failure.kind === 'syntax' || failure.kind === 'import' || failure.kind === 'memory'
        ? failure.kind
        : failure.kind === 'exit'
          ? 'crash'
          : 'import';
    const message = `${placeWords(blocks, failure.line)}: ${failure.type}: ${failure.message}`;
    const reason: UndecidedReason = { kind, message };
    if (failure.kind === 'syntax' && names.length === 0)
      return [undecidedCode(`code at ${placeWords(blocks, failure.line)}`, file, blocks, failure.line, reason)];
    return names.map(({ name, line }) => undecidedCode(name, file, blocks, line, reason));
  });
}

/** A block that hangs or ends the process as it is loaded. */
export function brokenBlock(file: string, block: Block, reason: UndecidedReason): SubjectReport {
  const first = classNames([block], block.line, Number.POSITIVE_INFINITY)[0];
  const line = first?.line ?? block.line;
  return undecidedCode(first?.name ?? `code at ${placeWords([block], line)}`, file, [block], line, reason);
}

/** A class or function at a line of the blocks that could not be asked. */
export function undecidedCode(
  name: string,
  file: string,
  blocks: readonly Block[],
  line: number,
  reason: UndecidedReason,
): SubjectReport {
  return undecidedSubject({ name, kind: 'python', source: { file, line: lineInFile(blocks, line) } }, reason);
}

// --- internal ---

/** Classes named between two lines of the block that holds the first of them. A block that does not parse is looked through whole. */
function classNames(blocks: readonly Block[], line: number, endLine: number): { name: string; line: number }[] {
  const block = blocks.find((b) => line >= b.line && line < b.line + b.text.split('\n').length);
  if (block === undefined) return [];
  const from = endLine === Number.POSITIVE_INFINITY ? block.line : line;
  return block.text.split('\n').flatMap((text, i) => {
    const at = block.line + i;
    const name = /^\s*class\s+(\w+)/.exec(text)?.[1];
    return name === undefined || at < from || at > endLine ? [] : [{ name, line: at }];
  });
}
