// The package as someone else has it: packed, laid into a project of theirs, used from JavaScript and from TypeScript. No registry is asked.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');

/** Inside the repository, so that the packages which normative depends on are found above it. */
let project: string;

beforeAll(() => {
  mkdirSync(join(ROOT, '.normative'), { recursive: true });
  project = mkdtempSync(join(ROOT, '.normative', 'user-'));
  const inside = join(project, 'node_modules', 'normative');
  mkdirSync(inside, { recursive: true });
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', project], { cwd: ROOT, stdio: 'pipe' });
  const packed = readdirSync(project).find((name) => name.endsWith('.tgz'));
  if (packed === undefined) throw new Error('npm pack left no package');
  execFileSync('tar', ['-xzf', join(project, packed), '-C', inside, '--strip-components=1']);
  writeFileSync(join(project, 'package.json'), '{ "name": "someone", "type": "module", "private": true }\n');
}, 60_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

/** What a program of theirs prints. No Python can be found from it. */
function run(...argv: readonly string[]): string {
  const env = { ...process.env, PATH: join(project, 'nothing'), NORMATIVE_PYTHON: join(project, 'nothing') };
  return execFileSync(process.execPath, [...argv], { cwd: project, encoding: 'utf8', env });
}

const NORM = `
export class RMSNorm {
  static dtypes = ['float32', 'float64'];
  constructor(normalizedShape, { eps = null, elementwiseAffine = true } = {}) {
    this.size = [normalizedShape].flat().reduce((a, b) => a * b, 1);
    this.eps = eps;
    this.weight = elementwiseAffine ? new Float64Array(this.size).fill(1) : null;
  }
  forward({ storage, dtype }) {
    const y = storage.slice();
    for (let at = 0; at < y.length; at += this.size) {
      let sum = 0;
      for (let i = 0; i < this.size; i++) sum += storage[at + i] ** 2;
      const r = 1 / Math.sqrt(sum / this.size + (this.eps ?? (dtype === 'float64' ? 2 ** -52 : 2 ** -23)));
      for (let i = 0; i < this.size; i++) y[at + i] = storage[at + i] * r * (this.weight?.[i] ?? 1);
    }
    return y;
  }
}
`;

test('its API answers in JavaScript', () => {
  writeFileSync(join(project, 'rms.js'), NORM);
  writeFileSync(
    join(project, 'use.js'),
    `import { check } from 'normative';
    import { BatchNorm2d, batchNorm } from 'normative/norms';
    import { tensor } from 'normative/tensor';
    import { RMSNorm } from './rms.js';

    const right = await check({ subject: { RMSNorm }, suite: 'smoke' });
    class Twice extends RMSNorm {
      forward(input) { return super.forward(input).map((y) => 2 * y); }
    }
    const wrong = await check({ subject: { RMSNorm: Twice }, suite: 'smoke', explain: false });
    const refused = await check({ subject: { RMSNorm }, suite: 'huge' }).catch((problem) => problem.message);
    const x = tensor([1, 2, 3, 6], [1, 2, 1, 2], 'float32');
    const layer = new BatchNorm2d(2).forward(x);
    const { output } = batchNorm(x, null, null, null, null, true);
    console.log(JSON.stringify({ right, wrong, refused, same: layer.storage.join() === output.storage.join() }));`,
  );
  const { right, wrong, refused, same } = JSON.parse(run('use.js'));
  expect(right).toMatchObject({ verdict: 'agrees', exitCode: 0, oracle: { name: 'embedded' } });
  expect(right.totals.identical + right.totals.within).toBeGreaterThan(10);
  expect(right.subjects).toMatchObject([{ name: 'RMSNorm', kind: 'js', layer: 'RMSNorm' }]);
  expect(wrong).toMatchObject({ verdict: 'differs', exitCode: 1 });
  expect(refused).toBe('suite is "huge", expected smoke, standard, deep');
  expect(same).toBe(true);
}, 60_000);

test('its command checks a module of theirs without any Python', () => {
  writeFileSync(join(project, 'rms.js'), NORM);
  const main = join('node_modules', 'normative', 'dist', 'ts-impl', 'cli', 'main.js');
  const out = run(main, 'check', '--subject', 'js:rms.js', '--oracle', 'embedded', '--suite', 'smoke');
  expect(out).toMatch(/^normative \d.* check: embedded 2\.13\.0/);
  expect(out).toMatch(/^agrees: /m);
}, 60_000);

test('its types hold in TypeScript, and refuse what is wrong', () => {
  writeFileSync(
    join(project, 'use.ts'),
    `import { check, type CheckRequest, type NormModule, type Report } from 'normative';
    import { BatchNorm2d, batchNorm } from 'normative/norms';
    import { tensor, type Tensor } from 'normative/tensor';

    class MyNorm implements NormModule {
      static readonly dtypes = ['float32', 'float64'] as const;
      weight: Float32Array | null = null;
      private readonly sizes: readonly number[];
      constructor(normalizedShape: readonly number[], options: { readonly eps?: number } = {}) {
        this.sizes = options.eps === 0 ? [] : normalizedShape;
      }
      forward(input: Tensor): Float32Array {
        return new Float32Array(input.storage.length * this.sizes.length);
      }
    }
    const request: CheckRequest = { subject: { LayerNorm: MyNorm }, suite: 'deep', cases: 100, tolerance: 'ulp:4' };
    const report: Report = await check(request);
    const verdict: 'agrees' | 'differs' | 'undecided' = report.verdict;
    const rmsNorm = (input: Float32Array, shape: readonly number[], { eps }: { eps: number | null }) =>
      input.map((v) => v * (eps ?? shape[0]));
    await check({ subject: { rmsNorm } });
    const x = tensor([1], [1, 1, 1, 1], 'float32');
    const y: Tensor = batchNorm(new BatchNorm2d(1, { eps: 1e-3 }).forward(x), null, null).output;
    export const used = [verdict, y.shape];
    // @ts-expect-error: no such suite
    await check({ subject: { LayerNorm: MyNorm }, suite: 'huge' });
    // @ts-expect-error: no norm is without forward
    await check({ subject: { LayerNorm: class {} } });
    // @ts-expect-error: a norm answers tensors
    await check({ subject: { LayerNorm: class { forward() { return 'y'; } } } });`,
  );
  const program = ts.createProgram([join(project, 'use.ts')], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    noEmit: true,
    types: [],
  });
  const faults = ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
    const line = file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    return `${file?.fileName.replace(project, '')}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
  expect(faults).toEqual([]);
  expect(program.getSourceFiles().some(({ fileName }) => fileName.endsWith('norms/index.d.ts'))).toBe(true);
}, 60_000);
