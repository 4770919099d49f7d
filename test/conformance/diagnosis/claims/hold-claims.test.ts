// Claims held against the code beside them: whose finding they become, on which line, and when the code speaks for the text.

import { describe, expect, it } from 'vitest';
import { pythonPassages } from '../../../../ts-impl/conformance/diagnosis/claims/python-prose.ts';
import { told, wrongClaims, wrongClaimsIn } from './wrong-claims.ts';

const lines = (...text: string[]) => text.join('\n');

describe('a wrong claim', () => {
  it('is a note with its line, PyTorch’s value, the claimed one and what the code does', () => {
    const text = lines('# BatchNorm', '', 'Some words.', '', '- parameters: `gamma[B]`', '- momentum defaults to 0.9');
    const [shape, momentum, ...rest] = wrongClaims(text, [{ layer: 'BatchNorm2d', line: 9 }]);
    expect(rest).toEqual([]);
    expect(shape).toMatchObject({
      kind: 'claim',
      convention: 'affine.shape',
      level: 'note',
      expected: 'C',
      actual: 'other',
      location: { file: 'notes.md', line: 5, endLine: 5 },
      repair: null,
      witnesses: [],
    });
    expect(shape.message).toBe(
      'The text says of BatchNorm that there is one gamma for each sample (“gamma[B]”); PyTorch has one for each channel. The code beside it does as PyTorch does.',
    );
    expect(momentum).toMatchObject({
      convention: 'momentum.default',
      expected: 0.1,
      actual: 0.9,
      location: { line: 6 },
    });
  });

  it('is told of formulas over several lines with all of them', () => {
    const text = lines('## LayerNorm', '', '$$', 'y = \\frac{x - \\mu}', '{\\sqrt{\\sigma^2} + \\epsilon}', '$$');
    expect(wrongClaims(text)[0].location).toMatchObject({ line: 4, endLine: 5 });
  });

  it('is one for gamma and beta of one line, and one for each line', () => {
    const text = lines('## GroupNorm', '', '- gamma[G] beta[G]', '- beta[G]');
    expect(wrongClaims(text).map((f) => f.location?.line)).toEqual([3, 4]);
  });

  it('belongs to the nearest code of its layer, else to the nearest code, which it does not speak of', () => {
    const text = lines('## GroupNorm', '', '- gamma[G]');
    const code = [
      { layer: 'LayerNorm', line: 5 },
      { layer: 'GroupNorm', line: 60, departs: { 'affine.shape': 'G' } },
    ];
    expect(wrongClaims(text, code)[0].message).toContain('The code beside it does as the text says.');
    expect(wrongClaims(text, code.slice(0, 1))[0].message).not.toContain('code beside it');
  });

  it.each([
    ['as the text says', 'absent', 'does as the text says'],
    ['neither', 'squared', 'does neither: it has squared'],
  ])('says that the code does %s', (_, departs, words) => {
    const code = [{ layer: 'BatchNorm1d', line: 9, departs: { 'eps.placement': departs } }];
    expect(wrongClaims('# BatchNorm\n\ny = (x - mean) / sqrt(var)', code)[0].message).toContain(words);
  });
});

describe('a claim on the code beside it', () => {
  const own = 'Our LayerNorm divides by the unbiased standard deviation.';
  it.each([
    [
      'is right where the code does so',
      [{ layer: 'LayerNorm', line: 3, departs: { 'variance.normalization': 'unbiased' } }],
      [],
    ],
    [
      'is wrong where the code does something else',
      [{ layer: 'LayerNorm', line: 3 }],
      ['variance.normalization unbiased'],
    ],
    ['is left alone where the code is unknown', undefined, []],
  ])('%s', (_, code, wrong) => {
    expect(told(wrongClaims(own, code))).toEqual(wrong);
  });

  it('may state the code’s own default; said of PyTorch the same number is wrong', () => {
    const code = [{ layer: 'LayerNorm', line: 3, departs: { 'eps.value': 1e-6 } }];
    expect(told(wrongClaims('LayerNorm: eps defaults to 1e-6.', code))).toEqual([]);
    expect(told(wrongClaims('`nn.LayerNorm`: eps defaults to 1e-6.', code))).toEqual(['eps.value 0.000001']);
    expect(told(wrongClaims('LayerNorm: eps defaults to 1e-4.', code))).toEqual(['eps.value 0.0001']);
  });

  it('takes its layer from the code of its section where no words name one', () => {
    const text = lines(
      '# Norms',
      '',
      'BatchNorm and LayerNorm.',
      '',
      '## First',
      '',
      'At inference it uses batch statistics.',
      '',
      '## Second',
    );
    const code = [
      { layer: 'BatchNorm2d', line: 8 },
      { layer: 'LayerNorm', line: 12 },
    ];
    expect(told(wrongClaims(text, code))).toEqual(['statistics.eval batch']);
    expect(told(wrongClaims(text, [code[1]]))).toEqual([]);
  });
});

describe('comments and docstrings', () => {
  const source = lines(
    '# LayerNorm: eps defaults to 1e-3',
    'class TinyLayerNorm(nn.Module):',
    '    """LayerNorm over the features.',
    '',
    '    eps: defaults to 1e-3',
    '    """',
    '    def forward(self, x):',
    '        s = "# eps defaults to 1e-9"  # divides by the unbiased standard deviation',
    '        # y = (x - mean) / sqrt(var)',
    '        return x',
  );
  const wrong = (departs: Readonly<Record<string, string | number>>) =>
    wrongClaimsIn(pythonPassages(source, 10), [{ layer: 'TinyLayerNorm', line: 11, departs }]);

  it('speak of the class they stand in, and are wrong where it does something else', () => {
    const found = wrong({});
    expect(told(found)).toEqual(['eps.value 0.001', 'variance.normalization unbiased']);
    expect(found.map((f) => f.location?.line)).toEqual([14, 17]);
    expect(told(wrong({ 'eps.value': 1e-3, 'variance.normalization': 'unbiased' }))).toEqual([]);
  });
});
