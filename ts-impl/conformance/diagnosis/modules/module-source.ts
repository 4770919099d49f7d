// Where the exports of a module stand in its source: lines, and the text with which findings look for theirs. It runs nothing.

import type TypeScript from 'typescript';
import { ts } from '../../subjects/js/compiler.ts';

/** 1-based lines. */
export interface ExportPlace {
  readonly line: number;
  readonly endLine: number;
  /** Where the work is done: `forward` of a class; null where there is no such place. */
  readonly forwardLine: number | null;
}

/** The place of an export: its definition in this file, else the line that exports it. */
export function placeOf(file: string, text: string, name: string, own: string): ExportPlace {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const last = name.slice(name.lastIndexOf('.') + 1);
  const local = localName(source, last) ?? (last === 'default' ? own : last);
  const node = definitionOf(source, local) ?? exportOf(source, last);
  if (node === null) return { line: 1, endLine: text.split('\n').length, forwardLine: null };
  const lineAt = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1;
  const forward = forwardIn(node, source, local);
  return {
    line: lineAt(node.getStart()),
    endLine: lineAt(node.end),
    forwardLine: forward === null ? null : lineAt(forward.getStart()),
  };
}

/** The source written so that the clues of conventions, which speak Python, find their lines: as many lines, in other words. */
export function inPlainWords(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .split('\n')
    .map((line) =>
      line
        .replace(/\/\/.*$/, '')
        .replace(/#/g, '_')
        .replace(/\bthis\./g, 'self.')
        .replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a}_${b.toLowerCase()}`)
        .replace(/\[[^\][]*\](?=\s*[-+*/]?=[^=])/g, '')
        .replace(/\bconsole\.\w+\(/g, 'print('),
    )
    .join('\n');
}

// --- internal ---

/** What a module calls the thing that it exports under another name. */
function localName(source: TypeScript.SourceFile, name: string): string | null {
  for (const statement of source.statements) {
    if (ts.isExportAssignment(statement) && name === 'default' && ts.isIdentifier(statement.expression)) {
      return statement.expression.text;
    }
    if (!ts.isExportDeclaration(statement) || statement.exportClause === undefined) continue;
    if (!ts.isNamedExports(statement.exportClause)) continue;
    const found = statement.exportClause.elements.find((e) => e.name.text === name);
    if (found !== undefined) return (found.propertyName ?? found.name).text;
  }
  return null;
}

/** The class, function, variable, or member of an object that defines a name, wherever it stands. */
function definitionOf(source: TypeScript.SourceFile, name: string): TypeScript.Node | null {
  let found: TypeScript.Node | null = null;
  const visit = (node: TypeScript.Node): void => {
    if (found !== null) return;
    const named = (ts.isClassDeclaration(node) || ts.isFunctionDeclaration(node)) && node.name?.text === name;
    if (named && !(ts.isFunctionDeclaration(node) && node.body === undefined))
      found = node; // overloads have no body
    else if (ts.isVariableDeclaration(node) && node.name.getText() === name) found = node.parent.parent;
    else if ((ts.isPropertyAssignment(node) || ts.isMethodDeclaration(node)) && node.name.getText() === name)
      found = node;
    else if (assignsTo(node, name)) found = node;
    else ts.forEachChild(node, visit);
  };
  ts.forEachChild(source, visit);
  return found;
}

/** `exports.name = …` and `module.exports.name = …`. */
function assignsTo(node: TypeScript.Node, name: string): boolean {
  if (!ts.isExpressionStatement(node) || !ts.isBinaryExpression(node.expression)) return false;
  const { left, operatorToken } = node.expression;
  if (operatorToken.kind !== ts.SyntaxKind.EqualsToken || !ts.isPropertyAccessExpression(left)) return false;
  return left.name.text === name && /exports$/.test(left.expression.getText());
}

/** The statement that exports a name which is defined elsewhere, or the default without a name. */
function exportOf(source: TypeScript.SourceFile, name: string): TypeScript.Node | null {
  const isDefault = (s: TypeScript.Statement) =>
    ts.isExportAssignment(s) ||
    (ts.canHaveModifiers(s) && (ts.getModifiers(s) ?? []).some((m) => m.kind === ts.SyntaxKind.DefaultKeyword));
  const found = source.statements.find((s) =>
    name === 'default' ? isDefault(s) : ts.isExportDeclaration(s) && new RegExp(`\\b${name}\\b`).test(s.getText()),
  );
  return found ?? null;
}

const METHODS = /^(forward|call|apply|normalize|normalise|norm|transform|compute|run)$/;

function forwardIn(node: TypeScript.Node, source: TypeScript.SourceFile, name: string): TypeScript.Node | null {
  let found: TypeScript.Node | null = null;
  const visit = (n: TypeScript.Node): void => {
    if (found !== null) return;
    const isMethod = (ts.isMethodDeclaration(n) || ts.isPropertyAssignment(n)) && METHODS.test(n.name.getText());
    if (isMethod) found = n;
    else ts.forEachChild(n, visit);
  };
  visit(node);
  if (found !== null) return found;
  // `Name.prototype.forward = function …`
  const added = source.statements.find(
    (s) => s.getText().startsWith(`${name}.prototype.`) && /prototype\.(forward|call|apply)/.test(s.getText()),
  );
  return added ?? null;
}
