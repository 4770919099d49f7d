// A Case put to PyTorch and to a class of a document, as one Python program: the document's code stands in it, both sides are printed, and what differs.

import type { Case, Step } from '../../../cases/case.ts';
import { ScriptError } from './script-error.ts';
import { preamble, stepLines } from './python-script.ts';
import { pythonTensor, pythonValue, wrapPython } from './python-words.ts';

/** A class of a document, and what a case says to it. */
export interface ScriptSubject {
  readonly file: string;
  readonly blocks: readonly { readonly line: number; readonly text: string }[];
  readonly className: string;
  /** The line of its `class`: a document may define a name twice. */
  readonly line: number;
  /** The case in its own words; its steps are the case's, one by one. */
  readonly asked: Case;
  /** PyTorch's names of tensors to its own. */
  readonly names: ReadonlyMap<string, string>;
  /** Constructor arguments that take any number of values by position. */
  readonly variadic: ReadonlySet<string>;
}

/** The program. Throws ScriptError for steps that only the oracle knows. */
export function renderSubjectScript(c: Case, subject: ScriptSubject): string {
  const needs = new Set(['both', 'copy', 'put']);
  const torch = c.steps.flatMap((step, i) => ['', ...stepLines(step, i, c, needs)]);
  const own = subject.asked.steps.flatMap((step, i) => ['', ...subjectLines(step, i, subject)]);
  const { file, className } = subject;
  return `${[
    ...preamble(c, needs),
    '',
    '# --- PyTorch ---',
    ...torch,
    '',
    `# --- ${className} of ${file} ---`,
    'print()',
    'side = "subject"',
    'layer = x = y = None',
    'torch.set_grad_enabled(True)',
    `NAMES = {${[...subject.names].map(([name, its]) => `${JSON.stringify(its)}: ${JSON.stringify(name)}`).join(', ')}}`,
    ...sourceLines(subject),
    ...own,
    '',
    '# --- the difference ---',
    ...DIFFERENCE,
  ].join('\n')}\n`;
}

// --- internal ---

const DIFFERENCE = [
  'print()',
  'for key, here in answers["subject"].items():',
  '    there = answers["PyTorch"].get(key)',
  '    if there is None or there.numel() != here.numel():',
  '        continue',
  '    gap = (there.double() - here.reshape(there.shape).double()).abs()',
  '    print(*key, "differs by up to", gap.max().item() if gap.numel() else 0.0)',
];

function sourceLines({ file, blocks, className, line }: ScriptSubject): string[] {
  return [
    '',
    'BLOCKS = [',
    ...blocks.map((block) => `    (${block.line}, ${quoted(block.text)}),`),
    ']',
    '',
    '',
    'def run(blocks):',
    '    """The document, statement by statement, in one namespace; what fails is left out, as an audit does."""',
    '    import ast, collections, functools, math, textwrap, typing',
    '    namespace = {"__name__": "snippet", "torch": torch, "nn": nn, "F": nn.functional, "math": math}',
    '    namespace.update(functools=functools, partial=functools.partial, OrderedDict=collections.OrderedDict)',
    '    namespace.update(Parameter=nn.Parameter, Module=nn.Module, Tensor=torch.Tensor)',
    '    for name in ("Any", "Callable", "Dict", "Iterable", "List", "Optional", "Sequence", "Tuple", "Type", "Union"):',
    '        namespace[name] = getattr(typing, name)',
    '    try:',
    '        import numpy',
    '        namespace.update(np=numpy, numpy=numpy)',
    '    except ImportError:',
    '        pass',
    '    found = None',
    '    for line, text in blocks:',
    '        try:',
    '            try:',
    '                tree = ast.parse(text)',
    '            except IndentationError:',
    '                tree = ast.parse(textwrap.dedent(text))',
    '        except SyntaxError as problem:',
    '            print("line", line, "does not parse:", problem)',
    '            continue',
    '        ast.increment_lineno(tree, line - 1)',
    '        for statement in tree.body:',
    '            try:',
    `                exec(compile(ast.Module([statement], []), ${JSON.stringify(file)}, "exec"), namespace)`,
    '            except Exception as problem:',
    '                print("line", statement.lineno, "fails:", problem)',
    `            if isinstance(statement, ast.ClassDef) and statement.lineno == ${line}:`,
    `                found = namespace.get(${JSON.stringify(className)})`,
    `    namespace[${JSON.stringify(className)}] = found  # its code may call itself by name`,
    '    return found',
    '',
    '',
    'def owner_of(name):',
    '    *path, last = name.split(".")',
    '    owner = layer',
    '    for part in path:',
    '        owner = owner[int(part)] if isinstance(owner, (list, tuple)) else owner[part] if isinstance(owner, dict) else getattr(owner, part)',
    '    return owner, last',
    '',
    '',
    'def look(name):',
    '    owner, last = owner_of(name)',
    '    return owner[int(last)] if isinstance(owner, (list, tuple)) else owner[last] if isinstance(owner, dict) else getattr(owner, last)',
    '',
    '',
    'def replace(name, values):',
    '    old = look(name)',
    '    if isinstance(old, nn.Parameter):',
    '        old.data = values.to(old.dtype)',
    '        return',
    '    owner, last = owner_of(name)',
    '    values = values.to(old.dtype)',
    '    if isinstance(owner, (list, dict)):',
    '        owner[int(last) if isinstance(owner, list) else last] = values',
    '    else:',
    '        setattr(owner, last, values)',
    '',
    '',
    'def convert(dtype):',
    '    """A module\'s own conversion, then that of the tensors it does not know about."""',
    '    if isinstance(layer, nn.Module):',
    '        layer.to(dtype)',
    '    for name in NAMES:',
    '        held = look(name)',
    '        if isinstance(held, torch.Tensor) and held.is_floating_point() and held.dtype is not dtype:',
    '            if isinstance(held, nn.Parameter):',
    '                held.data = held.data.to(dtype)',
    '            else:',
    '                replace_with(name, held.to(dtype))',
    '',
    '',
    'def replace_with(name, tensor):',
    '    owner, last = owner_of(name)',
    '    if isinstance(owner, (list, dict)):',
    '        owner[int(last) if isinstance(owner, list) else last] = tensor',
    '    else:',
    '        setattr(owner, last, tensor)',
    '',
    '',
    `${className.replace(/\W/g, '_')} = run(BLOCKS)`,
  ];
}

/** A text as a raw string over several lines where it can be one, else as a plain literal. */
function quoted(text: string): string {
  for (const quote of ["'''", '"""']) {
    const fits = !text.includes(quote) && !text.endsWith(quote[0]) && !text.endsWith('\\') && !text.includes('\r');
    if (fits) return `r${quote}${text}${quote}`;
  }
  return JSON.stringify(text);
}

function subjectLines(step: Step, i: number, subject: ScriptSubject): string[] {
  const inside = (...lines: readonly string[]) => [
    `with step(${i}) as at:`,
    ...lines.map((line) => wrapPython(line.trimStart(), `    ${' '.repeat(line.length - line.trimStart().length)}`)),
  ];
  switch (step.kind) {
    case 'construct': {
      const { dtype } = subject.asked;
      const args = Object.entries(step.arguments).map(([name, value]) =>
        subject.variadic.has(name) && value.kind === 'list'
          ? `*${pythonValue(value)}`
          : `${name}=${pythonValue(value)}`,
      );
      const call = `layer = ${subject.className.replace(/\W/g, '_')}(${args.join(', ')})`;
      return [
        ...inside(call, ...(dtype === 'float32' || dtype === 'int64' ? [] : [`convert(torch.${dtype})`])),
        'if layer is None:',
        '    raise SystemExit  # nothing is left to ask',
      ];
    }
    case 'forward': {
      const on = step.mode === 'train' ? 'True' : 'False';
      const mode = [
        'if callable(getattr(layer, "train", None)):',
        `    layer.train(${on})`,
        'elif hasattr(layer, "training"):',
        `    layer.training = ${on}`,
      ];
      return [
        'y = None',
        ...inside(
          ...(step.mode === null ? [] : mode),
          `x = ${pythonTensor(step.input)}`,
          ...(step.gradient && step.input.dtype !== 'int64' ? ['x.requires_grad_()'] : []),
          'y = layer(x) if callable(layer) else layer.forward(x)',
          'at.show("output", y)',
        ),
      ];
    }
    case 'backward':
      return inside(
        'held = {"input": x, **{name: look(name) for name in NAMES}}',
        'leaves = {name: leaf for name, leaf in held.items() if leaf.requires_grad and leaf.is_leaf}',
        ...(step.accumulate ? [] : ['for leaf in leaves.values():', '    leaf.grad = None']),
        `y.backward(${pythonTensor(step.gradient)})`,
        'for name, leaf in leaves.items():',
        '    if leaf.grad is not None:',
        '        at.show(f"{name}.grad", leaf.grad)',
      );
    case 'read':
      return inside('for name in NAMES:', '    at.show(name, look(name))');
    case 'set_tensor':
      if (step.tensor === null) return inside(`replace_with(${JSON.stringify(step.name)}, None)`);
      return inside(`replace(${JSON.stringify(step.name)}, ${pythonTensor(step.tensor)})`);
    case 'cast':
      return inside(`convert(torch.${step.dtype})`);
    case 'copy':
      return inside('layer = copy.deepcopy(layer)');
    default:
      throw new ScriptError(
        `step ${i} is ${step.kind}, which a script does not put to code of others; replay the case without --script`,
      );
  }
}
