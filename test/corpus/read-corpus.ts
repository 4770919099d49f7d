// The corpus as it lies on disk: each document with what is to be found in it, and the half it belongs to. It audits nothing.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Sayable } from './hold-outside.ts';

export type Half = 'building' | 'locked';

/** Conventions of level error with their actual values, in the words of the table. */
export type Departures = Readonly<Record<string, string | number>>;

export interface Expected {
  readonly layer: string | null;
  readonly findings: Departures;
  /** Other readings that the vocabulary leaves open; few subjects have one. */
  readonly alternatives?: readonly Departures[];
}

export interface Snippet {
  /** The document's name. Its hash chooses the half. */
  readonly name: string;
  readonly half: Half;
  readonly bytes: Uint8Array;
  /** By the name of the class or function. */
  readonly subjects: Readonly<Record<string, Expected>>;
}

/** The snippets in order of their names. */
export function readCorpus(): readonly Snippet[] {
  return documentsIn(FOLDER).map(({ name, bytes, beside }) => ({
    name,
    half: halfOf(name),
    bytes,
    subjects: beside as Snippet['subjects'], // our own file
  }));
}

/** A document of subjects that are no point of the space. */
export interface OutsideDocument {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly subjects: Readonly<Record<string, Sayable>>;
}

export function readOutside(): readonly OutsideDocument[] {
  return documentsIn(OUTSIDE).map(({ name, bytes, beside }) => ({
    name,
    bytes,
    subjects: beside as OutsideDocument['subjects'], // our own file
  }));
}

/** Half of all names are `locked`: those whose hash begins with a set bit. */
export function halfOf(name: string): Half {
  return createHash('sha256').update(name).digest()[0] >= 128 ? 'locked' : 'building';
}

/** One hash over the documents and expectations of a half. */
export function hashOfHalf(snippets: readonly Snippet[], half: Half): string {
  const hash = createHash('sha256');
  for (const { name, bytes, subjects } of snippets.filter((s) => s.half === half)) {
    hash.update(`${name}\0${bytes.length}\0`).update(bytes).update(JSON.stringify(subjects));
  }
  return hash.digest('hex');
}

// --- internal ---

const FOLDER = fileURLToPath(new URL('./snippets/', import.meta.url));

const OUTSIDE = fileURLToPath(new URL('./outside/', import.meta.url));

const EXPECTED = '.expected.json';

/** The documents of a folder in order of their names, each with what stands beside it. */
function documentsIn(folder: string) {
  const names = readdirSync(folder).filter((name) => name.endsWith(EXPECTED));
  return names.sort().map((file) => {
    const name = file.slice(0, -EXPECTED.length);
    const beside: unknown = JSON.parse(readFileSync(`${folder}${file}`, 'utf8'));
    return { name, bytes: readFileSync(`${folder}${name}`), beside };
  });
}
