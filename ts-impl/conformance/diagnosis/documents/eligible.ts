// Why a class or function can't be a norm, as far as its definition tells, and which names its code lacks. It calls nothing.

import type { Loaded, LoadedClass, LoadedParameter } from '../../subjects/wire/reply.ts';
import { type Block, placeWords } from './block.ts';

/** Why a class can't be a norm, from its signature alone; null where it may be one. */
export function reasonToSkip(cls: LoadedClass): string | null {
  if (cls.forward === null)
    return cls.isModule
      ? 'it has no forward of its own'
      : 'it is no torch.nn.Module and has neither forward nor __call__';
  const positional = cls.forward.filter((p) => p.kind !== 'var_keyword' && p.kind !== 'var_positional');
  const required = positional.filter((p) => !p.hasDefault && !isMode(p));
  if (required.length > 1)
    return `its forward takes ${required.length} arguments (${required.map((p) => p.name).join(', ')}), a norm's takes one tensor`;
  return positional.length === 0 && (!cls.isModule || cls.forward.length === 0) ? 'its forward takes no tensor' : null;
}

/** The names that the code uses and nobody defines, with the import that was to define them where one failed; null where there are none. */
export function missingNames(
  definition: { readonly missing: readonly string[] },
  loaded: Loaded,
  blocks: readonly Block[],
): string | null {
  if (definition.missing.length === 0) return null;
  const failed = loaded.failures.find((f) => f.kind === 'import');
  const why =
    failed === undefined
      ? 'which nothing in the document defines or imports'
      : `but ${placeWords(blocks, failed.line)} failed: ${failed.message}; install it into the Python that audit runs, or take the use out`;
  return `it uses ${definition.missing.join(', ')}, ${why}`;
}

// --- internal ---

/** As py-oracle/torch_side/snippet/roles.py names what tells training from evaluation. */
const isMode = (p: LoadedParameter): boolean =>
  /^(is_?)?(train|training|test|testing|infer|inference|eval|evaluate|evaluation)(_?(mode|flg|flag|phase|time))?$|^(mode|phase|stage|deterministic|training_mode)$/i.test(
    p.name,
  );
