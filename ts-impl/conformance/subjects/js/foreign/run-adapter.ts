// Runs the steps of one Case on an author's adapter. It starts nothing, compares nothing, and lets no error of the adapter through.

import type { Case, NamedTensor, Step } from '../../../../../cases/case.ts';
import { type Shape, sizeOf } from '../../../../tensor/shape.ts';
import { contiguous, fromStorage, type Tensor } from '../../../../tensor/tensor.ts';
import { elementsOf } from '../../../judge/elements.ts';
import { type Outcome, outcomeOf, type StepResult } from '../../../outcome.ts';
import { Unsupported } from '../../port-arguments.ts';
import { plain } from '../arguments.ts';
import type { AdapterState, AdapterTensor, NormAdapter } from './adapter.ts';
import { answerOf } from './answer-of.ts';
import { readAs } from './containers.ts';
import { isStatistic } from './parameter-role.ts';

/** The value as an adapter; null where it has not the two functions that every one has. */
export function adapterOf(value: unknown): NormAdapter | null {
  if (typeof value !== 'object' || value === null || !('construct' in value) || !('forward' in value)) return null;
  return typeof value.construct === 'function' && typeof value.forward === 'function' ? (value as NormAdapter) : null;
}

/** What the adapter answers to a case. */
export async function runAdapter(c: Case, name: string, adapter: NormAdapter, printed: () => string): Promise<Outcome> {
  const run = new AdapterRun(name, adapter, c.dtype === 'float64');
  const results: StepResult[] = [];
  let lost = false;
  for (const step of c.steps) {
    if (lost) {
      results.push({ kind: 'not_run' });
      continue;
    }
    try {
      const result = await run.step(step);
      const stdout = printed();
      const said = result.kind === 'returned' && stdout !== '';
      results.push(said ? { ...result, texts: { ...result.texts, stdout } } : result);
    } catch (problem) {
      if (problem instanceof Unsupported) return { kind: 'unsupported', reason: problem.message };
      const [type, message] =
        problem instanceof Error ? [problem.name, problem.message] : [typeof problem, String(problem)];
      results.push({ kind: 'refused', type, message });
      lost = step.kind === 'construct';
    }
  }
  return outcomeOf(results);
}

// --- internal ---

class AdapterRun {
  private readonly name: string;
  private readonly adapter: NormAdapter;
  private readonly double: boolean;
  private latest: Shape | null = null;

  constructor(name: string, adapter: NormAdapter, double: boolean) {
    this.name = name;
    this.adapter = adapter;
    this.double = double;
  }

  async step(step: Step): Promise<StepResult> {
    switch (step.kind) {
      case 'construct': {
        const args = Object.fromEntries(Object.entries(step.arguments).map(([key, value]) => [key, plain(value)]));
        await this.adapter.construct(args as Parameters<NormAdapter['construct']>[0]); // numbers, booleans and lists of them
        const kinds = (kind: 'parameter' | 'buffer') =>
          Object.entries(this.state())
            .filter(([name, held]) => kindOf(name, held) === kind)
            .map(([name]) => name)
            .join(' ');
        const texts = { repr: this.name, parameters: kinds('parameter'), buffers: kinds('buffer'), attributes: '' };
        return { kind: 'returned', tensors: this.tensors('all'), texts };
      }
      case 'forward': {
        const given = this.wrap(step.input);
        const answer = await this.adapter.forward(given, step.mode ?? 'train');
        const { output } = answerOf(answer, step.input.shape);
        if (this.double && output.single) throw new TypeError('it answers in float32, whatever it is given');
        this.latest = step.input.shape;
        const sent = elementsOf(contiguous(step.input));
        const mutated = Array.from(sent).some((v, i) => !Object.is(v, given.data[i]));
        const tensors = [{ name: 'output', tensor: this.tensor(output.data, step.input.shape) }];
        if (mutated) tensors.push({ name: 'input', tensor: this.tensor(given.data, step.input.shape) });
        return { kind: 'returned', tensors, texts: {} };
      }
      case 'backward':
        return this.backward(step);
      case 'read':
        return { kind: 'returned', tensors: this.tensors(step.what), texts: {} };
      case 'set_tensor':
        return this.set(step.name, step.tensor);
      default:
        throw new Unsupported(`${step.kind}, which an adapter is not asked`);
    }
  }

  private async backward(step: Step & { kind: 'backward' }): Promise<StepResult> {
    if (this.adapter.backward === undefined) throw new Unsupported('the adapter has no backward');
    if (this.latest === null) return { kind: 'not_run' };
    const given = await this.adapter.backward(this.wrap(step.gradient));
    const state = this.state();
    const tensors = Object.entries(given).flatMap(([name, value]): NamedTensor[] => {
      const shape = name === 'input' ? this.latest : (state[name]?.shape ?? null);
      const read = shape === null ? null : readAs(value, shape);
      return read === null ? [] : [{ name: `${name}.grad`, tensor: this.tensor(read.data, read.shape) }];
    });
    return { kind: 'returned', tensors, texts: {} };
  }

  private set(name: string, given: Tensor | null): StepResult {
    const held = this.state()[name];
    if (given === null || held === undefined) throw new Unsupported(`it has no tensor ${name}`);
    const { data, shape } = this.wrap(given);
    if (this.adapter.setTensor !== undefined) this.adapter.setTensor(name, { data, shape: held.shape ?? shape });
    else held.data.set(data);
    return { kind: 'returned', tensors: [], texts: {} };
  }

  private state(): Readonly<Record<string, AdapterState>> {
    return this.adapter.tensors?.() ?? {};
  }

  private tensors(what: 'all' | 'buffers'): NamedTensor[] {
    return Object.entries(this.state())
      .filter(([name, held]) => what === 'all' || kindOf(name, held) === 'buffer')
      .map(([name, { data, shape }]) => {
        if (data.length !== sizeOf(shape)) {
          throw new RangeError(
            `${name} has ${data.length} elements, expected ${sizeOf(shape)} for [${shape.join(', ')}]`,
          );
        }
        return { name, tensor: this.tensor(data, shape) };
      });
  }

  private wrap(t: Tensor): AdapterTensor {
    const values = elementsOf(contiguous(t));
    return { data: this.double ? Float64Array.from(values) : Float32Array.from(values), shape: [...t.shape] };
  }

  private tensor(data: ArrayLike<number>, shape: Shape): Tensor {
    return this.double
      ? fromStorage('float64', shape, Float64Array.from(data))
      : fromStorage('float32', shape, Float32Array.from(data));
  }
}

function kindOf(name: string, { kind }: AdapterState): 'parameter' | 'buffer' {
  return kind ?? (isStatistic(name) ? 'buffer' : 'parameter');
}
