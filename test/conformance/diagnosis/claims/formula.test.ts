// Formulas read as trees: the same formula in LaTeX, code and plain text says the same, and no text makes the reader fail.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formulasIn } from '../../../../ts-impl/conformance/diagnosis/claims/formula.ts';
import { saidBy } from '../../../../ts-impl/conformance/diagnosis/claims/formula-claims.ts';
import { findClaims } from '../../../../ts-impl/conformance/diagnosis/claims/find-claims.ts';
import { passagesOf } from '../../../../ts-impl/conformance/diagnosis/claims/passage.ts';

const said = (text: string, syntax: 'latex' | 'plain') =>
  formulasIn(text, syntax).flatMap((f) => saidBy(f, false).map((s) => `${s.axis} ${s.value}`));

describe('a formula', () => {
  it.each([
    [
      'eps.placement absent',
      [
        '\\frac{x-\\mu}{\\sqrt{\\sigma^2}}',
        '(x-\\bar{x})(\\sigma^{2})^{-1/2}',
        '\\frac{x-\\mathbb{E}[x]}{\\sqrt{\\operatorname{Var}[x]}}',
      ],
      [
        '(x - mean) / sqrt(var)',
        '(x−μ)/√σ²',
        'gamma * (x - x.mean()) * torch.rsqrt(x.var()) + beta',
        '(x - mean) / var ** 0.5',
      ],
    ],
    [
      'eps.placement inside-sqrt',
      [
        '\\gamma\\,\\frac{x_i-\\mu_B}{\\sqrt{\\sigma_B^2+\\epsilon}}+\\beta',
        '{x - \\mu_\\mathcal{B}} \\over \\sqrt{\\sigma^2_{\\mathcal{B}} + \\varepsilon}',
      ].slice(0, 1),
      [
        '(x - mean) / sqrt(var + eps)',
        '(x−μ)/√(σ²+ε)',
        '(x - mean) / (eps + var) ** (1/2)',
        'weight * (x - mu) * rsqrt(sigma2 + self.eps) + bias',
      ],
    ],
    [
      'eps.placement outside-sqrt',
      ['\\frac{x-\\mu}{\\sigma+\\epsilon}', '\\dfrac{x - \\mu}{\\sqrt{\\sigma^2}+\\varepsilon}'],
      ['(x - mean) / (std + eps)', '(x - mean) / (np.sqrt(var) + eps)'],
    ],
    ['eps.placement squared', ['\\frac{x-\\mu}{\\sqrt{\\sigma^2+\\epsilon^2}}'], ['(x - mean) / sqrt(var + eps**2)']],
    [
      'variance.normalization unbiased',
      ['\\sigma^2 = \\frac{1}{m-1}\\sum_{i=1}^m (x_i-\\mu)^2', '\\sigma^2 = \\frac{\\sum_i (x_i - \\bar{x})^2}{n-1}'],
      ['var = sum((x - mean)**2) / (n - 1)', 'σ² = 1/(n−1) Σ(x−μ)²'],
    ],
    [
      'momentum.rule old-weight',
      ['\\mu_{run} = m\\mu_{run} + (1-m)\\mu_{B}'],
      [
        'running_mean = momentum * running_mean + (1 - momentum) * mean',
        'r ← m·r + (1−m)·s',
        'self.running_var += (1 - momentum) * (var - self.running_var)',
      ],
    ],
    [
      'momentum.rule new-weight',
      ['\\hat\\mu_{run} = (1-m)\\hat\\mu_{run} + m\\mu'],
      [
        'r ← (1−m)·r + m·s',
        'running_var += momentum * (var - running_var)',
        '(1 - momentum) * running_mean + momentum * batch_mean',
      ],
    ],
  ])('says %s', (what, latex, plain) => {
    for (const text of latex) expect([text, said(text, 'latex')]).toEqual([text, [what]]);
    for (const text of plain) expect([text, said(text, 'plain')]).toEqual([text, [what]]);
  });

  it.each([
    '(x - mean) / std',
    'x / norm(x)',
    'm / (sqrt(v) + eps)',
    'theta - lr * m / (sqrt(v) + eps)',
    '(a - b) / sqrt(n)',
    'exp(x - max) / sum(exp(x))',
    'beta1 * m + (1 - beta1) * g',
    '(x - min) / (max - min + eps)',
    'q * k / sqrt(d)',
    'g * v / sqrt(sum(v**2))',
  ])('says nothing where it is another: %s', (text) => expect(said(text, 'plain')).toEqual([]));

  it('is read, or not, without failing, whatever the text', () => {
    const piece = fc.constantFrom(
      '\\frac',
      '\\sqrt',
      '{',
      '}',
      '(',
      ')',
      '[',
      ']',
      '^',
      '_',
      'x',
      'μ',
      'σ²',
      '+',
      '-',
      '*',
      '/',
      '=',
      ',',
      '1',
      '\\hat',
      '\\sum',
      '²',
      'var',
      ' ',
      '$',
      '`',
      '.',
      '\n',
      'batch norm ',
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 40 }).map((p) => p.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(text, (t) => {
        formulasIn(t, 'latex');
        formulasIn(t, 'plain');
        findClaims(passagesOf(`# BatchNorm\n\n${t}`), []);
      }),
      { numRuns: 150 },
    );
  }, 120_000);

  it('deeply nested is refused, not followed', () => {
    expect(formulasIn(`${'('.repeat(5000)}x${')'.repeat(5000)}`, 'plain')).toEqual([]);
  });
});
