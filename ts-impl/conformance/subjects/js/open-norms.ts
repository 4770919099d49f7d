// Finds the norms among the exports of a module that is already loaded, each with what it stands for. It imports nothing by itself.

import type { FunctionName, LayerName } from '../../../../cases/case.ts';
import type { NormSubject } from './contract.ts';
import { formOf, type HeldNorm, holdNorm } from './held-norm.ts';
import { isFunctionName, isLayerName, layersNamed } from './named-layers.ts';

export type Held = ReadonlyMap<LayerName | FunctionName, HeldNorm>;

export interface Choice {
  /** The export meant; null for every one that bears a norm's name. */
  readonly export: string | null;
  /** What to hold it against; null to go by its name. */
  readonly layer: string | null;
}

/** There is no such norm; the message says what there is and what to do. */
export class NoSuchNorm extends Error {
  override readonly name = 'NoSuchNorm';
}

/** A norm that could not be made even once. */
export class ConstructFailed extends Error {
  override readonly name = 'ConstructFailed';
}

/** Throws NoSuchNorm and ConstructFailed. */
export async function holdNorms(
  file: string,
  exports: Readonly<Record<string, unknown>>,
  choice: Choice,
): Promise<Held> {
  const held = new Map<LayerName | FunctionName, HeldNorm>();
  for (const { name, norm, form } of chosenExports(file, exports, choice)) {
    for (const layer of layersFor(file, name, form, choice.layer)) {
      if (held.has(layer)) continue;
      try {
        held.set(layer, await holdNorm(name, layer, norm));
      } catch (problem) {
        const why = problem instanceof Error ? `${problem.name}: ${problem.message}` : String(problem);
        throw new ConstructFailed(`${name} of ${file} can't be made as ${layer}: ${why}`);
      }
    }
  }
  return held;
}

// --- internal ---

interface Chosen {
  readonly name: string;
  readonly norm: NormSubject;
  readonly form: 'class' | 'function';
}

function chosenExports(file: string, exports: Readonly<Record<string, unknown>>, choice: Choice): Chosen[] {
  const names = Object.keys(exports);
  if (choice.export !== null) {
    if (!Object.hasOwn(exports, choice.export)) {
      throw new NoSuchNorm(`${file} has no export ${choice.export}; it exports ${names.join(', ') || 'nothing'}`);
    }
    const value = exports[choice.export];
    const form = formOf(value);
    if (form === null) {
      throw new NoSuchNorm(
        `${choice.export} of ${file} is ${value === null ? 'null' : typeof value}, expected a class with a forward method, or a function`,
      );
    }
    return [{ name: nameOf(choice.export, value), norm: value as NormSubject, form }]; // formOf has looked
  }
  const found = names.flatMap((name): Chosen[] => {
    const value = exports[name];
    const form = formOf(value);
    const nameless = choice.layer === null && form !== null && layersNamed(nameOf(name, value), form).length === 0;
    if (form === null || nameless) return [];
    return [{ name: nameOf(name, value), norm: value as NormSubject, form }]; // formOf has looked
  });
  if (found.length === 0) {
    throw new NoSuchNorm(
      `${file} exports no class or function with the name of a norm (it exports ${names.join(', ') || 'nothing'}); name one after #, with --layer what it is`,
    );
  }
  return found;
}

/** `default` says nothing: the class's or function's own name does. */
function nameOf(name: string, value: unknown): string {
  return name === 'default' && typeof value === 'function' && value.name !== '' ? value.name : name;
}

function layersFor(
  file: string,
  name: string,
  form: 'class' | 'function',
  given: string | null,
): readonly (LayerName | FunctionName)[] {
  if (given === null) {
    const named = layersNamed(name, form);
    if (named.length > 0) return named;
    throw new NoSuchNorm(
      `the name ${name} (${file}) is that of no norm; say what it is with --layer, as in --layer LayerNorm`,
    );
  }
  if (isLayerName(given)) return [given];
  if (isFunctionName(given) && form === 'function') return [given];
  throw new NoSuchNorm(`${name} of ${file} is a class, and ${given} is a function; give --layer the name of a layer`);
}
