// Finds words of the outside world in a source: console, the clock, chance, argv, environment and exit (cli only), timers (subjects only).

import ts from 'typescript';

export interface EdgeWord {
  readonly word: string;
  readonly line: number;
}

const EDGE = new Set([
  'Date.now',
  'Math.random',
  'process.exit',
  'process.exitCode',
  'process.argv',
  'process.env',
  'new Date()',
]);
const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'AbortSignal.timeout']);

/** The edge words of a source that `path` (from the root) may not hold; words in comments and strings do not count. */
export function edgeWordsIn(path: string, text: string): EdgeWord[] {
  const inCli = path.startsWith('ts-impl/cli/');
  const inSubjects = path.startsWith('ts-impl/conformance/subjects/');
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: EdgeWord[] = [];
  const visit = (node: ts.Node): void => {
    const word = wordOf(node);
    if (word !== null && ((!inCli && isEdge(word)) || (!inSubjects && TIMERS.has(word)))) {
      found.push({ word, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

// --- internal ---

function isEdge(word: string): boolean {
  return EDGE.has(word) || word.startsWith('console.');
}

/** `a.b` and `a['b']` as "a.b", a call of a timer as its name, `new Date()` as itself; null for everything else. */
function wordOf(node: ts.Node): string | null {
  if (ts.isPropertyAccessExpression(node)) return `${baseOf(node.expression)}.${node.name.text}`;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression))
    return `${baseOf(node.expression)}.${node.argumentExpression.text}`;
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) return 'new Date()';
  if (ts.isIdentifier(node) && TIMERS.has(node.text) && !isOwnName(node)) return node.text;
  return null;
}

/** `globalThis.process` is `process`. */
function baseOf(node: ts.Expression): string {
  return node.getText().replace(/^globalThis\./, '');
}

/** True where an identifier is only a member's name, as in `clock.setTimeout`. */
function isOwnName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent))
    return parent.name === node && parent.expression.getText() !== 'globalThis';
  return (
    (ts.isPropertySignature(parent) || ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent)) &&
    parent.name === node
  );
}
