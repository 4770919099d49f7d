// One class or function of a document, opened as something that answers Cases in PyTorch's words: measured once, then only translated to and from.

import type { Case } from '../../../../cases/case.ts';
import type { Outcome } from '../../outcome.ts';
import type { ScriptSubject } from '../../scripts/subject-script.ts';
import type { Host } from '../../subjects/workers.ts';
import { kindFromName, rankFromName } from '../axes/norm-kind.ts';
import { measure, SubjectGone } from '../measure/measure.ts';
import type { Specimen } from '../measure/specimen.ts';
import { makeDictionary, toSpecimen, toTorch, withoutUnnamed } from '../prove/translate.ts';
import { definitionsOf, isClass, openSpecimen } from './audit-norm.ts';
import type { AuditDocument } from './audit-options.ts';
import { DocumentError, findBlocks } from './document.ts';

export interface ForeignNorm {
  /** Its answer to a case, and PyTorch's without the tensors that it has no name for: what is left is compared in full. */
  answer(c: Case, torch: Outcome): Promise<{ readonly expected: Outcome; readonly actual: Outcome }>;
  /** What a stand-alone script has to know of it to put it a case; null where it has no words for an option or a step, and for functions. */
  tell(c: Case): ScriptSubject | null;
  close(): Promise<void>;
}

export interface ForeignOptions {
  readonly host: Host;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
}

/** Opens the class or function `name`, or `name@line`, of a document. Throws DocumentError where there is none, or none that can be measured. */
export async function openForeignNorm(
  document: AuditDocument,
  name: string,
  options: ForeignOptions,
): Promise<ForeignNorm> {
  const { file, bytes, as } = document;
  const blocks = findBlocks(file, bytes, as ?? null);
  const worker = await options.host.startWorker({ ...options, name, document: file, batchCases: 64 });
  try {
    const loaded = await worker.load(file, blocks);
    if (loaded.kind === 'undecided') throw new DocumentError(`${file}: ${loaded.reason.message}`);
    const definitions = definitionsOf(loaded.loaded);
    const definition = definitions.findLast((d) => d.name === name || `${d.name}@${d.line}` === name);
    if (definition === undefined) {
      throw new DocumentError(
        `${file} defines no ${name}; it defines ${definitions.map((d) => d.name).join(', ') || 'nothing'}`,
      );
    }
    const opened = await openSpecimen(definition, worker, {});
    if ('reason' in opened) throw new DocumentError(`${name} of ${file} can't be asked: ${opened.reason}`);
    const { specimen } = opened;
    const measured = await measure(specimen, kindFromName(definition.name), rankFromName(definition.name));
    if (measured.kind !== 'measured') {
      const why = measured.kind === 'undecided' ? measured.reason.message : measured.message;
      throw new DocumentError(
        `${name} of ${file} can't be put the questions of a norm: ${why}; \`normative audit ${file}\` says more`,
      );
    }
    const dictionary = makeDictionary(specimen.name, measured.stance, measured.roles, measured.profile);
    return {
      close: () => worker.close(),
      tell: (c) => {
        if (!isClass(definition)) return null;
        const asked = toSpecimen(c, dictionary);
        const variadic = new Set(specimen.signature.filter((p) => p.variadic === true).map((p) => p.name));
        const { names } = dictionary;
        return asked && { file, blocks, className: definition.name, line: definition.line, asked, names, variadic };
      },
      answer: async (c, torch) => {
        const asked = toSpecimen(c, dictionary);
        const expected = withoutUnnamed(torch, dictionary);
        if (asked === null) {
          return {
            expected,
            actual: { kind: 'unsupported', reason: 'it has no words for an option or a step of the case' },
          };
        }
        return { expected, actual: toTorch(await answerOf(specimen, asked), torch, dictionary) };
      },
    };
  } catch (problem) {
    await worker.close();
    throw problem;
  }
}

// --- internal ---

async function answerOf(specimen: Specimen, c: Case): Promise<Outcome> {
  try {
    return (await specimen.ask([c]))[0];
  } catch (problem) {
    if (problem instanceof SubjectGone) return { kind: 'undecided', reason: problem.reason };
    throw problem;
  }
}
