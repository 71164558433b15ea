import { TransferRefused } from "./transfer-refused.ts";

/** The longest line, in bytes: an event of the largest append (1 MiB) and the rest of its line. */
const LONGEST_LINE = 2 * 1024 * 1024;
const LINE_END = 0x0a;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A complete line, without its end. */
export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** The number of bytes up to and including its line end. */
  readonly end: number;
}

/**
 * Splits bytes into lines as they come, holding one chunk and one line at a time. Anything after the last line end is
 * left out, because it is an unfinished line. Only `\n` ends a line, because JSON may contain other separators
 * unescaped.
 *
 * @throws TransferRefused for a line that is not UTF-8 or too long for an export
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  let number = 1;
  let end = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(LINE_END); at >= 0; at = chunk.indexOf(LINE_END, start)) {
      const bytes =
        begun.length === 0 ? chunk.subarray(start, at) : Buffer.concat([...begun, chunk.subarray(start, at)]);
      begun = [];
      begunBytes = 0;
      start = at + 1;
      end += bytes.length + 1;
      yield { text: decoded(bytes, number), number, end };
      number += 1;
    }
    if (start === chunk.length) continue;
    begun.push(chunk.subarray(start));
    begunBytes += chunk.length - start;
    if (begunBytes > LONGEST_LINE) throw new TransferRefused(`line ${number} is longer than any line of an export`);
  }
}

function decoded(bytes: Uint8Array, number: number): string {
  try {
    return UTF8.decode(bytes);
  } catch (error) {
    throw new TransferRefused(`line ${number} is not UTF-8`, { cause: error });
  }
}
