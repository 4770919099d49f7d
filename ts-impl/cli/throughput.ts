// How many bytes a second each layer's forward moves, the port beside PyTorch on the same tensors in one run. It judges nothing.

import Table from 'cli-table3';
import { type Case, type LayerName, type Step, float, int, ints, type Arguments } from '../../cases/case.ts';
import type { Oracle } from '../conformance/subjects/oracle.ts';
import { makeLayer, type Module } from '../norms/index.ts';
import { type FloatDtype, itemSize } from '../tensor/dtype.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { castTensor } from '../norms/parameters.ts';
import { useVectorKernels } from '../norms/wasm/vector-kernels.ts';
import { fromStorage, type Tensor } from '../tensor/tensor.ts';

export interface Throughput {
  readonly layer: LayerName;
  readonly shape: Shape;
  readonly dtype: FloatDtype;
  /** Bytes of input and output over the median time of a training forward, in 10^9 bytes a second. */
  readonly port: number;
  /** The port without its WebAssembly kernels. */
  readonly plain: number;
  readonly torch: number;
}

/** The shapes of the table: a small batch of tokens, a large one, and a batch of images. */
export const THROUGHPUT_SHAPES: readonly Shape[] = [
  [64, 768],
  [4096, 768],
  [32, 64, 56, 56],
];
const DTYPES: readonly FloatDtype[] = ['float32', 'float64', 'float16', 'bfloat16'];
const GROUPS = 32;

/** Bytes of input that one message to the oracle may carry. */
const MESSAGE_BYTES = 64 << 20;
/** At most so many forwards to a message; each reads memory of its own. */
const MOST_FORWARDS = 40;

/** Measures every layer, shape and dtype in turn; both sides by turns, `rounds` times each. */
export async function* measureThroughput(
  oracle: Pick<Oracle, 'floor'>,
  now: () => number,
  rounds: number,
  signal: AbortSignal,
  shapes: readonly Shape[] = THROUGHPUT_SHAPES,
): AsyncGenerator<Throughput> {
  for (const dtype of DTYPES) {
    for (const shape of shapes) {
      const inputs = makeInputs(shape, dtype); // [forwards] of shape
      for (const layer of layersOf(shape)) {
        signal.throwIfAborted();
        const torch: number[] = [];
        const port: number[] = [];
        const plain: number[] = [];
        const module = makeModule(layer, shape, dtype);
        for (let round = -1; round < rounds; round++) {
          const ourSeconds = portSeconds(module, inputs, now);
          useVectorKernels(false);
          const plainSeconds = portSeconds(module, inputs, now);
          useVectorKernels(true);
          const theirSeconds = await oracle.floor([makeCase(layer, shape, dtype, inputs)]);
          if (round < 0) continue; // engines compile, memory is mapped
          port.push(ourSeconds);
          plain.push(plainSeconds);
          torch.push(theirSeconds);
        }
        const bytes = 2 * inputs.length * sizeOf(shape) * itemSize(dtype);
        const rate = (seconds: readonly number[]) => bytes / median(seconds) / 1e9;
        yield { layer, shape, dtype, port: rate(port), plain: rate(plain), torch: rate(torch) };
      }
    }
  }
}

/** The middle of a list that is not empty; of an even number the upper one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

export function renderThroughput(rows: readonly Throughput[]): string {
  const table = new Table({
    head: [
      'training forward',
      'input',
      'dtype',
      'port GB/s',
      'TypeScript alone',
      'PyTorch GB/s',
      'port / PyTorch',
      'alone',
    ],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right'],
  });
  for (const row of rows) {
    const { layer, shape, dtype, port, plain, torch } = row;
    const rates = [port, plain, torch].map((rate) => rate.toFixed(2));
    const ratios = [port / torch, plain / torch].map((ratio) => ratio.toFixed(3));
    table.push([layer, shape.join('×'), dtype, ...rates, ...ratios]);
  }
  return `${table.toString()}\n`;
}

// --- internal ---

function layersOf(shape: Shape): readonly LayerName[] {
  return shape.length === 2
    ? ['BatchNorm1d', 'LayerNorm', 'GroupNorm', 'RMSNorm']
    : ['BatchNorm2d', 'InstanceNorm2d', 'LayerNorm', 'GroupNorm', 'RMSNorm'];
}

/** The sizes of the layer's constructor: LayerNorm and RMSNorm over all axes but the first. */
function sizesOf(layer: LayerName, shape: Shape): readonly number[] {
  if (layer === 'GroupNorm') return [GROUPS, shape[1]];
  if (layer === 'LayerNorm' || layer === 'RMSNorm') return shape.slice(1);
  return [shape[1]];
}

function argumentsOf(layer: LayerName, shape: Shape): Arguments {
  const sizes = sizesOf(layer, shape);
  if (layer === 'GroupNorm') return { num_groups: int(sizes[0]), num_channels: int(sizes[1]) };
  if (layer === 'LayerNorm' || layer === 'RMSNorm') return { normalized_shape: ints(sizes), eps: float(1e-5) };
  return { num_features: int(sizes[0]) };
}

function makeModule(layer: LayerName, shape: Shape, dtype: FloatDtype): Module {
  return makeLayer(layer, sizesOf(layer, shape), { eps: 1e-5, dtype });
}

function makeInputs(shape: Shape, dtype: FloatDtype): readonly Tensor[] {
  const elements = sizeOf(shape);
  const room = Math.floor(MESSAGE_BYTES / (elements * itemSize(dtype)));
  const forwards = Math.max(1, Math.min(MOST_FORWARDS, room));
  return Array.from({ length: forwards }, (_, k) => {
    const values = new Float32Array(elements); // shape
    let state = k + 1;
    for (let i = 0; i < elements; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      values[i] = state / 2 ** 30;
    }
    const input = fromStorage('float32', shape, values);
    return dtype === 'float32' ? input : castTensor(input, dtype);
  });
}

function makeCase(layer: LayerName, shape: Shape, dtype: FloatDtype, inputs: readonly Tensor[]): Case {
  const steps: Step[] = [{ kind: 'construct', layer, arguments: argumentsOf(layer, shape) }];
  for (const input of inputs) steps.push({ kind: 'forward', mode: 'train', input, gradient: false });
  return { id: 'bench', layer, dtype, layout: 'contiguous', steps };
}

function portSeconds(module: Module, inputs: readonly Tensor[], now: () => number): number {
  const started = now();
  for (const input of inputs) module.forward(input);
  return (now() - started) / 1000;
}
