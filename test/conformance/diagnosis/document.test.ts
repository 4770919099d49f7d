// Code is found where people write it: whole files, fences, fences inside list items; and what is no text is refused with advice.

import { describe, expect, it } from 'vitest';
import { DocumentError, findBlocks } from '../../../ts-impl/conformance/diagnosis/documents/document.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('findBlocks', () => {
  it('takes a .py file whole', () => {
    expect(findBlocks('a.py', bytes('import torch\n'))).toEqual([{ line: 1, text: 'import torch\n' }]);
  });

  it('finds fences at their line, inside list items too, and takes the indentation away', () => {
    const text = [
      '# Notes',
      '',
      '- item',
      '  - inner',
      '    ```',
      '    class A:',
      '        pass',
      '    ```',
      '',
      '```python',
      'import torch',
      '```',
    ];
    expect(findBlocks('a.md', bytes(text.join('\n')))).toEqual([
      { line: 6, text: 'class A:\n    pass' },
      { line: 11, text: 'import torch' },
    ]);
  });

  it('leaves other languages and plain examples out', () => {
    expect(findBlocks('a.md', bytes('```js\nimport x from "y"\n```\n\n```\nx = 1\n```\n'))).toEqual([]);
  });

  it('takes a .txt file without fences whole if it is Python', () => {
    expect(findBlocks('a.txt', bytes('def f(x):\n    return x\n'))).toHaveLength(1);
    expect(findBlocks('a.txt', bytes('Dear diary, class was good.'))).toEqual([]);
  });

  it.each([
    ['a.pdf', bytes('x'), /\.py, \.md/],
    ['a.md', new Uint8Array([0x61, 0]), /binary/],
    ['a.md', new Uint8Array([0xff, 0xfe, 0x61]), /UTF-8/],
  ])('refuses %s', (file, content, why) => {
    expect(() => findBlocks(file, content)).toThrow(DocumentError);
    expect(() => findBlocks(file, content)).toThrow(why);
  });
});
