import type { Page } from "./page.ts";
import { hasWords } from "./source-lines.ts";
import type { Line } from "./source-lines.ts";

/** How the one line of a command begins that failed. */
const FAILED = /^webhook-gateway (cannot [^:]+|[a-z]+): /;
/** The variable that a line may begin with when another part of the program adds it. */
const VARIABLE = /^[A-Z_]+: /;
/** What a reason of `/readyz` begins with. */
const CONCERN = /^[a-z][a-z' -]*: /;
/** Spans that quote no line: commands, requests, code, JSON, paths and patterns. */
const NO_QUOTE =
  /^(webhook-gateway |npm |node |docker |sqlite3 |curl |GET |POST |PUT |PATCH |DELETE |HEAD |[A-Z][a-z]+(-[A-Z][a-z]+)+: |[{[<|(/-]|\d)|[={}$\\]|--/;

/** What a page quotes. */
export interface Quote {
  readonly text: string;
  /** `<page>:<line>` */
  readonly place: string;
}

/** The spans of a page that quote a line: sentences of three words or more. */
export function quotesOf({ path, spans }: Page): readonly Quote[] {
  return spans
    .filter(({ text }) => !NO_QUOTE.test(text) && text.split(" ").filter((word) => /[A-Za-z]{2}/.test(word)).length > 2)
    .map(({ text, line }) => ({ text, place: `${path}:${line}` }));
}

/** The lines that none of these texts quotes in full. */
export function unquoted(lines: readonly Line[], texts: readonly string[]): readonly Line[] {
  const plain = texts.flatMap(forms);
  return lines.filter(({ text }) => hasWords(text) && !plain.some((quote) => patternOf(text).test(quote)));
}

/** The quotes that are the full text of none of these lines. */
export function invented(quotes: readonly Quote[], lines: readonly Line[]): readonly Quote[] {
  const patterns = [...new Set(lines.map(({ text }) => text))].filter(saysSomething).map(patternOf);
  return quotes.filter(({ text }) => !forms(text).some((form) => patterns.some((pattern) => pattern.test(form))));
}

/** As it is quoted, and without what the command or the variable adds in front. */
function forms(quote: string): readonly string[] {
  const line = quote.replace(FAILED, "");
  return [...new Set([quote, line, line.replace(VARIABLE, ""), line.replace(CONCERN, "")])];
}

/** A text whose words are too few says nothing about what it matches: anything varies. */
function saysSomething(text: string): boolean {
  return !text.includes("…") || (text.replace(VARIABLE, "").match(/[A-Za-z]{2,}/g) ?? []).length > 1;
}

/** What varies may be anything, `…` too; what does not is to be quoted to the letter. */
function patternOf(text: string): RegExp {
  const fixed = text.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`));
  return new RegExp(`^${fixed.join(".*")}$`, "s");
}
