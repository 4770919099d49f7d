// The prose of every kind of document, and the audit of one on live PyTorch: the code's findings first, the text's behind them.

import { beforeEach, describe, expect, it } from 'vitest';
import { findClaims } from '../../../../ts-impl/conformance/diagnosis/claims/find-claims.ts';
import { proseOf } from '../../../../ts-impl/conformance/diagnosis/claims/prose-of.ts';
import { audit } from '../../../../ts-impl/conformance/diagnosis/documents/audit.ts';
import { type DocumentKind, findBlocks } from '../../../../ts-impl/conformance/diagnosis/documents/document.ts';
import { startOracle } from '../../../../ts-impl/conformance/subjects/oracle.ts';
import { startHost } from '../../../../ts-impl/conformance/subjects/workers.ts';
import { faultsOfReport } from '../../report/report-schema.ts';
import { hasPython, NO_PYTHON, PYTHON } from '../../subjects/live-python.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** Line, axis and value of each claim, right or wrong. */
function claims(file: string, text: string, as: DocumentKind | null = null): string[] {
  const found = findClaims(proseOf(file, bytes(text), as, findBlocks(file, bytes(text), as)), []);
  return found.map((c) => `${c.line} ${c.axis} ${c.value}${c.owner === null ? '' : ` in ${c.owner}`}`);
}

const CLASS = `class FlatLayerNorm(nn.Module):
    """LayerNorm with an eps that defaults to 1e-4."""

    def __init__(self, features, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        var = x.var(-1, unbiased=False, keepdim=True)
        return self.weight * (x - mean) / torch.sqrt(var + self.eps) + self.bias
`;

const NOTES = `# Layer normalisation

The output is \`weight * (x - mean) / (std + eps) + bias\`, with one weight and bias per sample.
LayerNorm normalises with the biased variance.

\`\`\`python
${CLASS}\`\`\`
`;

describe('prose', () => {
  it('of Markdown is its paragraphs and what the code in it says', () => {
    expect(claims('notes.md', NOTES)).toEqual([
      '3 eps.placement outside-sqrt',
      '3 affine.shape other',
      '4 variance.normalization biased',
      '8 eps.value 0.0001 in FlatLayerNorm',
    ]);
  });

  it('of Python is its comments and docstrings', () => {
    expect(claims('norm.py', CLASS)).toEqual(['2 eps.value 0.0001 in FlatLayerNorm']);
    expect(claims('norm.txt', CLASS)).toEqual(['2 eps.value 0.0001 in FlatLayerNorm']);
  });

  it('of a notebook is its Markdown cells, a heading holding for those after it, on the lines of the file', () => {
    const cell = (cell_type: string, ...source: string[]) => ({ cell_type, metadata: {}, source });
    const notebook = {
      cells: [
        cell('markdown', '# BatchNorm\n', '\n', 'Some words.'),
        cell('code', 'import torch\n', 'x = 1'),
        cell('markdown', 'At inference batch statistics are used.\n', '\n', 'momentum defaults to 0.1'),
      ],
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5,
    };
    const text = JSON.stringify(notebook, null, 1);
    const lineOf = (words: string) => text.split('\n').findIndex((l) => l.includes(words)) + 1;
    expect(claims('notes.ipynb', text)).toEqual([
      `${lineOf('At inference')} statistics.eval batch`,
      `${lineOf('momentum')} momentum.default 0.1`,
    ]);
  });

  it('stands in lists, quotes and emphasis as in plain paragraphs, and not in tables, links and other code', () => {
    const text = [
      '1. **BatchNorm**',
      '   > eps *defaults* to **1e-3**',
      '',
      '| BatchNorm | eps defaults to 1e-3 |',
      '|---|---|',
      '| BatchNorm | eps defaults to 1e-3 |',
      '',
      '[BatchNorm](eps-defaults-to-1e-3)',
      '',
      '```js',
      '// BatchNorm: eps defaults to 1e-3',
      '```',
    ].join('\n');
    expect(claims('notes.md', text)).toEqual(['2 eps.value 0.001']);
  });
});

describe('an audit', () => {
  beforeEach(({ skip }) => skip(!hasPython, NO_PYTHON));

  it('tells the wrong claims behind the findings, and its verdict is of the code', async () => {
    const [oracle, host] = await Promise.all([startOracle({ python: PYTHON }), startHost({ python: PYTHON })]);
    try {
      const options = { normative: '0', oracle, host, layer: null, timeoutMs: 10_000, memoryBytes: 256 << 20, jobs: 1 };
      const report = await audit([{ file: 'notes.md', bytes: bytes(NOTES) }], options);
      expect(faultsOfReport(JSON.parse(JSON.stringify(report)))).toEqual([]);
      expect(report.exitCode).toBe(0);
      const found = report.subjects[0].findings.filter((f) => f.kind === 'claim');
      expect(found.map((f) => [f.location?.line, f.convention, f.expected, f.actual, f.level])).toEqual([
        [3, 'eps.placement', 'inside-sqrt', 'outside-sqrt', 'note'],
        [3, 'affine.shape', 'normalized_shape', 'other', 'note'],
        [8, 'eps.value', 1e-5, 1e-4, 'note'],
      ]);
    } finally {
      await Promise.all([oracle.close(), host.close()]);
    }
  }, 60_000);
});
