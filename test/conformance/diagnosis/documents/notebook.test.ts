// Code cells of notebooks keep their place in the file, whatever way the JSON was written; magics leave Python behind.

import { describe, expect, it } from 'vitest';
import { lineInFile, placeWords } from '../../../../ts-impl/conformance/diagnosis/documents/block.ts';
import { DocumentError, findBlocks, guessKind } from '../../../../ts-impl/conformance/diagnosis/documents/document.ts';
import { plainPython } from '../../../../ts-impl/conformance/diagnosis/documents/plain-python.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

const code = (source: string | readonly string[]) => ({
  cell_type: 'code',
  execution_count: null,
  metadata: {},
  outputs: [],
  source,
});
const notebook = (cells: readonly unknown[], language = 'python') => ({
  cells,
  metadata: { language_info: { name: language } },
  nbformat: 4,
  nbformat_minor: 5,
});

const CELLS = [
  { cell_type: 'markdown', metadata: {}, source: ['# Notes\n', 'class NotCode:'] },
  code(['%matplotlib inline\n', 'import torch\n']),
  code(['class A:\n', '    pass']),
];

describe('findBlocks of a notebook', () => {
  it('counts lines by the file where each has its own', () => {
    const text = JSON.stringify(notebook(CELLS), null, 1);
    const blocks = findBlocks('n.ipynb', bytes(text));
    expect(blocks.map((b) => b.text)).toEqual(['pass  # %matplotlib inline\nimport torch', 'class A:\n    pass']);
    const line = text.split('\n').findIndex((l) => l.includes('class A:')) + 1;
    expect(blocks[1].line).toBe(line);
    expect(lineInFile(blocks, line + 1)).toBe(line + 1);
    expect(placeWords(blocks, line + 1)).toBe('cell 3, line 2');
  });

  it('counts them by the cell where the file has them all on one line', () => {
    const joined = notebook(CELLS.map((c) => ({ ...c, source: [...c.source].join('') })));
    const blocks = findBlocks('n.ipynb', bytes(JSON.stringify(joined)));
    expect(blocks).toHaveLength(2);
    expect(blocks[1].line).toBeGreaterThan(blocks[0].line + 1);
    expect(lineInFile(blocks, blocks[1].line + 1)).toBe(1);
    expect(placeWords(blocks, blocks[1].line + 1)).toBe('cell 3, line 2');
  });

  it('leaves out cells in another language and notebooks of one', () => {
    expect(findBlocks('n.ipynb', bytes(JSON.stringify(notebook([code('%%bash\nls')]))))).toEqual([]);
    expect(findBlocks('n.ipynb', bytes(JSON.stringify(notebook([code('x <- 1')], 'R'))))).toEqual([]);
    expect(findBlocks('n.ipynb', bytes(JSON.stringify(notebook([code('%%time\nx = 1')]))))).toHaveLength(1);
  });

  it.each([
    ['{"cells": [', /JSON does not parse .* at line 1/],
    ['{"a": 1}', /no "cells"/],
    ['{"worksheets": []}', /old format/],
  ])('refuses %s', (text, why) => {
    expect(() => findBlocks('n.ipynb', bytes(text))).toThrow(DocumentError);
    expect(() => findBlocks('n.ipynb', bytes(text))).toThrow(why);
  });
});

describe('plainPython', () => {
  it('keeps the number of lines and what is Python', () => {
    const text = 'if x:\n    !ls\n    y = %timeit f()\nz = 7 % 3\nhelp?\n';
    expect(plainPython(text)).toBe('if x:\n    pass  # !ls\n    pass  # y = %timeit f()\nz = 7 % 3\npass  # help?\n');
  });

  it('takes the prompts of a session away, and its output', () => {
    expect(plainPython('>>> def f(x):\n...     return x\n>>> f(1)\n1')).toBe('def f(x):\n    return x\nf(1)\n# 1');
    const docstring = 'def f(x):\n    """\n    >>> f(1)\n    1\n    """';
    expect(plainPython(docstring)).toBe(docstring);
  });
});

describe('guessKind', () => {
  it.each([
    ['class A:\n    pass\n', 'py'],
    ['# Notes\n\n```python\nx = 1\n```\n', 'md'],
    [JSON.stringify(notebook([])), 'ipynb'],
  ])('of %j', (text, kind) => expect(guessKind(bytes(text))).toBe(kind));
});
