// The tensors that an instance holds, wherever it keeps them: own properties, nested objects and lists of objects, by dotted name.

import { DATA_KEYS, type FloatData, type Read, readTensor, writeInto } from './containers.ts';

export interface HeldTensor {
  readonly name: string;
  readonly read: Read;
  /** A whole number that counts. */
  readonly counter: boolean;
}

/** In the order in which they were put there, each once. */
export function tensorsOf(root: unknown): HeldTensor[] {
  const found: HeldTensor[] = [];
  visit(root, '', 0, new Set(), (name, value) => {
    if (typeof value === 'number' || typeof value === 'bigint') {
      const data = Float64Array.of(Number(value));
      found.push({ name, read: { data, shape: [], single: false }, counter: true });
      return;
    }
    const read = readTensor(value);
    if (read !== null) found.push({ name, read, counter: false });
  });
  return found;
}

/** Puts other elements in the place of a tensor: into the array itself, so that whoever else holds it sees them. False where there is none. */
export function setTensor(root: unknown, name: string, data: FloatData): boolean {
  let done = false;
  visit(root, '', 0, new Set(), (found, value, owner, key) => {
    if (found !== name || done) return;
    if (typeof value === 'number') owner[key] = data[0];
    else if (typeof value === 'bigint') owner[key] = BigInt(data[0]);
    else {
      const target = arrayIn(value, owner, key);
      if (target === null) return;
      if (!writeInto(target.array, data)) target.replace(Float64Array.from(data));
    }
    done = true;
  });
  return done;
}

/** Makes every float32 array a float64 one of the same values, as `.double()` does. */
export function widen(root: unknown): void {
  const places: (() => void)[] = [];
  visit(root, '', 0, new Set(), (_, value, owner, key) => {
    const target = arrayIn(value, owner, key);
    if (target?.array instanceof Float32Array) {
      const { array } = target;
      places.push(() => target.replace(Float64Array.from(array)));
    }
  });
  for (const place of places) place();
}

/** Names of gradients that an instance keeps beside what they are gradients of. */
export const isGradientName = (name: string): boolean => /grad|^d[A-Z_]|\bd(gamma|beta|weight|bias|w|b|x)$/i.test(name);

// --- internal ---

const DEPTH = 4;

type Owner = Record<string, unknown>;
type Visitor = (name: string, value: unknown, owner: Owner, key: string) => void;

function visit(owner: unknown, prefix: string, depth: number, seen: Set<unknown>, found: Visitor): void {
  if (depth > DEPTH || typeof owner !== 'object' || owner === null || seen.has(owner)) return;
  seen.add(owner);
  for (const key of Object.keys(owner)) {
    const value = (owner as Owner)[key]; // an object of any class
    const name = `${prefix}${key}`;
    if (isGradientName(key) || isConfiguration(key)) continue;
    if (typeof value === 'number' || typeof value === 'bigint') {
      if (COUNTER.test(key) && Number.isInteger(Number(value))) found(name, value, owner as Owner, key);
    } else if (typeof value === 'object' && value !== null && !seen.has(value)) {
      if (readTensor(value) !== null) {
        seen.add(value);
        found(name, value, owner as Owner, key);
      } else visit(value, `${name}.`, depth + 1, seen, found);
    }
  }
}

const COUNTER = /num_?batches|^(step|steps|count|iteration|t|updates)$/i;

/** Lists of sizes and axes, which are no state. */
function isConfiguration(key: string): boolean {
  return /shape|axes|axis|dims|sizes?$|strides?/i.test(key);
}

interface Target {
  readonly array: unknown;
  replace(array: Float64Array): void;
}

/** The array behind a tensor: itself, or what an object with a shape keeps it in; null for a number. */
function arrayIn(value: unknown, owner: Owner, key: string): Target | null {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    return { array: value, replace: (array) => replace(owner, key, array) };
  }
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Owner; // an object of any class
  const inner = DATA_KEYS.find((name) => Array.isArray(fields[name]) || ArrayBuffer.isView(fields[name]));
  return inner === undefined ? null : { array: fields[inner], replace: (array) => replace(fields, inner, array) };
}

function replace(owner: Owner, key: string, array: Float64Array): void {
  try {
    owner[key] = array;
  } catch {
    // frozen, or a property without a setter: it stays as it is, and shows as float32
  }
}
