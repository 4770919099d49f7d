// The contract of a norm in JavaScript, through the API: the port's own classes and functions fit it, and each part that is wrong or missing shows.

import { describe, expect, test } from 'vitest';
import { check, type CheckRequest, type NormParameters, RequestError } from '../../../../ts-impl/conformance/index.ts';
import { makePort } from '../../../../ts-impl/conformance/subjects/port.ts';
import { layersNamed } from '../../../../ts-impl/conformance/subjects/js/named-layers.ts';
import {
  BatchNorm1d,
  batchNorm,
  GroupNorm,
  InstanceNorm2d,
  LayerNorm,
  RMSNorm,
} from '../../../../ts-impl/norms/index.ts';
import { fromStorage, type Tensor } from '../../../../ts-impl/tensor/tensor.ts';
import { faultsOfReport } from '../../report/report-schema.ts';

const DTYPES = ['float32', 'float64'] as const;

async function ask(request: CheckRequest) {
  const report = await check({ suite: 'deep', cases: 150, ...request });
  expect(faultsOfReport(report)).toEqual([]);
  return report;
}

describe('classes made like PyTorch’s agree to the last bit', () => {
  const classes = {
    BatchNorm1d: class extends BatchNorm1d {
      static readonly dtypes = DTYPES;
    },
    InstanceNorm2d: class extends InstanceNorm2d {
      static readonly dtypes = DTYPES;
    },
    LayerNorm: class extends LayerNorm {
      static readonly dtypes = DTYPES;
    },
    GroupNorm: class extends GroupNorm {
      static readonly dtypes = DTYPES;
    },
    RMSNorm: class extends RMSNorm {
      static readonly dtypes = DTYPES;
    },
  };

  test.each(Object.keys(classes) as (keyof typeof classes)[])('%s', async (name) => {
    const { totals, skipped, cells, verdict } = await ask({ subject: { [name]: classes[name] } });
    expect(verdict).toBe('agrees');
    expect(skipped.filter(({ name }) => !/^\w+: \d+ cases?$/.test(name))).toEqual([]); // unsupported cases alone, by reason
    expect(totals.identical).toBeGreaterThan(60);
    expect(totals.within).toBe(0);
    expect(new Set(cells.map(({ direction }) => direction))).toContain('backward');
    expect(new Set(cells.map(({ dtype }) => dtype))).toContain('float64');
    expect(cells.filter(({ layout }) => layout === 'channels_last')).toEqual([]);
  });
});

describe('a function', () => {
  const tensorOf = (a: ArrayLike<number> | null | undefined): Tensor | null =>
    a === null || a === undefined ? null : fromStorage('float32', [a.length], Float32Array.from(a));

  const asFunction = (input: Float32Array, shape: readonly number[], p: NormParameters) => {
    const call = batchNorm(
      fromStorage('float32', shape, input),
      tensorOf(p.runningMean),
      tensorOf(p.runningVar),
      tensorOf(p.weight),
      tensorOf(p.bias),
      p.training,
      p.momentum,
      p.eps ?? Number.NaN,
    );
    if (call.runningMean !== null) p.runningMean?.set(call.runningMean.storage as Float32Array); // it was made of one
    if (call.runningVar !== null) p.runningVar?.set(call.runningVar.storage as Float32Array); // it was made of one
    const back = (gradient: ArrayLike<number>) =>
      call.backward(fromStorage('float32', shape, Float32Array.from(gradient)));
    return { output: call.output, backward: back };
  };

  test('is asked as PyTorch’s function and as the layers that call it', async () => {
    const { subjects, verdict, totals, cells } = await ask({ subject: { batchNorm: asFunction }, cases: 400 });
    expect(subjects.map(({ layer }) => layer)).toEqual(['BatchNorm1d', 'BatchNorm2d', 'BatchNorm3d', 'batch_norm']);
    expect(verdict).toBe('agrees');
    expect(totals.identical).toBeGreaterThan(100);
    for (const direction of ['forward', 'backward', 'buffers']) {
      expect(
        cells.some((cell) => cell.layer === 'BatchNorm2d' && cell.direction === direction),
        direction,
      ).toBe(true);
    }
  });

  test('that forgets its running statistics differs', async () => {
    const forgetful = (input: Float32Array, shape: readonly number[], p: NormParameters) =>
      asFunction(input, shape, {
        ...p,
        runningMean: p.runningMean?.slice() ?? null,
        runningVar: p.runningVar?.slice() ?? null,
      });
    const { verdict, subjects } = await ask({ subject: { batchNorm: forgetful }, layer: 'BatchNorm1d' });
    expect(verdict).toBe('differs');
    expect(subjects[0].findings.map(({ convention, actual }) => [convention, actual])).toContainEqual([
      'momentum.rule',
      'never-updated',
    ]);
  });
});

describe('what is wrong shows', () => {
  const wrong: Readonly<Record<string, CheckRequest['subject']>> = {
    'an output of another dtype': {
      LayerNorm: class extends LayerNorm {
        override forward(input: Tensor): Tensor {
          const y = super.forward(input);
          return fromStorage('float64', y.shape, Float64Array.from(y.storage as Float32Array)); // asked in float32 alone
        }
      },
    },
    'no output': {
      LayerNorm: class {
        weight = new Float32Array(2);
        bias = new Float32Array(2);
        forward(): number[] {
          return [];
        }
      },
    },
    'a throw where PyTorch answers': {
      LayerNorm: class extends LayerNorm {
        override forward(input: Tensor): Tensor {
          if (input.shape.length > 2) throw new RangeError('two axes at most');
          return super.forward(input);
        }
      },
    },
    'a gradient doubled': {
      LayerNorm: class extends LayerNorm {
        override backward(gradient: Tensor): Tensor {
          super.backward(gradient);
          return super.backward(gradient); // weightGrad has gathered both
        }
      },
    },
    'eval as train': {
      BatchNorm1d: class extends BatchNorm1d {
        override eval(): this {
          return this;
        }
      },
    },
  };

  test.each(Object.keys(wrong))('%s', async (what) => {
    const { verdict, exitCode } = await ask({ subject: wrong[what], explain: false });
    expect(verdict).toBe('differs');
    expect(exitCode).toBe(1);
  });
});

describe('refusals', () => {
  class Lenient extends GroupNorm {
    constructor(groups: number, channels: number, options = {}) {
      super(channels % groups === 0 ? groups : 1, channels, options);
    }
  }

  test('that only PyTorch makes are a note, and with strict a difference', async () => {
    const lenient = await ask({ subject: { GroupNorm: Lenient }, suite: 'standard', cases: 400 });
    expect(lenient.verdict).toBe('agrees');
    const strict = await ask({
      subject: { GroupNorm: Lenient },
      suite: 'standard',
      cases: 400,
      strict: true,
      explain: false,
    });
    expect(strict.totals.refused).toBeGreaterThan(0);
    expect(lenient.totals.refused).toBe(0);
  });
});

test('a request that can not be met says what to change', async () => {
  await expect(check({ subject: makePort() })).rejects.toThrow(/nothing can be compared with itself/);
  await expect(check({ subject: { LayerNorm }, cases: -1 })).rejects.toThrow(RequestError);
  await expect(check({ subject: { scale: (x: Float32Array) => x } })).rejects.toThrow(
    /no class or function with the name of a norm/,
  );
  await expect(check({ subject: { LayerNorm }, cases: 0 })).rejects.toThrow(/no case to check/);
  await expect(check({ subject: { LayerNorm }, tolerance: 'loose' })).rejects.toThrow(/expected bound, torch or ulp:N/);
});

test('names tell layers', () => {
  expect(layersNamed('MyBatchNorm2d', 'class')).toEqual(['BatchNorm2d']);
  expect(layersNamed('InstanceNorm', 'class')).toEqual(['InstanceNorm1d', 'InstanceNorm2d', 'InstanceNorm3d']);
  expect(layersNamed('layer_norm', 'function')).toEqual(['LayerNorm', 'layer_norm']);
  expect(layersNamed('rmsNorm', 'function')).toEqual(['RMSNorm', 'rms_norm']);
  expect(layersNamed('softmax', 'function')).toEqual([]);
});
