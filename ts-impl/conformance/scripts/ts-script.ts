// A Case as a program of JavaScript, which TypeScript takes too: it asks the same steps of `normative/norms` and prints every answer. Text only.

import { type Case, FUNCTIONS, LAYERS, none, type Step } from '../../../cases/case.ts';
import type { Dtype } from '../../tensor/dtype.ts';
import { intsOf, numberOf, tensorOf, truthy } from '../subjects/port-arguments.ts';
import { bindCall } from '../subjects/port-functions.ts';
import { familyOf, planLayer } from '../subjects/port-layer.ts';
import { ScriptError } from './script-error.ts';
import { plainNumber, plainValue, tsTensor, wrapTs } from './ts-words.ts';

/**
 * The program; where the package `normative` is installed Node runs it as it is. It prints as the Python script does. Throws ScriptError
 * for what only PyTorch has: arguments of a wrong kind, graphs that outlive the layer, what an oracle alone observes.
 */
export function renderTsScript(c: Case): string {
  const uses: Uses = { norms: new Set(['TorchError']), tensors: new Set(['contiguous']), helpers: new Set() };
  const body = c.steps.flatMap((step, i) => ['', ...stepLines(step, i, c, uses)]);
  const halves = tensorDtypes(c).some((dtype) => dtype === 'float16' || dtype === 'bfloat16');
  return `${[
    `// A case of Normative: ${c.layer}, ${c.dtype}. It needs the package normative alone.`,
    `import { ${[...uses.norms].sort().join(', ')} } from 'normative/norms';`,
    `import { ${[...uses.tensors].sort().join(', ')} } from 'normative/tensor';`,
    '',
    ...(halves ? HALF_NUMBERS : NUMBERS),
    ...SHOW,
    ...(uses.helpers.has('sum') ? SUM : []),
    ...STATE,
    ...body,
  ].join('\n')}\n`;
}

// --- internal ---

interface Uses {
  readonly norms: Set<string>;
  readonly tensors: Set<string>;
  readonly helpers: Set<'sum'>;
}

const NUMBERS = ['const numbersOf = (t) => Array.from(t.storage, (v) => Number(v));'];

const HALF_NUMBERS = [
  '/** Half precision comes as raw bits. */',
  'function numbersOf({ dtype, storage }) {',
  "  if (dtype === 'bfloat16') return Array.from(storage, (bits) => new Float32Array(Uint32Array.of(bits << 16).buffer)[0]);",
  "  if (dtype !== 'float16') return Array.from(storage, (v) => Number(v));",
  '  return Array.from(storage, (bits) => {',
  '    const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];',
  '    if (exponent === 31) return fraction ? NaN : sign * Infinity;',
  '    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : (2 ** -14 * fraction) / 1024);',
  '  });',
  '}',
];

const SHOW = [
  '',
  'function show(step, name, tensor) {',
  "  const values = numbersOf(contiguous(tensor)).map((v) => (Object.is(v, -0) ? '-0' : String(v)));",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a line of the program that is printed
  "  console.log(`${step} ${name} ${tensor.dtype} [${tensor.shape.join(', ')}] [${values.join(', ')}]`);",
  '}',
  '',
  '/** A step that throws says so, and the next ones go on. */',
  'function step(number, act) {',
  '  if (lost) return; // the layer itself was refused',
  '  try {',
  '    act();',
  '  } catch (problem) {',
  '    if (!(problem instanceof TorchError)) throw problem;',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a line of the program that is printed
  '    console.log(`${number} raises ${problem.type}: ${problem.message}`);',
  '  }',
  '}',
];

const SUM = [
  '',
  'const sum = (a, b) => (a === null ? b : { ...a, storage: a.storage.map((v, i) => v + contiguous(b).storage[i]) });',
];

const STATE = [
  '',
  'let lost = false;',
  'let layer = null;',
  'let call = null; // the latest one, with the way back',
  'let inputGrad = null;',
];

const DTYPES = ['float16', 'bfloat16', 'float32', 'float64', 'int64'] as const;

function tensorDtypes(c: Case): Dtype[] {
  const words = JSON.stringify(c.steps, (name, value: unknown) => (name === 'storage' ? undefined : value));
  return DTYPES.filter((dtype) => c.dtype === dtype || words.includes(`"${dtype}"`));
}

function stepLines(step: Step, i: number, c: Case, uses: Uses): string[] {
  const refuse = (why: string): never => {
    throw new ScriptError(`step ${i} ${why}; --script python tells it, or replay the case without --script`);
  };
  const inside = (...lines: readonly string[]) => [
    `step(${i}, () => {`,
    ...lines.map((line) => wrapTs(line.trimStart(), `  ${' '.repeat(line.length - line.trimStart().length)}`)),
    '});',
  ];
  const literal = (t: Parameters<typeof tsTensor>[0]) => {
    uses.tensors.add('tensor');
    return tsTensor(t);
  };
  switch (step.kind) {
    case 'construct':
      return [
        `// ${i}. a ${step.layer}`,
        'call = null;',
        'layer = null;',
        ...inside(`layer = ${construction(step, c, uses, refuse)};`, `console.log(\`${i} \${layer}\`);`),
        'lost = layer === null;',
      ];
    case 'forward':
      return [
        `// ${i}. forward${step.mode === null ? '' : ` in ${step.mode} mode`}`,
        'call = inputGrad = null;',
        ...inside(
          ...(step.mode === null ? [] : [`layer.train(${step.mode === 'train'});`]),
          `call = layer.call(${literal(step.input)});`,
          `show(${i}, 'output', call.output);`,
        ),
      ];
    case 'call':
      return [`// ${i}. ${step.function}`, 'call = null;', ...inside(...callLines(step, i, uses, literal, refuse))];
    case 'backward': {
      const before = lastAsked(c.steps, i);
      if (before === null) refuse('is a backward through a layer that was changed, or a call that recorded nothing');
      if (step.accumulate && c.dtype !== 'float32' && c.dtype !== 'float64') refuse('adds gradients in half precision');
      if (step.accumulate) uses.helpers.add('sum');
      const onLayer = before?.kind === 'forward';
      const leaves = before?.kind === 'call' ? leavesOf(before) : ['input'];
      return [
        `// ${i}. backward${step.accumulate ? ', adding up' : ''}`,
        'if (call !== null)',
        ...inside(
          ...(step.accumulate || !onLayer ? [] : ['layer.zeroGrad();']),
          `const grads = call.backward(${literal(step.gradient)});`,
          ...(onLayer
            ? [
                'layer.accumulate(grads);',
                `inputGrad = ${step.accumulate ? 'sum(inputGrad, grads.input)' : 'grads.input'};`,
                `show(${i}, 'input.grad', inputGrad);`,
                `if (layer.weightGrad !== null) show(${i}, 'weight.grad', layer.weightGrad);`,
                `if (layer.biasGrad !== null) show(${i}, 'bias.grad', layer.biasGrad);`,
              ]
            : leaves.map((leaf) => `if (grads.${leaf} !== null) show(${i}, '${leaf}.grad', grads.${leaf});`)),
        ).map((line) => `  ${line.replaceAll('\n', '\n  ')}`),
      ];
    }
    case 'double_backward': {
      const before = lastAsked(c.steps, i);
      if (before === null) refuse('goes back through a layer that was changed, or a call that recorded nothing');
      const vectors = step.vectors.map(({ name, tensor }) => `${name.replace('.grad', '')}: ${literal(tensor)}`);
      const known = before?.kind === 'call' ? leavesOf(before) : ['input', 'weight'];
      return [
        `// ${i}. gradients of the gradients`,
        'if (call !== null)',
        ...inside(
          'const none = { input: null, weight: null, bias: null };',
          `const vectors = { ...none, ${vectors.join(', ')} };`,
          `const seconds = call.doubleBackward(${literal(step.gradient)}, vectors);`,
          ...['input', 'weight', 'upstream']
            .filter((name) => name === 'upstream' || known.includes(name))
            .map((name) => `if (seconds.${name} !== null) show(${i}, '${name}.grad2', seconds.${name});`),
        ).map((line) => `  ${line.replaceAll('\n', '\n  ')}`),
      ];
    }
    case 'read':
      if (step.what === 'buffers' && !/^(Lazy)?(Batch|Instance)Norm/.test(c.layer))
        return [`// ${i}. no buffers to read`];
      return inside(...entryLines(`layer.${step.what === 'all' ? 'tensors' : 'buffers'}()`, i, c));
    case 'save_state':
      return inside(...entryLines('layer.stateDict().entries', i, c));
    case 'set_attribute': {
      if (step.name.endsWith('.requires_grad') && step.value.kind === 'bool')
        return inside(`layer.requiresGrad.${step.name.split('.')[0]} = ${step.value.value};`);
      const value = FIELDS.has(step.name) ? plainValue(step.value) : null;
      if (value === null) return refuse(`sets ${step.name} to what TypeScript has no type for`);
      return inside(`layer.${camelCase(step.name)} = ${value};`);
    }
    case 'set_tensor':
      return inside(
        `layer.assign(${JSON.stringify(step.name)}, ${step.tensor === null ? 'null' : literal(step.tensor)});`,
      );
    case 'load_state': {
      const entries = step.entries.map(
        ({ name, tensor }) => `{ name: ${JSON.stringify(name)}, tensor: ${literal(tensor)} }`,
      );
      return inside(
        `const entries = [${entries.join(', ')}];`,
        `const report = layer.loadStateDict({ entries, version: ${step.version} }, ${step.strict});`,
        `console.log(\`${i} keys \${JSON.stringify(report)}\`);`,
      );
    }
    case 'cast':
      if (step.dtype === 'int64') return refuse('casts to int64');
      return inside(`layer.to('${step.dtype}');`);
    case 'copy':
      return inside('layer = layer.clone();');
    case 'reset':
      return inside(`layer.reset${step.what === 'parameters' ? 'Parameters' : 'RunningStats'}();`);
    case 'inspect':
    case 'probe':
      return refuse(`is ${step.kind === 'probe' ? `the probe ${step.name}` : 'an inspect'}, which the oracle makes`);
    default:
      return step satisfies never;
  }
}

/** Attributes that a layer holds as a field of the same name. */
const FIELDS: ReadonlySet<string> = new Set(['eps', 'momentum', 'training', 'affine', 'track_running_stats']);

const camelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

function construction(
  { layer, arguments: args }: Extract<Step, { kind: 'construct' }>,
  c: Case,
  uses: Uses,
  refuse: (why: string) => never,
): string {
  const lazy = layer.startsWith('Lazy');
  const known = LAYERS.find((name) => name === layer.replace(/^Lazy/, ''));
  if (known === undefined) return refuse(`makes a ${layer}, which the port has not`);
  const odd = Object.entries(args).find(([name, value]) => name !== 'dtype' && plainValue(value) === null);
  if (odd !== undefined) return refuse(`gives ${odd[0]} a value that TypeScript has no type for`);
  uses.norms.add(layer);
  try {
    const { sizes, options } = planLayer(known, lazy, args, c.dtype);
    const family = familyOf(known);
    const layered = family === 'LayerNorm' || family === 'RMSNorm';
    const byName = Object.entries({ ...options, ...('eps' in args && args.eps.kind === 'null' ? { eps: null } : {}) });
    const given = byName.filter(
      ([name, value]) => value !== undefined && (name === 'dtype' ? value !== 'float32' : isGiven(name, args)),
    );
    const words = given.map(
      ([name, value]) => `${name}: ${typeof value === 'number' ? plainNumber(value) : JSON.stringify(value)}`,
    );
    const size = layered ? [`[${sizes.map(plainNumber).join(', ')}]`] : sizes.map(plainNumber);
    return `new ${layer}(${[...size, ...(words.length === 0 ? [] : [`{ ${words.join(', ')} }`])].join(', ')})`;
  } catch (problem) {
    return refuse(
      `is refused by Python before the layer is made (${problem instanceof Error ? problem.message : problem})`,
    );
  }
}

/** Whether the case gives the option that is `name` in camelCase. */
const isGiven = (name: string, args: object) => Object.keys(args).some((given) => camelCase(given) === name);

function callLines(
  step: Extract<Step, { kind: 'call' }>,
  i: number,
  uses: Uses,
  literal: (t: Parameters<typeof tsTensor>[0]) => string,
  refuse: (why: string) => never,
): string[] {
  const name = FUNCTIONS.find((known) => known === step.function);
  if (name === undefined) return refuse(`calls ${step.function}, which the port has not`);
  const odd = Object.entries(step.arguments).find(([, v]) => v.kind !== 'tensor' && plainValue(v) === null);
  if (odd !== undefined) return refuse(`gives ${odd[0]} a value that TypeScript has no type for`);
  uses.norms.add('callFunction');
  try {
    const a = bindCall(name, step.arguments);
    const input = tensorOf(a.input);
    if (input === null) return refuse('calls a function without an input');
    const tensor = (key: string) => (tensorOf(a[key]) === null ? 'null' : literal(tensorOf(a[key]) ?? input));
    const shape = intsOf(a.normalized_shape ?? none).map(plainNumber);
    return [
      `call = callFunction('${name}', {`,
      `  input: ${literal(input)},`,
      ...['running_mean', 'running_var', 'weight', 'bias'].map((key) => `  ${camelCase(key)}: ${tensor(key)},`),
      `  useBatch: ${truthy(a.training ?? a.use_input_stats ?? none)},`,
      `  momentum: ${plainNumber(numberOf(a.momentum ?? none))},`,
      `  eps: ${a.eps.kind === 'null' ? 'null' : plainNumber(numberOf(a.eps))},`,
      `  numGroups: ${plainNumber(numberOf(a.num_groups ?? none))},`,
      `  normalizedShape: [${shape.join(', ')}],`,
      '});',
      `show(${i}, 'output', call.output);`,
      ...(tensorOf(a.running_mean) === null ? [] : [`show(${i}, 'running_mean', call.runningMean);`]),
      ...(tensorOf(a.running_var) === null ? [] : [`show(${i}, 'running_var', call.runningVar);`]),
    ];
  } catch (problem) {
    if (problem instanceof ScriptError) throw problem;
    return refuse(
      `is refused by Python before the function is called (${problem instanceof Error ? problem.message : problem})`,
    );
  }
}

function entryLines(entries: string, i: number, c: Case): string[] {
  const lazy = c.steps.some((step) => step.kind === 'construct' && step.layer.startsWith('Lazy'));
  const skip = lazy ? ['  if (layer.uninitialized.has(name)) continue; // it has no size yet'] : [];
  return [`for (const { name, tensor } of ${entries}) {`, ...skip, `  show(${i}, name, tensor);`, '}'];
}

type Asked = Extract<Step, { kind: 'forward' | 'call' }>;

/** The forward or call that a backward goes through; null where the layer was changed since, or nothing was recorded. */
function lastAsked(steps: readonly Step[], i: number): Asked | null {
  for (const step of steps.slice(0, i).reverse()) {
    if (step.kind === 'forward' || step.kind === 'call') return step.gradient ? step : null;
    if (step.kind !== 'backward' && step.kind !== 'read' && step.kind !== 'double_backward') return null;
    if (step.kind === 'backward' && steps[i].kind === 'backward' && isAccumulating(steps[i])) continue;
  }
  return null;
}

const isAccumulating = (step: Step) => step.kind === 'backward' && step.accumulate;

const leavesOf = (step: Extract<Step, { kind: 'call' }>) =>
  ['input', 'weight', 'bias'].filter((name) => step.arguments[name]?.kind === 'tensor');
