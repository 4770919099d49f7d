// Changed blocks put back into Markdown, Python and notebooks: what did not change is the same, byte for byte.

import { describe, expect, it } from 'vitest';
import { findBlocks } from '../../../../ts-impl/conformance/diagnosis/documents/document.ts';
import { spliceBlocks } from '../../../../ts-impl/conformance/diagnosis/repair/splice.ts';
import { layOver, unifiedDiff } from '../../../../ts-impl/conformance/diagnosis/repair/unified.ts';

function spliced(file: string, text: string, change: (code: string) => string): string {
  const before = findBlocks(file, new TextEncoder().encode(text));
  expect(before.length).toBeGreaterThan(0);
  return spliceBlocks(
    text,
    before,
    before.map((b) => ({ ...b, text: change(b.text) })),
  );
}

const body = ['import torch', '', 'def f(x):', '    y = x.var(0)', '    return y'];
const fixed = (code: string) =>
  code.replace('x.var(0)', 'x.var(0, unbiased=False)').replace('    return y', '    y = y + 1\n    return y');

describe('spliceBlocks', () => {
  it.each([
    ['a list', '  '],
    ['a deeper list', '      '],
  ])('keeps the indentation of a fence in %s', (_, indent) => {
    const lines = ['```python', ...body, '```'].map((l) => (l === '' ? '' : indent + l));
    const text = ['- one', ...(indent.length > 4 ? ['    - two'] : []), ...lines, '', 'after\t', ''].join('\n');
    const now = spliced('n.md', text, fixed);
    expect(now).toBe(
      text
        .replace('x.var(0)', 'x.var(0, unbiased=False)')
        .replace(`${indent}    return y`, `${indent}    y = y + 1\n${indent}    return y`),
    );
  });

  it('keeps the marks of a quotation', () => {
    const text = ['> ```', ...body.map((l) => `> ${l}`), '> ```', ''].join('\n');
    expect(spliced('n.md', text, fixed)).toContain('\n>     y = y + 1\n>     return y\n');
  });

  it('keeps the line ends of Windows', () => {
    const text = body.join('\r\n');
    const now = spliced('n.py', text, (code) => code.replace('    return y', '    y = y + 1\r\n    return y'));
    expect(now).toBe(text.replace('    return y', '    y = y + 1\r\n    return y'));
    const fence = ['```', ...body, '```', ''].join('\r\n');
    expect(spliced('n.md', fence, fixed).split('\r\n')).toHaveLength(fence.split('\r\n').length + 1);
  });

  it('changes the lines of a notebook that changed, and no other byte', () => {
    const source = body.map((l, i) => (i < body.length - 1 ? `${l}\n` : l));
    const cell = (lines: readonly string[]) =>
      JSON.stringify({ cell_type: 'code', outputs: [], source: lines }, null, 3);
    const text = `{"cells": [${cell(source)}],\n "metadata": {"x":  "\\u00e9"}, "nbformat": 4}\n`;
    const now = spliced('n.ipynb', text, fixed);
    expect(JSON.parse(now).cells[0].source.join('')).toBe(fixed(body.join('\n')));
    expect(now).toContain('"metadata": {"x":  "\\u00e9"}, "nbformat": 4}\n');
    expect(now.split('\n')).toHaveLength(text.split('\n').length + 1);
    const whole = `{"cells": [{"cell_type": "code", "source": ${JSON.stringify(body.join('\n'))}}]}`;
    expect(JSON.parse(spliced('n.ipynb', whole, fixed)).cells[0].source).toBe(fixed(body.join('\n')));
  });
});

describe('unifiedDiff', () => {
  it('names the file as it was given and counts lines from 1', () => {
    const before = Array.from({ length: 12 }, (_, i) => `line ${i + 1}\n`).join('');
    expect(unifiedDiff('a/n.py', before, before.replace('line 6\n', 'line six\nand more\n'))).toBe(
      [
        '--- a/n.py',
        '+++ a/n.py',
        '@@ -3,7 +3,8 @@',
        ...[' line 3', ' line 4', ' line 5', '-line 6', '+line six', '+and more', ' line 7', ' line 8', ' line 9'],
        '',
      ].join('\n'),
    );
    expect(unifiedDiff('n.py', before, before)).toBe('');
    expect(unifiedDiff('n.py', 'a', 'b')).toContain('\\ No newline at end of file');
  });
});

describe('layOver', () => {
  it('makes a change to what another one left, and says where it can not', () => {
    const text = ['a', 'b', 'c', 'd', 'e', 'f', ''].join('\n');
    expect(layOver(text.replace('a\n', 'A\nA2\n'), text, text.replace('e', 'E'))).toBe('A\nA2\nb\nc\nd\nE\nf\n');
    expect(layOver(text.replace('e', 'x'), text, text.replace('e', 'E'))).toBeNull();
  });
});
