import { parseLine } from "./export-format.ts";
import type { ExportFooter, ParsedLine } from "./export-format.ts";
import { linesOf } from "./lines.ts";
import { LogDigest } from "./log-digest.ts";
import { TransferRefused } from "./transfer-refused.ts";

/** A line of an export and its place. */
export type ExportLine = ParsedLine & {
  /** From 1. */
  readonly number: number;
  /** The number of bytes up to and including its line end. */
  readonly end: number;
};

/**
 * The complete lines of an export, finished or not, in order: a header, events with ascending positions, then perhaps a
 * footer with nothing after it.
 *
 * @throws TransferRefused with the number of the first line that is misplaced or cannot be read
 */
export async function* exportLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ExportLine> {
  let position = "";
  let ended = false;
  for await (const { text, number, end } of linesOf(chunks)) {
    if (ended) throw new TransferRefused(`line ${number} comes after the end of the export`);
    const parsed = parseLine(text, number);
    if ((parsed.kind === "header") !== (number === 1)) {
      throw new TransferRefused(number === 1 ? "this is not an export of a log" : `line ${number} is a second header`);
    }
    if (parsed.kind === "header") position = parsed.header.after?.position ?? "";
    if (parsed.kind === "event") {
      if (parsed.event.position <= position) throw new TransferRefused(`line ${number} is not in the order of the log`);
      position = parsed.event.position;
    }
    ended = parsed.kind === "footer";
    yield { ...parsed, number, end };
  }
}

/**
 * The lines of a finished export. The footer comes only if it matches the events before it.
 *
 * @throws TransferRefused as `exportLines` does, and when the export is cut short or its digest does not match
 */
export async function* finishedExportLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ExportLine> {
  const digest = new LogDigest();
  let finished = false;
  let lines = 0;
  for await (const line of exportLines(chunks)) {
    if (line.kind === "event") digest.add(line.leaf);
    if (line.kind === "footer") {
      refuseOtherFooter(line.footer, digest);
      finished = true;
    }
    lines = line.number;
    yield line;
  }
  if (finished) return;
  throw new TransferRefused(
    lines === 0
      ? "this is not an export of a log"
      : `the export is cut short after line ${lines}: its last line is missing`,
  );
}

function refuseOtherFooter(footer: ExportFooter, digest: LogDigest): void {
  if (footer.events !== digest.events) {
    throw new TransferRefused(`the export has ${digest.events} events, not the ${footer.events} of its last line`);
  }
  if (footer.sha256 !== digest.sha256()) {
    throw new TransferRefused(
      `the export was changed: the digest of its events is ${digest.sha256()}, not ${footer.sha256} as in its last line`,
    );
  }
}
