// The signature of a class or function out of its own source text: parameters, defaults, and the keys of an argument that is a bag of options.

import type TypeScript from 'typescript';
import { ts } from '../compiler.ts';
import { bool, float, int, ints, none, text as textValue, type Value } from '../../../../../cases/case.ts';

export interface Property {
  readonly key: string;
  /** It may be left out. */
  readonly optional: boolean;
  /** Null where there is none, or none that can be read off. */
  readonly default: Value | null;
}

export interface Parameter extends Property {
  readonly rest: boolean;
  /** Keys that are read of it, where it is an object of options or tensors. */
  readonly bag: readonly Property[] | null;
  /** Properties that are read of it. */
  readonly read: readonly string[];
}

export interface Callable {
  readonly kind: 'class' | 'function';
  /** Of the constructor, for a class. */
  readonly parameters: readonly Parameter[];
  /** Words that stand in quotes in it. */
  readonly words: readonly string[];
  /** What a function makes: a function (no name), or an object with a method of that name; null where it makes none. */
  readonly makes: Made | null;
}

export interface Made {
  readonly method: string | null;
  readonly parameters: readonly Parameter[];
}

/** Null for text that is no class and no function, such as that of native code. */
export function readCallable(source: string): Callable | null {
  const node = parse(source);
  if (node === null) return null;
  const words: string[] = [];
  walk(node, (n) => {
    if (ts.isStringLiteralLike(n)) words.push(n.text);
  });
  if (ts.isClassLike(node)) {
    const made = node.members.find(ts.isConstructorDeclaration);
    const parameters = made === undefined ? [] : parametersOf(made);
    return { kind: 'class', parameters, words, makes: null };
  }
  return { kind: 'function', parameters: parametersOf(node), words, makes: madeBy(node) };
}

/** Whether a class's text has a constructor of its own. */
export function hasConstructor(source: string): boolean {
  const node = parse(source);
  return node !== null && ts.isClassLike(node) && node.members.some(ts.isConstructorDeclaration);
}

/** A number, a boolean, a string, null or a list of numbers that an expression stands for; null where it is none of these. */
export function literalOf(node: TypeScript.Expression): Value | null {
  if (ts.isParenthesizedExpression(node)) return literalOf(node.expression);
  if (ts.isStringLiteralLike(node)) return textValue(node.text);
  if (node.kind === ts.SyntaxKind.TrueKeyword) return bool(true);
  if (node.kind === ts.SyntaxKind.FalseKeyword) return bool(false);
  if (node.kind === ts.SyntaxKind.NullKeyword) return none;
  if (ts.isArrayLiteralExpression(node)) {
    const items = node.elements.map((e) => numberOf(e));
    return items.every((n) => n !== null && Number.isInteger(n)) ? ints(items as number[]) : null; // checked before the colon
  }
  const value = numberOf(node);
  if (value === null) return null;
  return Number.isInteger(value) && !/[.e]/i.test(node.getText()) ? int(value) : float(value);
}

// --- internal ---

type Function = TypeScript.SignatureDeclaration & { readonly body?: TypeScript.Node | undefined };

function parse(source: string): TypeScript.ClassLikeDeclaration | Function | null {
  for (const text of [`(${source})`, `({${source}})`]) {
    const file = ts.createSourceFile('norm.js', text, ts.ScriptTarget.Latest, true);
    const [statement] = file.statements;
    if (file.statements.length !== 1 || !ts.isExpressionStatement(statement)) continue;
    if ((file as unknown as { parseDiagnostics: readonly unknown[] }).parseDiagnostics.length > 0) continue; // there, but not in its types
    const inner = ts.isParenthesizedExpression(statement.expression) ? statement.expression.expression : null;
    if (inner === null) continue;
    if (ts.isClassExpression(inner) || ts.isFunctionExpression(inner) || ts.isArrowFunction(inner)) return inner;
    if (ts.isObjectLiteralExpression(inner) && inner.properties.length === 1) {
      const [member] = inner.properties;
      if (ts.isMethodDeclaration(member)) return member;
    }
  }
  return null;
}

function walk(node: TypeScript.Node, visit: (node: TypeScript.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

function numberOf(node: TypeScript.Expression): number | null {
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isParenthesizedExpression(node)) return numberOf(node.expression);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) {
    const value = numberOf(node.operand);
    return value === null ? null : -value;
  }
  if (ts.isPropertyAccessExpression(node) && node.getText() === 'Number.EPSILON') return Number.EPSILON;
  if (!ts.isBinaryExpression(node)) return null;
  const [a, b] = [numberOf(node.left), numberOf(node.right)];
  if (a === null || b === null) return null;
  switch (node.operatorToken.kind) {
    case ts.SyntaxKind.SlashToken:
      return a / b;
    case ts.SyntaxKind.AsteriskToken:
      return a * b;
    case ts.SyntaxKind.AsteriskAsteriskToken:
      return a ** b;
    case ts.SyntaxKind.MinusToken:
      return a - b;
    case ts.SyntaxKind.PlusToken:
      return a + b;
    default:
      return null;
  }
}

function parametersOf(node: Function): Parameter[] {
  return node.parameters.map((p, i): Parameter => {
    const written = p.initializer;
    const common = {
      optional: written !== undefined || p.dotDotDotToken !== undefined || p.questionToken !== undefined,
      default: written === undefined ? null : literalOf(written),
      rest: p.dotDotDotToken !== undefined,
    };
    if (ts.isObjectBindingPattern(p.name)) {
      return { key: `options${i === 0 ? '' : i}`, ...common, bag: patternKeys(p.name), read: [] };
    }
    if (!ts.isIdentifier(p.name)) return { key: `sizes${i}`, ...common, bag: null, read: [] }; // an array pattern: [n, c]
    const uses = usesOf(p.name.text, node);
    const read = [...uses.keys()];
    const guarded = uses.get('') !== undefined; // `p = p ?? …`
    const bag = isBag(read) ? read.filter((key) => key !== '').map((key) => uses.get(key) as Property) : null; // its own keys
    return { key: p.name.text, ...common, optional: common.optional || guarded, bag, read };
  });
}

function patternKeys(pattern: TypeScript.ObjectBindingPattern): Property[] {
  return pattern.elements
    .filter((e) => e.dotDotDotToken === undefined)
    .map((e) => ({
      key: (e.propertyName ?? e.name).getText().replace(/^['"]|['"]$/g, ''),
      optional: e.initializer !== undefined,
      default: e.initializer === undefined ? null : literalOf(e.initializer),
    }));
}

const OF_ARRAYS = new Set(
  'length map reduce forEach slice subarray fill set flat every some concat at entries keys BYTES_PER_ELEMENT constructor'.split(
    ' ',
  ),
);
const OF_TENSORS = new Set('data shape dims storage values dtype strides size sizes rank ndim buffer'.split(' '));

/** An object whose keys are those of no array and no tensor. */
function isBag(read: readonly string[]): boolean {
  const keys = read.filter((key) => key !== '');
  return keys.length > 0 && keys.every((key) => !OF_ARRAYS.has(key)) && keys.some((key) => !OF_TENSORS.has(key));
}

/** Keys read of `name` in a function, with their defaults. An alias made with other defaults (`{ eps: 1, ...name }`) counts as it. */
function usesOf(name: string, node: TypeScript.Node): Map<string, Property> {
  const uses = new Map<string, Property>();
  const add = (key: string, optional: boolean, value: Value | null) => {
    const before = uses.get(key);
    uses.set(key, {
      key,
      optional: optional || (before?.optional ?? false),
      default: before?.default ?? value,
    });
  };
  const names = new Set([name]);
  const isIt = (n: TypeScript.Node): boolean => {
    if (ts.isIdentifier(n)) return names.has(n.text);
    if (ts.isParenthesizedExpression(n) || ts.isNonNullExpression(n)) return isIt(n.expression);
    return ts.isBinaryExpression(n) && isFallback(n.operatorToken.kind) && isIt(n.left);
  };
  walk(node, (n) => {
    if (ts.isVariableDeclaration(n) && n.initializer !== undefined) {
      const defaults = mergedWith(n.initializer, isIt);
      if (defaults !== null) {
        for (const [key, value] of defaults) add(key, true, value);
        if (ts.isIdentifier(n.name)) names.add(n.name.text);
      }
      if ((defaults !== null || isIt(n.initializer)) && ts.isObjectBindingPattern(n.name)) {
        for (const p of patternKeys(n.name)) add(p.key, p.optional, p.default);
      }
    }
    const key = keyRead(n, isIt);
    if (key === null) return;
    const { optional, value } = fallbackOf(n as TypeScript.Expression); // keyRead looks at expressions alone
    add(key, optional, value);
  });
  return uses;
}

const isFallback = (kind: TypeScript.SyntaxKind): boolean =>
  kind === ts.SyntaxKind.QuestionQuestionToken || kind === ts.SyntaxKind.BarBarToken;

function keyRead(n: TypeScript.Node, isIt: (n: TypeScript.Node) => boolean): string | null {
  if (ts.isPropertyAccessExpression(n) && isIt(n.expression)) return n.name.text;
  if (ts.isElementAccessExpression(n) && isIt(n.expression) && ts.isStringLiteralLike(n.argumentExpression))
    return n.argumentExpression.text;
  return null;
}

/** `a.key ?? 1`, `a.key || 1`, `a.key === undefined ? 1 : a.key`: the default behind a reading. */
function fallbackOf(n: TypeScript.Expression): { optional: boolean; value: Value | null } {
  const above = n.parent;
  if (ts.isBinaryExpression(above) && above.left === n) {
    if (isFallback(above.operatorToken.kind)) return { optional: true, value: literalOf(above.right) };
    const choice = above.parent;
    if (ts.isConditionalExpression(choice) && choice.condition === above) {
      const other = choice.whenTrue.getText() === n.getText() ? choice.whenFalse : choice.whenTrue;
      return { optional: true, value: literalOf(other) };
    }
  }
  const maybe =
    (ts.isPropertyAccessExpression(n) || ts.isElementAccessExpression(n)) && n.questionDotToken !== undefined;
  return { optional: maybe, value: null };
}

/** `{ eps: 1e-5, ...it }` and `Object.assign({ eps: 1e-5 }, it)`: the keys with their defaults; null for another expression. */
function mergedWith(
  node: TypeScript.Expression,
  isIt: (n: TypeScript.Node) => boolean,
): [string, Value | null][] | null {
  const call = ts.isCallExpression(node) && node.expression.getText() === 'Object.assign' ? node.arguments : null;
  const literal = call?.find(ts.isObjectLiteralExpression) ?? (ts.isObjectLiteralExpression(node) ? node : null);
  const spread = literal?.properties.some((p) => ts.isSpreadAssignment(p) && isIt(p.expression)) ?? false;
  if (!spread && !(call?.some(isIt) ?? false)) return null;
  return (literal?.properties ?? []).flatMap((p): [string, Value | null][] =>
    ts.isPropertyAssignment(p) ? [[p.name.getText(), literalOf(p.initializer)]] : [],
  );
}

/** What it returns, where that is a function or an object that holds one to be called. */
function madeBy(node: Function): Made | null {
  const { body } = node;
  if (body === undefined) return null;
  const madeOf = (e: TypeScript.Node | undefined): Made | null => {
    if (e === undefined) return null;
    if (ts.isParenthesizedExpression(e)) return madeOf(e.expression);
    if (ts.isArrowFunction(e) || ts.isFunctionExpression(e) || ts.isFunctionDeclaration(e)) {
      return { method: null, parameters: parametersOf(e) };
    }
    if (ts.isIdentifier(e)) return madeOf(definitionOf(e.text, body));
    if (!ts.isObjectLiteralExpression(e)) return null;
    for (const member of e.properties) {
      const name = member.name?.getText() ?? '';
      if (!CALLED.test(name)) continue;
      if (ts.isMethodDeclaration(member)) return { method: name, parameters: parametersOf(member) };
      const value = ts.isPropertyAssignment(member) ? member.initializer : definitionOf(name, body);
      const inner = madeOf(value);
      if (inner !== null && inner.method === null) return { method: name, parameters: inner.parameters };
    }
    return null;
  };
  if (!ts.isBlock(body)) return madeOf(body); // the body of an arrow
  let made: Made | null = null;
  const look = (n: TypeScript.Node): void => {
    if (ts.isReturnStatement(n)) made ??= madeOf(n.expression);
    if (!ts.isFunctionLike(n) && !ts.isClassLike(n)) ts.forEachChild(n, look);
  };
  look(body);
  return made;
}

const CALLED = /^(forward|call|apply|normalize|norm)$/;

/** The function or the value that a name stands for in a body. */
function definitionOf(name: string, body: TypeScript.Node): TypeScript.Node | undefined {
  let found: TypeScript.Node | undefined;
  walk(body, (n) => {
    if (ts.isFunctionDeclaration(n) && n.name?.text === name) found ??= n;
    if (ts.isVariableDeclaration(n) && n.name.getText() === name) found ??= n.initializer;
  });
  return found;
}
