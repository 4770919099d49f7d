// A Case as a Python program that needs PyTorch alone: it asks the same steps and prints every answer. Text only; nothing is run here.

import type { Arguments, Case, Step } from '../../../cases/case.ts';
import { pythonArguments, pythonFloat, pythonTensor, pythonValue, wrapPython } from './python-words.ts';
import { ScriptError } from './script-error.ts';

/**
 * The program. A line of its output is the step, the tensor, its dtype and shape, and its values in index order; a step that raises says
 * so and the next ones go on. Throws ScriptError for steps that only the oracle knows.
 */
export function renderPythonScript(c: Case): string {
  const needs = new Set<string>();
  const body = c.steps.flatMap((step, i) => ['', ...stepLines(step, i, c, needs)]);
  return `${[...preamble(c, needs), ...body].join('\n')}\n`;
}

/** The first lines of every program: torch as the oracle runs it, and how an answer is printed. */
export function preamble(c: Case, needs: ReadonlySet<string>): string[] {
  const imports = ['import os', ...(needs.has('copy') ? ['import copy'] : [])];
  return [
    `# A case of Normative: ${c.layer}, ${c.dtype}. It needs PyTorch alone.`,
    ...imports.sort(),
    '',
    'os.environ["ATEN_CPU_CAPABILITY"] = "avx2"  # one instruction set and one thread, for the same bits on every run',
    'import torch',
    'from torch import nn',
    ...(needs.has('functional') ? ['from torch.nn import functional as F'] : []),
    '',
    'torch.set_num_threads(1)',
    'torch.set_grad_enabled(False)',
    '',
    '',
    ...(needs.has('both') ? SHOW_BOTH : SHOW),
    ...(needs.has('put') ? ['', '', ...PUT] : []),
    ...(needs.has('entries') ? ['', '', ...ENTRIES] : []),
    ...(needs.has('twice') ? ['', '', ...TWICE] : []),
    '',
    '',
    'layer = x = y = None',
  ];
}

/** The lines of one step. `needs` gathers the helpers that they call. */
export function stepLines(step: Step, i: number, c: Case, needs: Set<string>): string[] {
  const inside = (...lines: readonly string[]) => [
    `with step(${i}) as at:`,
    ...lines.map((line) => wrapPython(line.trimStart(), `    ${' '.repeat(line.length - line.trimStart().length)}`)),
  ];
  const guarded = (guard: string, ...lines: readonly string[]) => [
    guard,
    ...inside(...lines).map((l) => `    ${l.replaceAll('\n', '\n    ')}`),
  ];
  const made = c.steps.slice(0, i).some(({ kind }) => kind === 'construct'); // else there may be no layer
  const onLayer = (...lines: readonly string[]) =>
    made ? inside(...lines) : guarded('if layer is not None:', ...lines);
  switch (step.kind) {
    case 'construct':
      return [
        `# ${i}. a ${step.layer}`,
        'layer = y = None',
        ...inside(`layer = nn.${step.layer}(${constructorArguments(step.arguments, c)})`, 'print(at.number, layer)'),
        'if layer is None:',
        '    raise SystemExit  # nothing is left to ask',
      ];
    case 'forward': {
      const mode = step.mode === null ? [] : [`layer.train(${step.mode === 'train' ? 'True' : 'False'})`];
      const graph = step.gradient
        ? [...requiresGrad('x', step.input.dtype), 'with torch.enable_grad():', '    y = layer(x)']
        : ['y = layer(x)'];
      return [
        `# ${i}. forward${step.mode === null ? '' : ` in ${step.mode} mode`}`,
        'y = None',
        ...inside(
          ...mode,
          `x = ${pythonTensor(step.input)}`,
          'leaves = {"input": x}',
          ...graph,
          'at.show("output", y)',
        ),
      ];
    }
    case 'call':
      needs.add('functional');
      return [`# ${i}. ${step.function}`, 'y = None', ...inside(...callLines(step))];
    case 'backward':
      return [
        `# ${i}. backward${step.again ? ' through the same graph' : ''}${step.accumulate ? ', adding up' : ''}`,
        ...guarded(
          'if y is not None:',
          'targets = {**leaves, **(layer._parameters if layer is not None else {})}',
          ...(step.accumulate
            ? []
            : ['for leaf in targets.values():', '    if leaf is not None:', '        leaf.grad = None']),
          `y.backward(${pythonTensor(step.gradient)}, retain_graph=True)`,
          'for name, leaf in targets.items():',
          '    if leaf is not None and leaf.grad is not None:',
          '        at.show(f"{name}.grad", leaf.grad)',
        ),
      ];
    case 'double_backward': {
      needs.add('twice');
      const vectors = step.vectors.map(({ name, tensor }) => `${JSON.stringify(name)}: ${pythonTensor(tensor)}`);
      const targets = '{**leaves, **(layer._parameters if layer is not None else {})}';
      return [
        `# ${i}. gradients of the gradients`,
        ...guarded(
          'if y is not None:',
          `upstream = ${pythonTensor(step.gradient)}`,
          `double_backward(at, upstream, {${vectors.join(', ')}}, ${targets})`,
        ),
      ];
    }
    case 'read':
      needs.add('entries');
      return onLayer(
        step.what === 'all'
          ? 'show_all(at, {**layer._parameters, **layer._buffers})'
          : 'show_all(at, dict(layer._buffers))',
      );
    case 'save_state':
      needs.add('entries');
      return onLayer('show_all(at, layer.state_dict())');
    case 'set_attribute':
      return onLayer(`layer.${step.name} = ${pythonValue(step.value)}`);
    case 'set_tensor':
      if (step.tensor === null) return onLayer(`layer.${step.name} = None`);
      needs.add('put');
      return onLayer(`put(${JSON.stringify(step.name)}, ${pythonTensor(step.tensor)})`);
    case 'load_state': {
      const entries = step.entries.map(({ name, tensor }) => `(${JSON.stringify(name)}, ${pythonTensor(tensor)})`);
      const version = step.version === null ? [] : [`state._metadata = {"": {"version": ${step.version}}}`];
      return onLayer(
        'from collections import OrderedDict',
        `state = OrderedDict([${entries.join(', ')}])`,
        ...version,
        `print(at.number, "keys", layer.load_state_dict(state, strict=${step.strict ? 'True' : 'False'}))`,
      );
    }
    case 'cast':
      return onLayer(`layer.to(torch.${step.dtype})`);
    case 'copy':
      needs.add('copy');
      return onLayer('layer = copy.deepcopy(layer)');
    case 'reset':
      return onLayer(`layer.reset_${step.what}()`);
    case 'inspect':
    case 'probe':
      throw new ScriptError(
        `step ${i} is ${step.kind === 'probe' ? `the probe ${step.name}` : 'an inspect'}, an observation that the oracle makes with code of its own; a script has no words for it, replay the case without --script`,
      );
    default:
      return step satisfies never;
  }
}

// --- internal ---

const SHOW = [
  'class step:',
  '    """A step that raises says so, and the next ones go on."""',
  '',
  '    def __init__(self, number):',
  '        self.number = number',
  '',
  '    def __enter__(self):',
  '        return self',
  '',
  '    def __exit__(self, kind, problem, trace):',
  '        if isinstance(problem, Exception):',
  '            print(self.number, f"raises {kind.__name__}: {problem}")',
  '        return isinstance(problem, Exception)',
  '',
  '    def show(self, name, tensor):',
  '        values = tensor.detach().flatten().tolist()',
  '        print(self.number, name, str(tensor.dtype)[6:], list(tensor.shape), values)',
];

/** Both sides' answers are kept under PyTorch's names, to be compared at the end. */
const SHOW_BOTH = [
  'answers = {"PyTorch": {}, "subject": {}}',
  'side = "PyTorch"',
  'NAMES = {}',
  '',
  '',
  ...SHOW.slice(0, -2),
  '        stem, grad, _ = name.partition(".grad")',
  '        key = (self.number, NAMES.get(stem, stem) + grad)',
  '        answers[side][key] = tensor.detach().clone()',
  ...SHOW.slice(-2),
];

const PUT = [
  'def put(name, values):',
  '    """The values of a parameter or buffer; one of another dtype or shape is replaced."""',
  '    old = layer._parameters.get(name)',
  '    if name not in layer._parameters:',
  '        setattr(layer, name, values)',
  '    elif old is not None and not nn.parameter.is_lazy(old) and (old.dtype, old.shape) == (values.dtype, values.shape):',
  '        old.data = values',
  '    else:',
  '        setattr(layer, name, nn.Parameter(values, requires_grad=values.is_floating_point()))',
];

const ENTRIES = [
  'def show_all(at, tensors):',
  '    for name, tensor in tensors.items():',
  '        if tensor is not None and not nn.parameter.is_lazy(tensor):',
  '            at.show(name, tensor)',
];

const TWICE = [
  'def double_backward(at, upstream, vectors, leaves):',
  '    """Gradients of the inner products of the gradients with the vectors."""',
  '    leaves = {name: leaf for name, leaf in leaves.items() if leaf is not None and leaf.requires_grad}',
  '    upstream.requires_grad_()',
  '    with torch.enable_grad():',
  '        grads = torch.autograd.grad(y, list(leaves.values()), upstream, create_graph=True, allow_unused=True)',
  '        firsts = {f"{name}.grad": grad for name, grad in zip(leaves, grads) if grad is not None}',
  '        asked = [firsts[name] for name in vectors]',
  '        given = [*leaves.values(), upstream]',
  '        back = list(vectors.values())',
  '        seconds = torch.autograd.grad(asked, given, back, retain_graph=True, allow_unused=True)',
  '    for name, second in zip([*leaves, "upstream"], seconds):',
  '        if second is not None:',
  '            at.show(f"{name}.grad2", second)',
];

/** Arguments of a function whose gradients nobody has. */
const RUNNING: ReadonlySet<string> = new Set(['running_mean', 'running_var']);

/** With the case's dtype where PyTorch's default is another. */
function constructorArguments(args: Arguments, { dtype }: Case): string {
  const words = pythonArguments(args);
  if ('dtype' in args || dtype === 'float32' || dtype === 'int64') return words;
  return [...(words === '' ? [] : [words]), `dtype=torch.${dtype}`].join(', ');
}

const requiresGrad = (name: string, dtype: string) => (dtype === 'int64' ? [] : [`${name}.requires_grad_()`]);

function callLines(step: Extract<Step, { kind: 'call' }>): string[] {
  const lines: string[] = [];
  const args: string[] = [];
  const leaves: string[] = [];
  for (const [name, value] of Object.entries(step.arguments)) {
    if (value.kind !== 'tensor') {
      args.push(`${name}=${value.kind === 'float' ? pythonFloat(value.value) : pythonValue(value)}`);
      continue;
    }
    lines.push(`${name} = ${pythonTensor(value.tensor)}`);
    args.push(`${name}=${name}`);
    if (!step.gradient || value.tensor.dtype === 'int64' || RUNNING.has(name)) continue;
    lines.push(`${name}.requires_grad_()`);
    leaves.push(`"${name}": ${name}`);
  }
  lines.push(`leaves = {${leaves.join(', ')}}`);
  const call = `y = F.${step.function}(${args.join(', ')})`;
  lines.push(...(step.gradient ? ['with torch.enable_grad():', `    ${call}`] : [call]), 'at.show("output", y)');
  for (const name of RUNNING) {
    if (step.arguments[name]?.kind === 'tensor') lines.push(`at.show("${name}", ${name})`);
  }
  return lines;
}
