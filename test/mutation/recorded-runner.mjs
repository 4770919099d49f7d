// A test runner for Stryker in whose process the port answers the recorded cases: milliseconds a mutant. A test is a group of cases,
// or one of the house's own tests of the norms.

import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  determineHitLimitReached,
  DryRunStatus,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import { houseTests } from './house-tests.mjs';

/** Elements that a case may answer: long answers cost time, and few mutants live through all of the short ones. */
const LONGEST = { parity: 4000, large: Number.POSITIVE_INFINITY, wide: Number.POSITIVE_INFINITY, generated: 400 };
const DOUBLE_BACKWARDS = 60;
/** A group that takes this long, and ever so much longer than without a mutant, loops for ever. */
const PATIENCE_MS = 1500;
const PATIENCE_FACTOR = 30;
/** Enough for the slowest of them on a busy machine. */
const MOST_PATIENCE_MS = 20_000;
/** With `--quick`, what the tests that a mutant is given may have cost without it: who lives through them counts as alive. */
const BUDGET_MS = process.env.MUTATION_QUICK === undefined ? Number.POSITIVE_INFINITY : 2000;

class RecordedRunner {
  #groups = new Map();
  #costs = new Map();
  #house = { tests: new Map(), leave: () => {} };
  #port = null;
  #runs = 0;

  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    const { readAnswers } = await fresh('test/norms/recorded/answers.ts');
    const { caseOf, groupOf } = await fresh('test/norms/recorded/chosen.ts');
    const { digestOf } = await fresh('test/norms/recorded/digest.ts');
    this.digestOf = digestOf;
    for (const [id, expected] of Object.entries(readAnswers().answers)) {
      const group = groupOf(id);
      if (!this.#groups.has(group)) this.#groups.set(group, []);
      this.#groups.get(group).push({ c: caseOf(id), expected: JSON.stringify(expected) });
    }
    // Gradients of gradients are within PyTorch's bound and have no recorded bits: the honest port is the judge's other side.
    const { generate } = await fresh('cases/g1/generate.ts');
    const { judge } = await fresh('ts-impl/conformance/judge/judge.ts');
    this.judge = judge;
    for (let n = 0; n < DOUBLE_BACKWARDS; n++) {
      const c = generate('double-backward', 0, n);
      this.#groups.set(`double-backward ${c.layer} ${n}`, [{ c, expected: null }]);
    }
  }

  async dryRun() {
    const mutants = namespace();
    mutants.activeMutant = undefined;
    await this.#loadPort();
    mutants.mutantCoverage ??= { static: {}, perTest: {} };
    const tests = await this.#run([...this.#groups.keys(), ...this.#house.tests.keys()], (name) => {
      mutants.currentTestId = name;
    });
    mutants.currentTestId = undefined;
    for (const group of this.#groups.values()) {
      for (const one of group) one.honest ??= await this.#ask(one.c, 60_000);
    }
    for (const [name, group] of this.#groups) {
      this.#groups.set(
        name,
        group.filter(({ c, honest }) => sizeOf(honest) <= (LONGEST[c.id.split('/')[0]] ?? LONGEST.generated)),
      );
    }
    for (const { id, timeSpentMs } of tests) this.#costs.set(id, timeSpentMs);
    // What would kill a mutant must let the port itself live.
    const again = await this.#run([...this.#groups.keys(), ...this.#house.tests.keys()], () => {}, true);
    const { id, failureMessage } = again.at(-1);
    if (failureMessage !== undefined) {
      return { status: DryRunStatus.Error, errorMessage: `without a mutant, ${id}: ${failureMessage}` };
    }
    return { status: DryRunStatus.Complete, tests, mutantCoverage: mutants.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation, reloadEnvironment }) {
    const mutants = namespace();
    mutants.hitCount = hitLimit === undefined ? undefined : 0;
    mutants.hitLimit = hitLimit;
    mutants.activeMutant = mutantActivation === 'static' ? activeMutant.id : undefined;
    if (reloadEnvironment || this.#port === null) {
      const problem = await this.#loadPort().catch((error) => error);
      if (problem !== undefined) {
        return {
          status: 'killed',
          killedBy: [...this.#groups.keys()].slice(0, 1),
          failureMessage: String(problem),
          nrOfTests: 0,
        };
      }
    }
    mutants.activeMutant = activeMutant.id;
    const names = [...(testFilter ?? [...this.#groups.keys(), ...this.#house.tests.keys()])];
    names.sort((a, b) => (this.#costs.get(a) ?? 0) - (this.#costs.get(b) ?? 0)); // the quick ones first
    for (let i = 0, spent = 0; i < names.length; i++) {
      spent += this.#costs.get(names[i]) ?? 0;
      if (spent > BUDGET_MS) names.length = i;
    }
    const tests = await this.#run(names, () => {}, true);
    if (tests.at(-1)?.failureMessage === TIMED_OUT) return { status: 'timeout', reason: TIMED_OUT };
    const limit = determineHitLimitReached(mutants.hitCount, mutants.hitLimit);
    mutants.activeMutant = undefined;
    return toMutantRunResult(limit ?? { status: DryRunStatus.Complete, tests });
  }

  async dispose() {
    this.#house.leave();
  }

  async #loadPort() {
    this.#port = null;
    const { makePort } = await fresh(`ts-impl/conformance/subjects/port.ts?run=${++this.#runs}`);
    this.#port = makePort();
    this.#house.leave();
    this.#house = await houseTests((path) => fresh(`${path}?run=${this.#runs}`));
  }

  async #run(names, begin, bail = false) {
    const tests = [];
    for (const name of names) {
      begin(name);
      const start = performance.now();
      const own = this.#house.tests.get(name);
      const cost = this.#costs.get(name);
      const failureMessage = await (own ? this.#failure(own, cost) : this.#fault(this.#groups.get(name), cost));
      const timeSpentMs = performance.now() - start;
      const test = { id: name, name, timeSpentMs };
      if (failureMessage === null) tests.push({ ...test, status: TestStatus.Success });
      else tests.push({ ...test, status: TestStatus.Failed, failureMessage });
      if (bail && failureMessage !== null) break;
    }
    return tests;
  }

  /** The first case whose answer is not the recorded one, or null. Once these were compared, the honest port's answer stands for them. */
  async #fault(cases, cost) {
    try {
      for (const { c, expected, honest } of cases) {
        const outcome = await this.#ask(c, patience(cost));
        const same =
          honest === undefined ? this.#asExpected(expected, outcome) : this.#asBefore(c, expected, honest, outcome);
        if (!same) return `${c.id} is answered otherwise`;
      }
      return null;
    } catch (problem) {
      return problem?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? TIMED_OUT : String(problem);
    }
  }

  async #failure({ body, after }, cost) {
    try {
      await interrupted(body, patience(cost));
      return null;
    } catch (problem) {
      return problem?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? TIMED_OUT : String(problem);
    } finally {
      for (const undo of after) undo();
    }
  }

  #asExpected(expected, outcome) {
    return expected === null || JSON.stringify(this.digestOf(outcome)) === expected;
  }

  #asBefore(c, expected, honest, outcome) {
    // The sign of a NaN is the engine's choice: the digest, which has one NaN, has the last word.
    if (expected !== null) return isSame(honest, outcome) || this.#asExpected(expected, outcome);
    const { kind } = this.judge(c, { outcome: honest, truth: null }, { outcome, truth: null }, { kind: 'bound' });
    return kind === 'identical' || kind === 'within';
  }

  /** What loops for ever is interrupted, so that the process lives on. */
  async #ask(c, timeout) {
    const [{ outcome }] = await interrupted(() => this.#port.ask([c], { truth: false }), timeout);
    return outcome; // the port computed it before it returned its promise
  }
}

const ASK = new Script('globalThis.__asked__()');
/** Runs what must return within the time; what it only promises is not interrupted. */
function interrupted(body, timeout) {
  globalThis.__asked__ = body;
  return ASK.runInThisContext({ timeout: Math.ceil(timeout) }); // the engine refuses a fraction
}

const patience = (cost) => Math.min(PATIENCE_MS + PATIENCE_FACTOR * (cost ?? 1000), MOST_PATIENCE_MS);
const TIMED_OUT = 'it looped for ever';

function sizeOf(outcome) {
  const tensors = (outcome.steps ?? []).flatMap((step) => step.tensors ?? []);
  return tensors.reduce((sum, { tensor }) => sum + tensor.storage.length, 0);
}

/** The same words, names, shapes and bytes. */
function isSame(a, b) {
  if (a.kind !== b.kind || a.steps?.length !== b.steps?.length) return false;
  if (a.steps === undefined) return JSON.stringify(a) === JSON.stringify(b);
  return a.steps.every((step, i) => {
    const other = b.steps[i];
    if (step.kind !== 'returned' || other.kind !== 'returned') return JSON.stringify(step) === JSON.stringify(other);
    if (step.tensors.length !== other.tensors.length || JSON.stringify(step.texts) !== JSON.stringify(other.texts))
      return false;
    return step.tensors.every(({ name, tensor }, k) => {
      const { name: otherName, tensor: t } = other.tensors[k];
      return (
        name === otherName &&
        tensor.dtype === t.dtype &&
        String(tensor.shape) === String(t.shape) &&
        bytes(tensor).equals(bytes(t))
      );
    });
  });
}

const bytes = ({ storage: { buffer, byteOffset, byteLength } }) => Buffer.from(buffer, byteOffset, byteLength);

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'recorded', RecordedRunner)];

/** Stryker's switches, which the mutated code reads. */
function namespace() {
  globalThis.__stryker__ ??= {};
  return globalThis.__stryker__;
}

/** From the sandbox, which is the working folder of the process. */
function fresh(path) {
  const [file, query] = path.split('?');
  const url = pathToFileURL(join(process.cwd(), file)).href;
  return import(query === undefined ? url : `${url}?${query}`);
}
