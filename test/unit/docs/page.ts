/** A piece of a page, and the line of the page on which it begins, counted from 1. */
export interface Piece {
  readonly text: string;
  readonly line: number;
}

/** A Markdown page, taken apart into what it claims. */
export interface Page {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  /** What `#…` may lead to: the headings, as GitHub names them. */
  readonly anchors: ReadonlySet<string>;
  /** The targets of all links. */
  readonly links: readonly Piece[];
  /** What stands between backticks. */
  readonly spans: readonly Piece[];
  /** The lines of the fenced blocks. */
  readonly blocks: readonly Piece[];
  /** Everything else, as one text of the page's length. */
  readonly prose: string;
}

const FENCE = /^ *(```|~~~)[^\n]*\n[\s\S]*?^ *\1 *$/gm;
const SPAN = /(?<!`)(`+)(?!`)([\s\S]*?[^`])\1(?!`)/g;
/** An inline link, whose text may have brackets, or the definition of a reference. */
const LINK = /\[(?:[^[\]]|\[[^\]]*\])*\]\(([^)\s]+)(?:\s+"[^"]*")?\)|^ *\[[^\]]+\]:\s+(\S+)/gm;
const HEADING = /^#{1,6}\s+(.+?)\s*#*$/gm;

/**
 * Takes a page apart. A link between backticks or in a fenced block is no link.
 *
 * @param path from the root of the repository
 * @param text of the whole page
 */
export function readPage(path: string, text: string): Page {
  const lineAt = (index: number): number => text.slice(0, index).split("\n").length;
  const blocks: Piece[] = [];
  const spans: Piece[] = [];
  const unfenced = text.replace(FENCE, (block: string, _fence: string, at: number) => {
    const lines = block.split("\n").slice(1, -1);
    for (const [index, line] of lines.entries()) blocks.push({ text: line, line: lineAt(at) + index + 1 });
    return blank(block);
  });
  const prose = unfenced.replace(SPAN, (span: string, _ticks: string, content: string, at: number) => {
    // A space at both ends is there for a backtick beside it, and is not shown.
    const shown = content.replaceAll(/\s*\n\s*/g, " ").replace(/^ (.*) $/, "$1");
    spans.push({ text: shown, line: lineAt(at) });
    return blank(span);
  });
  const links = [...prose.matchAll(LINK)].map((match) => ({
    text: match[1] ?? match[2] ?? "",
    line: lineAt(match.index),
  }));
  return { path, anchors: anchorsOf(unfenced), links, spans, blocks, prose };
}

/** Of the same length and the same lines, so that places stay where they are. */
function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, " ");
}

/** The anchors that GitHub gives to headings; a repeated one is counted. */
function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of text.matchAll(HEADING)) {
    const shown = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const slug = shown
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}
