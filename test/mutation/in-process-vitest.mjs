// What a house test finds under the name `vitest` in the process of the mutants: it collects tests and runs none.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// Vitest's own `expect` wants a worker around it; the package below is the part of it that compares.
const beside = createRequire(import.meta.resolve('vitest'));
const own = await import(pathToFileURL(beside.resolve('@vitest/expect')).href);
const { chai, JestChaiExpect, JestAsymmetricMatchers, JestExtend } = own;
for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

export const expect = Object.assign((value, message) => chai.expect(value, message), {
  objectContaining: (sample) => new own.ObjectContaining(sample),
  arrayContaining: (sample) => new own.ArrayContaining(sample),
  stringContaining: (sample) => new own.StringContaining(sample),
  stringMatching: (sample) => new own.StringMatching(sample),
  any: (sample) => new own.Any(sample),
  closeTo: (sample, digits) => new Near(sample, digits),
});

/** Of the file that is being imported, see collectFrom. */
let file = null;

/** The tests of one file, with what it wants done after each and after all. */
export async function collectFrom(load) {
  file = { tests: [], afterEach: [], afterAll: [] };
  await load();
  return file;
}

export const test = Object.assign((name, body) => file.tests.push({ name, body }), {
  each: (rows) => (name, body) => {
    for (const row of rows) test(name, () => body(...(Array.isArray(row) ? row : [row])));
  },
  skipIf: (left) => (left ? leftOut : test),
});
export const it = test;

export const describe = Object.assign((_, body) => void body(), {
  each: (rows) => (_, body) => {
    for (const row of rows) body(...(Array.isArray(row) ? row : [row]));
  },
  skipIf: (left) => (left ? leftOut : describe),
});

export function beforeAll() {} // starts an oracle, and there is no Python here
export const afterAll = (body) => file.afterAll.push(body);
export const afterEach = (body) => file.afterEach.push(body);

// --- internal ---

/** Near enough to the digits asked for; the package keeps its own to itself. */
class Near extends own.AsymmetricMatcher {
  constructor(sample, digits = 2) {
    super(sample);
    this.digits = digits;
  }

  asymmetricMatch(other) {
    return typeof other === 'number' && Math.abs(this.sample - other) < 10 ** -this.digits / 2;
  }
}

const leftOut = Object.assign(() => {}, { each: () => () => {}, skipIf: () => leftOut });
