// Proposals for Python, from the process that reads it with LibCST: the edit meant is among the first, and the rest of the text is untouched.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Mender, startMender, type Wish } from '../../../../ts-impl/conformance/subjects/mender.ts';
import { hasPython, PYTHON } from '../../subjects/live-python.ts';

let mender: Mender | null = null;

beforeAll(async () => {
  if (hasPython) mender = await startMender({ python: PYTHON });
}, 60_000);
afterAll(() => mender?.close());

const CLASS = `class Norm(nn.Module):  # mine
    def __init__(self, d, eps = 1e-6):
        super().__init__()
        self.g = nn.Parameter(torch.ones(d)); self.b = nn.Parameter(torch.zeros(d))
        self.eps = eps

    def forward(self, x):
        """Normalises."""
        mean = x.mean(-1, keepdim=True)
        std = x.std( -1, keepdim=True)   # the deviation
        return self.g * (x - mean) / (std + self.eps) + self.b
`;

async function proposals(text: string, wish: Partial<Wish>): Promise<string[][]> {
  const candidates = await mender?.propose({
    blocks: [{ line: 1, text }],
    name: 'Norm',
    line: 1,
    convention: 'eps.value',
    expected: 1e-5,
    actual: 1e-6,
    at: null,
    roles: { weight: 'g', bias: 'b' },
    layer: 'LayerNorm',
    rank: 3,
    ...wish,
  });
  const lines = text.split('\n');
  const meant = (candidates ?? []).filter((c) => !c.guess);
  return meant.map(({ blocks }) => blocks[0].text.split('\n').filter((line) => !lines.includes(line)));
}

describe.skipIf(!hasPython)('the mender', () => {
  it.each([
    ['eps.value', 1e-5, 1e-6, ['    def __init__(self, d, eps = 1e-5):']],
    [
      'variance.normalization',
      'biased',
      'unbiased',
      ['        std = x.std( -1, keepdim=True, unbiased=False)   # the deviation'],
    ],
    [
      'eps.placement',
      'inside-sqrt',
      'outside-sqrt',
      [
        '        std = torch.sqrt(x.var(-1, keepdim=True) + self.eps)   # the deviation',
        '        return self.g * (x - mean) / std + self.b',
      ],
    ],
  ])('proposes the edit of %s first', async (convention, expected, actual, lines) => {
    expect((await proposals(CLASS, { convention, expected, actual }))[0]).toEqual(lines);
  });

  it('puts parentheses where an operand would come apart, and none elsewhere', async () => {
    const text = CLASS.replace('/ (std + self.eps)', '* (1 + self.g)');
    const found = await proposals(text, {
      convention: 'affine.form',
      expected: 'weight*x+bias',
      actual: 'one-plus-weight',
    });
    expect(found[0]).toEqual(['        return self.g * (x - mean) * self.g + self.b']);
  });

  it('keeps the indentation of a block that has one as a whole', async () => {
    const text = CLASS.split('\n')
      .map((l) => (l === '' ? '  ' : `    ${l}`))
      .join('\n');
    expect((await proposals(text, {}))[0]).toEqual(['        def __init__(self, d, eps = 1e-5):']);
  });

  it('reaches a helper in another block', async () => {
    const blocks = [
      { line: 1, text: 'class Norm(nn.Module):\n    def forward(self, x):\n        return scale(x)\n' },
      {
        line: 9,
        text: 'def scale(x):\n    return (x - x.mean(-1, keepdim=True)) / torch.sqrt(x.var(-1, keepdim=True) + 1e-5)\n',
      },
    ];
    const wish = {
      blocks,
      name: 'Norm',
      line: 1,
      convention: 'variance.normalization',
      expected: 'biased',
      actual: 'unbiased',
    };
    const [first] = (await mender?.propose({ ...wish, at: null, roles: {}, layer: 'LayerNorm', rank: 3 })) ?? [];
    expect(first.blocks).toHaveLength(1);
    expect(first.blocks[0]).toMatchObject({ index: 1, text: expect.stringContaining('unbiased=False') });
  });

  it.each([
    ['does not parse', 'class Norm(nn.Module:\n    pass\n'],
    ['defines something else', 'class Other:\n    pass\n'],
    ['is nested beyond reason', `x = ${'('.repeat(5000)}1${')'.repeat(5000)}\n`],
  ])('proposes nothing for code that %s', async (_, text) => {
    expect(await proposals(text, {})).toEqual([]);
  });

  it('goes on after a text that it can not read', async () => {
    await proposals('\u0000\ud800', {});
    expect(await proposals(CLASS, {})).not.toEqual([]);
  });
});
