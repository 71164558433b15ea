import { posix } from "node:path";
import type { Facts, Route } from "./facts.ts";
import type { Page, Piece } from "./page.ts";

/** What a page claims and is not so, as `<page>:<line>: <what>`. */
type Claims = readonly string[];

/** Folders that are made, not kept. */
const MADE = /^(\.\/)?(dist|node_modules|coverage|data)\//;
/** The beginnings of paths that are always from the root. */
const FROM_ROOT = /(?<![\w/.@:-])(?:src|test|docs|bench|scripts|\.ci)\/[\w./<>*-]*/g;
const FILE = /^\.?[\w-]+(?:[./][\w-]+)*\.(?:ts|js|cjs|mjs|md|yml|json)$/;
const FOLDER = /^[\w-]+(?:\/[\w-]+)*\/$/;
const ASKED = /\b(GET|HEAD|POST|PUT|PATCH|DELETE) ((?:…\/|\/)[^\s"'?#,]*)/g;
const ADDRESS = /^(\/(?:v1\/|livez|readyz|metrics)[^\s?#]*)/;
const OWN_URL = /https?:\/\/(?:127\.0\.0\.1|localhost):8080(\/[^\s"'`?#]*)/g;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/** How the names of events begin. */
const EVENT = /\b(?:Delivery|Endpoint|User|Value|Number|Tick|Log|Creation)[A-Z]\w+/g;

/**
 * The links of a page that lead nowhere: files that do not exist, and headings that the other page does not have.
 *
 * @param pages all there are, for their anchors
 */
export function brokenLinks(page: Page, pages: readonly Page[], files: Facts["files"]): Claims {
  return page.links.flatMap(({ text, line }) => {
    if (/^[a-z]+:/.test(text)) return [];
    const [target = "", anchor] = text.split("#");
    const path = target === "" ? page.path : posix.join(posix.dirname(page.path), target);
    if (!files.has(path) && !files.has(`${path.replace(/\/$/, "")}/`)) return [`${page.path}:${line}: no file ${path}`];
    const other = pages.find((one) => one.path === path);
    return anchor === undefined || other?.anchors.has(anchor) === true
      ? []
      : [`${page.path}:${line}: no heading #${anchor} in ${path}`];
  });
}

/** The files and folders that a page names in code, and the pages that it names in a sentence, which do not exist. */
export function missingFiles(page: Page, { files, packages }: Facts): Claims {
  const ends = [...files];
  const exists = (name: string): boolean => {
    const built = /^dist\/(.+)\.js$/.exec(name);
    if (built !== null) return files.has(`src/${built[1]}.ts`);
    const known = name.replace(/[^/]*[<*].*$/, "");
    return MADE.test(name) || packages.has(name) || ends.some((path) => path === known || path.endsWith(`/${known}`));
  };
  const fromRoot = [...page.spans, ...page.blocks].flatMap((piece) =>
    named(piece, FROM_ROOT).filter(({ text }) => {
      const path = text.replace(/[^/]*[<*].*$/, "").replace(/[.]+$/, "");
      return !files.has(path) && !files.has(`${path.replace(/\/$/, "")}/`);
    }),
  );
  const short = page.spans.filter(
    ({ text }) => (FILE.test(text) || FOLDER.test(text)) && text.search(FROM_ROOT) !== 0 && !exists(text),
  );
  const inSentences = named({ text: page.prose, line: 1 }, /(?<=\s)[\w./-]+\.md\b/g).filter(
    ({ text }) => !exists(text.replace(/^(\.{1,2}\/)+/, "")),
  );
  return said(page, "no file", [...fromRoot, ...short, ...inSentences]);
}

/** The environment variables, routes, metrics and events that a page names, and which do not exist. */
export function missingNames(page: Page, { variables, routes, metrics, names }: Facts): Claims {
  const code = [...page.spans, ...page.blocks];
  const everything = [...code, { text: page.prose, line: 1 }];
  const from = (pieces: readonly Piece[], pattern: RegExp): Piece[] => pieces.flatMap((piece) => named(piece, pattern));
  const asked = from(code, ASKED).filter(({ text }) => {
    const [method = "", path = ""] = text.split(" ");
    return !isRoute(routes, method === "HEAD" ? ["GET"] : [method], path);
  });
  const addressed = [...page.spans.map((piece) => matched(piece, ADDRESS)), ...code.flatMap(urlsIn)].filter(
    (piece) => piece !== null && !isRoute(routes, METHODS, piece.text),
  );
  const isMetric = (name: string): boolean => metrics.has(name.replace(/_(bucket|sum|count)$/, ""));
  return [
    ...said(
      page,
      "no variable",
      from(everything, /\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g).filter(({ text }) => !variables.has(text)),
    ),
    ...said(page, "no route", [...asked, ...addressed]),
    ...said(
      page,
      "no metric",
      from(code, /\bwebhook_(?!gateway\b)[a-z_]+/g).filter(({ text }) => !isMetric(text)),
    ),
    ...said(
      page,
      "no event",
      from(everything, EVENT).filter(({ text }) => !names.has(text)),
    ),
  ];
}

/** Whether one of these methods has this path; `…` stands for what is left out at either end. */
function isRoute(routes: readonly Route[], methods: readonly string[], path: string): boolean {
  const wanted = path.split("/");
  const isSame = (own: string, asked: string): boolean =>
    own === asked || (own.startsWith(":") && (/^\{\w+\}$/.test(asked) || /^[\w-]+$/.test(asked)));
  return routes.some((route) => {
    if (!methods.includes(route.method)) return false;
    const own = route.path.split("/");
    if (wanted[0] === "…") {
      const rest = wanted.slice(1);
      return own.length > rest.length && own.slice(-rest.length).every((part, at) => isSame(part, rest[at] ?? ""));
    }
    const shown = wanted.at(-1) === "…" ? wanted.slice(0, -1) : wanted;
    if (shown.length > own.length || (shown === wanted && shown.length !== own.length)) return false;
    return shown.every((part, at) => isSame(own[at] ?? "", part));
  });
}

function urlsIn(piece: Piece): Piece[] {
  return [...piece.text.matchAll(OWN_URL)].map(([, path = ""]) => ({ ...piece, text: path }));
}

function matched({ text, line }: Piece, pattern: RegExp): Piece | null {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? null : { text: found, line };
}

/** Each match, with its own line. */
function named({ text, line }: Piece, pattern: RegExp): Piece[] {
  return [...text.matchAll(pattern)].map((match) => ({
    text: match[0],
    line: line + (text.slice(0, match.index).match(/\n/g)?.length ?? 0),
  }));
}

function said(page: Page, what: string, pieces: readonly (Piece | null)[]): Claims {
  return pieces.flatMap((piece) => (piece === null ? [] : [`${page.path}:${piece.line}: ${what} ${piece.text}`]));
}
