// One export of a module, opened as something that answers Cases in PyTorch's words: measured once, then only translated to and from.

import type { Case } from '../../../../cases/case.ts';
import type { Outcome } from '../../outcome.ts';
import { kindFromName, rankFromName } from '../axes/norm-kind.ts';
import { DocumentError } from '../documents/document.ts';
import type { ForeignNorm } from '../documents/foreign-norm.ts';
import { measure, SubjectGone } from '../measure/measure.ts';
import { makeDictionary, toSpecimen, toTorch, withoutUnnamed } from '../prove/translate.ts';
import { ChildGone } from '../../subjects/js/child/start-child.ts';
import type { ForeignModuleOptions } from '../../subjects/js/foreign/foreign-module.ts';
import type { OpenModule } from '../documents/audit-options.ts';
import { NoSuchExport } from './audit-module.ts';
import { openExport } from './module-specimen.ts';

/** Opens an export. Throws NoSuchExport, and DocumentError where it can't be measured. */
export async function openForeignExport(
  name: string,
  options: ForeignModuleOptions,
  open: OpenModule,
): Promise<ForeignNorm> {
  const { file } = options;
  const module = await open(options).catch((problem: unknown) => {
    if (problem instanceof ChildGone) throw new DocumentError(`${file}: ${problem.reason.message}`);
    throw problem;
  });
  try {
    const facts = module.exports.find((one) => one.name === name);
    if (facts === undefined) {
      const names = module.exports.map((one) => one.name).join(', ') || 'nothing';
      throw new NoSuchExport(`${file} has no export ${name}; it exports ${names}`);
    }
    const unfit = (why: string) =>
      new DocumentError(
        `${name} of ${file} can't be put the questions of a norm: ${why}; \`normative audit ${file}\` says more`,
      );
    const named = facts.name === 'default' && facts.own !== '' ? facts.own : facts.name;
    const opened = await openExport(module, facts, named);
    if (opened.kind === 'closed') throw unfit(opened.message);
    const measured = await measure(opened.specimen, kindFromName(named), rankFromName(named));
    if (measured.kind !== 'measured') {
      throw unfit(measured.kind === 'undecided' ? measured.reason.message : measured.message);
    }
    const dictionary = makeDictionary(opened.specimen.name, measured.stance, measured.roles, measured.profile);
    const norm = {
      close: () => module.close(),
      tell: () => null, // scripts are in Python
      answer: async (c: Case, torch: Outcome): Promise<{ expected: Outcome; actual: Outcome }> => {
        const asked = toSpecimen(c, dictionary);
        const expected = withoutUnnamed(torch, dictionary);
        if (asked === null) {
          const reason = 'it has no words for an option or a step of the case';
          return { expected, actual: { kind: 'unsupported', reason } };
        }
        const [answer] = await opened.specimen.ask([asked]);
        return { expected, actual: toTorch(answer, torch, dictionary) };
      },
    };
    return norm;
  } catch (problem) {
    await module.close();
    if (problem instanceof SubjectGone) throw new DocumentError(`${name} of ${file}: ${problem.reason.message}`);
    throw problem;
  }
}
