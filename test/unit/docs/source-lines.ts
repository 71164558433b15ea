import ts from "typescript";
import { allFiles, textOf } from "./facts.ts";

/** A text that the program can write, with `…` for what varies. */
export interface Line {
  readonly text: string;
  /** The file that it is in. */
  readonly file: string;
}

/** A line of the program's log. */
export interface LoggedLine extends Line {
  /** pino's: 30 is info. */
  readonly level: number;
}

/** What the source says: lines of the program's log, lines on standard error, and every text at all. */
export interface SourceLines {
  readonly logged: readonly LoggedLine[];
  readonly errors: readonly Line[];
  readonly texts: readonly Line[];
}

/** The errors whose message is the one line that a command ends with, or a start. */
const SHOWN_ERRORS =
  /^(ConfigurationError|UsageError|BackupFailed|\w+(InUse|Unusable|Missing|Unfinished)|(?!Command)\w+Refused)$/;
const LEVELS: Readonly<Record<string, number>> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };
/** What fastify writes into the log that it is given. */
const FASTIFYS: LoggedLine = { text: "Server listening at …", file: "node_modules/fastify/lib/server.js", level: 30 };
/** Lines of a `TroubleLog`. */
const TROUBLE = /^(trouble|over)$/;

/** By their names; those of one file come before those of another. */
type Functions = ReadonlyMap<string, readonly ts.FunctionLikeDeclaration[]>;

/** Reads all of `src/`, and the one package that writes lines of its own into the program's log. */
export function readSourceLines(): SourceLines {
  const paths = allFiles().filter((path) => /^src\/.*\.ts$/.test(path));
  const sources = [...paths, "node_modules/close-with-grace/index.js"].map((path) =>
    ts.createSourceFile(path, textOf(path), ts.ScriptTarget.Latest, true),
  );
  const functions = new Map<string, ts.FunctionLikeDeclaration[]>();
  for (const source of sources) {
    eachNode(source, (node) => {
      if (!ts.isFunctionDeclaration(node) || node.name === undefined) return;
      functions.set(node.name.text, [...(functions.get(node.name.text) ?? []), node]);
    });
  }
  const [logged, errors, texts]: [LoggedLine[], Line[], Line[]] = [[FASTIFYS], [], []];
  for (const source of sources) {
    const file = source.fileName;
    const add = (to: Line[], node: ts.Node): void =>
      textsOf(node, functions).forEach((text) => to.push({ text, file }));
    eachNode(source, (node) => {
      if (isText(node)) add(texts, node);
      const message = loggedBy(node);
      if (message !== null) {
        for (const text of textsOf(message.node, functions)) logged.push({ text, file, level: message.level });
      }
      const shown = shownBy(node, file);
      if (shown !== null) add(errors, shown);
    });
  }
  return { logged, errors, texts };
}

/** The message of a call of a logger, or of a trouble's line, with its level. */
function loggedBy(node: ts.Node): { readonly node: ts.Node; readonly level: number } | null {
  if (ts.isPropertyAssignment(node) && TROUBLE.test(node.name.getText())) {
    const level = /level: "(\w+)"/.exec(node.parent.getText())?.[1] ?? "";
    return { node: node.initializer, level: (node.name.getText() === "over" ? null : LEVELS[level]) ?? 30 };
  }
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return null;
  const { expression: object, name } = node.expression;
  const level = LEVELS[name.text];
  if (level === undefined || !/log(ger)?$/i.test(object.getText())) return null;
  // A line that only passes an error on has the error's text.
  const message = node.arguments.findLast((argument) => !ts.isObjectLiteralExpression(argument));
  return message === undefined ? null : { node: message, level };
}

/** The message of an error that is shown in one line; or a line that a command writes to standard error. */
function shownBy(node: ts.Node, file: string): ts.Node | null {
  // What is wrong with one value is a part of the line about its setting.
  if (file.startsWith("src/net/")) return null;
  if (ts.isNewExpression(node)) {
    const name = node.expression.getText();
    const isShown = SHOWN_ERRORS.test(name) || (name === "Error" && file.startsWith("src/cli/"));
    return isShown ? (node.arguments?.[0] ?? null) : null;
  }
  if (!ts.isCallExpression(node)) return null;
  const called = node.expression.getText();
  if (called === "warn" && file.startsWith("src/cli/")) return node.arguments[0] ?? null;
  if (/^(failure|final)$/.test(called) && file.endsWith("/opening-failure.ts")) return node.arguments[0] ?? null;
  if (called !== "super") return null;
  const owner = ts.findAncestor(node, ts.isClassDeclaration);
  return SHOWN_ERRORS.test(owner?.name?.text ?? "") ? (node.arguments[0] ?? null) : null;
}

/** What an expression can be as a text; nothing when that is decided elsewhere. */
function textsOf(node: ts.Node, functions: Functions, depth = 0): string[] {
  const inner = (one: ts.Node): string[] => textsOf(one, functions, depth + 1);
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node)) {
    const spans = node.templateSpans.map(({ literal }) => `…${literal.text}`);
    const text = collapsed(node.head.text + spans.join(""));
    // One without words of its own is what its parts are.
    const parts = hasWords(text) ? [] : node.templateSpans.flatMap(({ expression }) => inner(expression));
    return parts.length === 0 ? [text] : parts.map((part) => collapsed(`…${part}`));
  }
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return inner(node.expression);
  if (ts.isConditionalExpression(node)) return [...inner(node.whenTrue), ...inner(node.whenFalse)];
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [inner(node.left), inner(node.right)].map((side) => (side.length === 0 ? ["…"] : side));
    return left!.flatMap((one) => right!.map((other) => collapsed(one + other)));
  }
  if (depth > 8) return [];
  if (ts.isIdentifier(node)) return declared(node).flatMap(inner);
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
    const made = functions.get(node.expression.text) ?? [];
    const own = made.find((one) => one.getSourceFile() === node.getSourceFile()) ?? made[0];
    return own === undefined ? [] : returned(own).flatMap(inner);
  }
  return [];
}

/** What a name stands for in its file: the value of a constant, or the words that a parameter may be. */
function declared(name: ts.Identifier): ts.Node[] {
  const found: ts.Node[] = [];
  eachNode(name.getSourceFile(), (node) => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === name.text && node.initializer !== undefined) {
      found.push(node.initializer);
    }
    if (ts.isParameter(node) && node.name.getText() === name.text && node.type !== undefined) {
      eachNode(node.type, (part) => {
        if (ts.isLiteralTypeNode(part)) found.push(part.literal);
      });
    }
  });
  return found;
}

/** What a function returns. */
function returned(made: ts.FunctionLikeDeclaration): ts.Node[] {
  const found: ts.Node[] = [];
  if (made.body !== undefined) {
    eachNode(made.body, (node) => {
      if (ts.isReturnStatement(node) && node.expression !== undefined) found.push(node.expression);
    });
  }
  return found;
}

function isText(node: ts.Node): boolean {
  const isPart = (one: ts.Node): boolean => ts.isBinaryExpression(one) && ts.isBinaryExpression(one.parent);
  return (
    ts.isStringLiteralLike(node) ||
    ts.isTemplateExpression(node) ||
    (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken && !isPart(node))
  );
}

/** Whether there is more in a line than what varies and the variable that it begins with. */
export function hasWords(text: string): boolean {
  return /[A-Za-z]{2}/.test(text.replace(/^[A-Z_]+: /, ""));
}

function collapsed(text: string): string {
  return text.replaceAll(/…+/g, "…");
}

function eachNode(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => eachNode(child, visit));
}
