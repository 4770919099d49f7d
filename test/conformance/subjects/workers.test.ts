// Foreign code in workers: what it defines, what it answers, and that nothing it does harms anyone but itself.

import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Arguments, float, int, type Step } from '../../../cases/case.ts';
import type { Outcome, StepResult } from '../../../ts-impl/conformance/outcome.ts';
import { openScratch, type Scratch } from '../../../ts-impl/conformance/subjects/scratch.ts';
import type { Loaded } from '../../../ts-impl/conformance/subjects/wire/reply.ts';
import {
  type Host,
  startHost,
  type Worker,
  type WorkerOptions,
} from '../../../ts-impl/conformance/subjects/workers.ts';
import { tensor } from '../../../ts-impl/tensor/tensor.ts';
import { hasPython, NO_PYTHON, PYTHON } from './live-python.ts';
import { isRunning } from './running.ts';
import { caseOf, construct, forward } from './small-cases.ts';

let host: Host;
let scratch: Scratch;
beforeAll(async () => {
  if (!hasPython) return;
  scratch = openScratch();
  host = await startHost({ python: PYTHON, scratch });
});
afterAll(async () => {
  await host?.close();
  scratch?.close();
});

const QUICK: Partial<WorkerOptions> = { timeoutMs: 1500, memoryBytes: 300 << 20 };

async function withWorker<T>(options: Partial<WorkerOptions>, act: (worker: Worker) => Promise<T>): Promise<T> {
  const worker = await host.startWorker(options);
  try {
    return await act(worker);
  } finally {
    await worker.close();
  }
}

async function load(worker: Worker, ...lines: string[]): Promise<Loaded> {
  const result = await worker.load('page.md', [{ line: 10, text: lines.join('\n') }]);
  if (result.kind === 'undecided') throw new Error(JSON.stringify(result.reason));
  return result.loaded;
}

/** The steps of one case on a class of this code. */
async function steps(code: string[], args: Arguments, ...rest: Step[]): Promise<readonly StepResult[]> {
  return withWorker({}, async (worker) => {
    const loaded = await load(worker, ...code);
    const [{ outcome }] = await worker.ask([caseOf('x', [construct(loaded.classes[0].name, args), ...rest])], {
      truth: false,
    });
    if (outcome.kind !== 'returned' && outcome.kind !== 'refused') throw new Error(JSON.stringify(outcome));
    return outcome.steps;
  });
}

function values(step: StepResult): Record<string, number[]> {
  if (step.kind !== 'returned') throw new Error(JSON.stringify(step));
  return Object.fromEntries(step.tensors.map(({ name, tensor: t }) => [name, Array.from(t.storage, Number)]));
}

/** The process that a worker has started. */
const childOf = (pid: number) => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());

const textsOf = (step: StepResult) => (step.kind === 'returned' ? step.texts : {});
const readAll: Step = { kind: 'read', what: 'all' };
const MODULE = ['class Norm(nn.Module):', '  def __init__(self, dim, eps=1e-5):', '    super().__init__()'];
const IDENTITY = ['class A:', '  def forward(self, x):', '    return x'];

describe.skipIf(!hasPython)(`loading${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test('says what a document defines, with its own lines', async () => {
    const loaded = await withWorker({}, (worker) =>
      load(
        worker,
        'from typing import Optional',
        '@torch.no_grad()',
        'def helper(x, *, eps: float = 1e-5): return x / missing_thing',
        '',
        ...MODULE,
        '    self.w = Parameter(torch.ones(dim))',
        '  def forward(self, x: Tensor) -> Tensor:',
        '    return rearrange(x)',
      ),
    );
    expect(loaded.failures).toEqual([]);
    expect(loaded.classes).toEqual([
      {
        name: 'Norm',
        line: 14,
        endLine: 19,
        bases: ['Module'],
        isModule: true,
        parameters: [
          { name: 'dim', kind: 'positional_or_keyword', hasDefault: false, default: null, annotation: null },
          { name: 'eps', kind: 'positional_or_keyword', hasDefault: true, default: float(1e-5), annotation: null },
        ],
        forward: [{ name: 'x', kind: 'positional_or_keyword', hasDefault: false, default: null, annotation: 'Tensor' }],
        forwardLine: 18,
        forwardEndLine: 19,
        missing: ['rearrange'],
      },
    ]);
    expect(loaded.functions).toMatchObject([{ name: 'helper', line: 12, endLine: 12 }]);
  });

  test('records what fails and runs the rest', async () => {
    const loaded = await withWorker({}, async (worker) => {
      const result = await worker.load('page.md', [
        {
          line: 1,
          text: 'from einops import rearrange\nx = 1 / 0\nclass Lost(Nowhere): pass\nimport sys; sys.exit(3)',
        },
        { line: 20, text: 'def broken(:\n  pass' },
        { line: 30, text: '    class Indented(nn.Module):\n        def forward(self, x): return x' },
        { line: 40, text: 'if __name__ == "__main__":\n  raise SystemError("this is no script")' },
      ]);
      if (result.kind === 'undecided') throw new Error(result.reason.message);
      return result.loaded;
    });
    expect(loaded.classes.map(({ name, line }) => [name, line])).toEqual([['Indented', 30]]);
    expect(loaded.failures).toMatchObject([
      { line: 1, kind: 'import', type: 'ModuleNotFoundError', message: "No module named 'einops'", name: null },
      { line: 2, kind: 'error', type: 'ZeroDivisionError', name: null },
      { line: 3, kind: 'error', type: 'NameError', name: 'Lost' },
      { line: 4, kind: 'exit', type: 'SystemExit', message: '3' },
      { line: 20, endLine: 21, kind: 'syntax', type: 'SyntaxError' },
    ]);
  });

  test('keeps both of two classes of one name', async () => {
    await withWorker({}, async (worker) => {
      const twice = (n: number) => [
        'class A(nn.Module):',
        '  def __init__(self):',
        '    super(A, self).__init__()',
        `  def forward(self, x): return x * ${n}`,
      ];
      const { classes } = await load(worker, ...twice(2), ...twice(3));
      expect(classes.map(({ line }) => line)).toEqual([10, 14]);
      const names = ['A', 'A@10', 'A@14'];
      const answers = await worker.ask(
        names.map((name) => caseOf(name, [construct(name, {}), forward('eval')])),
        { truth: false },
      );
      const outputs = answers.map(({ outcome }) => outcome.kind === 'returned' && values(outcome.steps[1]).output[1]);
      expect(outputs).toEqual([6, 4, 6]);
    });
  });
});

describe.skipIf(!hasPython)(`asking${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test('finds tensors by dotted name, whatever holds them, and sets them', async () => {
    const all = await steps(
      [
        ...MODULE,
        '    self.inner = nn.BatchNorm1d(dim)',
        '    self.plain = torch.zeros(dim)',
        '    self.box = {"a": [torch.ones(1)]}',
        '  def forward(self, x): return x * self.plain + self.inner.weight + self.box["a"][0]',
      ],
      { dim: int(1) },
      { kind: 'set_tensor', name: 'plain', tensor: tensor([2], [1], 'float32') },
      { kind: 'set_tensor', name: 'inner.weight', tensor: tensor([10], [1], 'float32') },
      { kind: 'set_tensor', name: 'box.a.0', tensor: tensor([0.5], [1], 'float32') },
      forward('eval', true),
      { kind: 'backward', gradient: tensor([1, 1], [2, 1], 'float32'), accumulate: false, again: false },
    );
    expect(textsOf(all[0])).toMatchObject({
      parameters: 'inner.weight inner.bias',
      buffers: 'inner.running_mean inner.running_var inner.num_batches_tracked',
      attributes: 'plain box.a.0',
    });
    expect(values(all[4])).toEqual({ output: [10.5, 14.5] });
    expect(values(all[5])).toEqual({ 'input.grad': [2, 2], 'inner.weight.grad': [2] });
  });

  test('tells of prints, warnings, a changed input and buffers that keep the graph', async () => {
    const all = await steps(
      [
        'import warnings',
        ...MODULE,
        '    self.w = Parameter(torch.ones(dim))',
        '    self.register_buffer("seen", torch.zeros(dim))',
        '  def forward(self, x):',
        '    print("shape", tuple(x.shape)); warnings.warn("careful")',
        '    self.seen = self.seen + (x * self.w).mean(0)',
        '    x.data.add_(1)',
        '    return x',
      ],
      { dim: int(1) },
      forward('train'),
      readAll,
    );
    expect(textsOf(all[1])).toEqual({ stdout: 'shape (2, 1)\n', warnings: 'UserWarning: careful' });
    expect(values(all[1])).toEqual({ output: [1, 3], input: [1, 3] });
    expect(textsOf(all[2])).toEqual({ attached: 'seen' });
  });

  test('refuses with the line of the document', async () => {
    const code = [...MODULE, '  def forward(self, x):', '    y = x + 1', '    return y.view(self.dim)'];
    const all = await steps(code, { dim: int(1) }, forward('eval'), readAll);
    expect(all[1]).toMatchObject({ kind: 'refused', type: 'AttributeError', line: 15 });
    expect(all[2].kind).toBe('returned');
    expect((await steps(code, {}, forward('eval')))[0]).toMatchObject({ kind: 'refused', type: 'TypeError' });
  });

  test('refuses what is no tensor', async () => {
    const all = await steps(['class A:', '  def forward(self, x): return (x, x)'], {}, forward('eval'));
    expect(all[1]).toMatchObject({ type: 'NotATensor', message: 'it returned tuple, expected a tensor' });
  });

  test('turns every tensor of a float64 case, known to the module or not, into float64', async () => {
    const input = tensor([0.1, 2], [2, 1], 'float64');
    const code = [...MODULE, '    self.k = torch.full((dim,), 0.1)', '  def forward(self, x): return x * self.k'];
    await withWorker({}, async (worker) => {
      await load(worker, ...code);
      const act: Step = { kind: 'forward', mode: 'eval', input, gradient: false };
      const [{ outcome }] = await worker.ask([caseOf('x', [construct('Norm', { dim: int(1) }), act], 'float64')], {
        truth: false,
      });
      expect(JSON.stringify(outcome, (_, v) => (v?.storage ? v.dtype : v))).toContain('"output","tensor":"float64"');
    });
  });

  test('calls functions, with what they return beside and write into', async () => {
    await withWorker({}, async (worker) => {
      await load(
        worker,
        'def norm(x, running_mean, m=0.5):',
        '  running_mean.mul_(m)',
        '  return x - 1, running_mean, "note"',
      );
      const args = {
        x: { kind: 'tensor', tensor: tensor([3], [1], 'float32') },
        running_mean: { kind: 'tensor', tensor: tensor([4], [1], 'float32') },
      } as const;
      const [{ outcome }] = await worker.ask(
        [caseOf('x', [{ kind: 'call', function: 'norm', arguments: args, gradient: false }])],
        { truth: false },
      );
      if (outcome.kind !== 'returned') throw new Error(JSON.stringify(outcome));
      expect(values(outcome.steps[0])).toEqual({ output: [2], 'output.1': [2], running_mean: [2] });
    });
  });

  test('gives the same random numbers each time', async () => {
    const code = [...MODULE, '    self.w = Parameter(torch.randn(dim))', '  def forward(self, x): return x * self.w'];
    const first = await steps(code, { dim: int(3) });
    expect(await steps(code, { dim: int(3) })).toEqual(first);
  });

  test('does not know a class that the document does not define', async () => {
    await withWorker({}, async (worker) => {
      await load(worker, ...IDENTITY);
      const [{ outcome }] = await worker.ask([caseOf('x', [construct('B', {})])], { truth: false });
      expect(outcome).toEqual({ kind: 'unsupported', reason: 'the document defines no B' });
    });
  });
});

const endings: readonly [name: string, code: string, kind: string, words: string][] = [
  ['loops for ever', 'while True: pass', 'timeout', 'no answer within 1500 ms'],
  ['exits', 'import os; os._exit(3)', 'crash', 'exited with code 3'],
  ['kills itself', 'import os; os.kill(os.getpid(), 9)', 'crash', 'ended by SIGKILL'],
  ['crashes', 'import ctypes; ctypes.string_at(0)', 'crash', 'ended by SIGSEGV'],
];

describe.skipIf(!hasPython)(`code that${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test.each(endings)('%s while it is loaded is undecided', async (_, code, kind, words) => {
    await withWorker(QUICK, async (worker) => {
      const result = await worker.load('page.md', [{ line: 1, text: code }]);
      expect(result).toMatchObject({ kind: 'undecided', reason: { kind } });
      expect(JSON.stringify(result)).toContain(words);
      expect(worker.failure?.kind).toBe(kind);
    });
  });

  test.each([
    ...endings,
    ['takes memory without end', 'l = []\n    while True: l.append([1] * 1000000)', 'memory', 'memory limit'],
    ['takes tensors without end', 'l = []\n    while True: l.append(torch.ones(1000000))', 'memory', 'memory limit'],
  ])('%s while it is asked is undecided, and another worker is not', async (_, code, kind, words) => {
    const options = kind === 'memory' ? { ...QUICK, timeoutMs: 20_000 } : QUICK;
    const outcome = await withWorker(options, async (worker): Promise<Outcome> => {
      await load(worker, 'class A:', '  def forward(self, x):', `    ${code}`);
      return (await worker.ask([caseOf('x', [construct('A', {}), forward('eval')])], { truth: false }))[0].outcome;
    });
    expect(outcome).toMatchObject({ kind: 'undecided', reason: { kind } });
    expect(JSON.stringify(outcome)).toContain(words);
    expect((await steps(IDENTITY, {}, forward('eval')))[1].kind).toBe('returned');
  });

  test('writes to every open file cannot speak for the host', async () => {
    const noise = [
      'import os',
      'for fd in range(100):',
      '  try: os.write(fd, b\'{"ended": 1}\\n\')',
      '  except OSError: pass',
    ];
    await withWorker(QUICK, async (worker) => {
      await worker.load('page.md', [{ line: 1, text: noise.join('\n') }]); // it may well harm itself
    });
    await withWorker({}, async (worker) => expect((await load(worker, ...IDENTITY)).classes).toHaveLength(1));
  });

  test('starts a process leaves none behind, and its scratch folder goes with it', async () => {
    const before = readdirSync(scratch.path);
    const child = await withWorker(QUICK, async (worker) => {
      await load(
        worker,
        'import os, time',
        'pid = os.fork()',
        'if pid == 0: time.sleep(100)',
        'open("pid", "w").write(str(pid))',
      );
      return childOf(worker.pid);
    });
    expect(child).toBeGreaterThan(1);
    await expect.poll(() => isRunning(child)).toBe(false);
    expect(readdirSync(scratch.path)).toEqual(before);
  });
});

describe.skipIf(!hasPython)(`the host${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  test('starts a worker in a moment', async () => {
    const times: number[] = [];
    for (let i = 0; i < 10; i++) {
      const before = performance.now();
      await withWorker({}, async () => times.push(performance.now() - before));
    }
    expect(Math.min(...times)).toBeLessThan(50);
  });

  test('that is killed takes its workers along, they say so, and the next worker comes from a new one', async () => {
    const doomed = await startHost({ python: PYTHON });
    const worker = await doomed.startWorker({ timeoutMs: 20_000 });
    const loading = worker.load('page.md', [{ line: 1, text: 'while True: pass' }]);
    setTimeout(() => process.kill(doomed.pid, 'SIGKILL'), 100);
    expect(await loading).toMatchObject({ kind: 'undecided', reason: { kind: 'crash' } });
    await expect.poll(() => isRunning(worker.pid)).toBe(false);
    const pid = doomed.pid;
    const next = await doomed.startWorker();
    expect(await next.load('page.md', [{ line: 1, text: 'x = 1' }])).toMatchObject({ kind: 'loaded' });
    expect(doomed.pid).not.toBe(pid);
    await next.close();
    await worker.close();
    await doomed.close();
  });

  test.skipIf(process.platform !== 'linux')(
    'leaves nothing of what a worker has started, wherever that has put itself',
    async () => {
      const careful = await startHost({ python: PYTHON });
      const worker = await careful.startWorker({ timeoutMs: 20_000 });
      const text =
        'import subprocess\nchild = subprocess.Popen(["sleep", "300"], start_new_session=True)\nprint(child.pid)\nopen("pid", "w").write(str(child.pid))';
      const loaded = await worker.load('page.md', [{ line: 1, text }]);
      expect(loaded).toMatchObject({ kind: 'loaded' });
      const orphan = childOf(worker.pid);
      expect(isRunning(orphan)).toBe(true);
      await worker.close();
      await expect.poll(() => isRunning(orphan)).toBe(false);
      await careful.close();
    },
  );
});
