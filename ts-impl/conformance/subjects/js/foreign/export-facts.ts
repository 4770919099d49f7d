// What a module exports, in words: kinds, source texts, methods. It calls nothing of it.

import { adapterOf } from './run-adapter.ts';

export interface ExportFacts {
  /** As written; `norms.layerNorm` for a member of an exported object. */
  readonly name: string;
  readonly kind: 'class' | 'function' | 'adapter' | 'other';
  /** The name that the class or function gives itself; empty where it has none. */
  readonly own: string;
  /** Source text; of a value that is no function what it is. */
  readonly text: string;
  /** Source texts of a class's ancestors, the nearest first. */
  readonly parents: readonly string[];
  /** Methods of a class by name, inherited ones too, with their texts. */
  readonly methods: readonly { readonly name: string; readonly text: string }[];
  /** Of an adapter: the arguments of its construction, and their defaults as JSON. */
  readonly parameters: readonly { readonly name: string; readonly value: string }[];
}

/** One entry for each export, members of exported objects included; a value exported twice is told once. */
export function factsOf(exports: Readonly<Record<string, unknown>>): ExportFacts[] {
  const facts: ExportFacts[] = [];
  const seen = new Set<unknown>();
  const names = Object.keys(exports).sort((a, b) => Number(a === 'default') - Number(b === 'default')); // names say more
  for (const name of names) {
    const value = exports[name];
    if (seen.has(value) || name === 'module.exports') continue;
    seen.add(value);
    facts.push(factOf(name, value));
    if (typeof value !== 'object' || value === null || adapterOf(value) !== null) continue;
    for (const [key, member] of Object.entries(value)) {
      if (typeof member !== 'function' || seen.has(member)) continue;
      seen.add(member);
      facts.push(factOf(`${name}.${key}`, member));
    }
  }
  return facts;
}

/** The export of that name; undefined where there is none. */
export function exportNamed(exports: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(exports, name)) return exports[name];
  const [outer, inner] = name.split('.');
  const owner = exports[outer];
  return typeof owner === 'object' && owner !== null ? (owner as Readonly<Record<string, unknown>>)[inner] : undefined;
}

// --- internal ---

function factOf(name: string, value: unknown): ExportFacts {
  const blank = { name, own: '', parents: [], methods: [], parameters: [] } as const;
  const adapter = adapterOf(value);
  if (adapter !== null) {
    const parameters = Object.entries(adapter.parameters ?? {}).map(([key, given]) => ({
      name: key,
      value: JSON.stringify(given ?? null),
    }));
    return { ...blank, kind: 'adapter', text: '', parameters };
  }
  if (typeof value !== 'function') {
    const text = value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
    return { ...blank, kind: 'other', text };
  }
  const text = sourceOf(value);
  const methods = methodsOf(value);
  const isClass = /^class\b/.test(text) || methods.length > 0;
  return {
    ...blank,
    kind: isClass ? 'class' : 'function',
    own: value.name === 'default' ? '' : value.name,
    text,
    parents: isClass ? parentsOf(value) : [],
    methods,
  };
}

const sourceOf = (value: unknown): string => Function.prototype.toString.call(value);

function parentsOf(value: unknown): string[] {
  const texts: string[] = [];
  for (
    let at = Object.getPrototypeOf(value);
    at !== Function.prototype && at !== null;
    at = Object.getPrototypeOf(at)
  ) {
    texts.push(sourceOf(at));
  }
  return texts;
}

function methodsOf(value: { readonly prototype?: unknown }): ExportFacts['methods'] {
  const methods: { name: string; text: string }[] = [];
  const known = new Set(['constructor']);
  for (
    let at = value.prototype;
    at !== null && at !== undefined && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const method = Object.getOwnPropertyDescriptor(at, name)?.value;
      if (known.has(name) || typeof method !== 'function') continue;
      known.add(name);
      methods.push({ name, text: sourceOf(method) });
    }
  }
  return methods;
}
