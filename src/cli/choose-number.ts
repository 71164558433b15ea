import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** What a person is asked. */
export function numberPrompt(last: number): string {
  return `which one? 1 to ${last}, or nothing to end: `;
}

/**
 * Asks a person for a number from 1 to `last` until one comes; null when nothing is typed or the input ends, as after Ctrl+D
 * and Ctrl+C.
 *
 * @param input a terminal, as `output`
 */
export async function chooseNumber(last: number, input: Readable, output: Writable): Promise<number | null> {
  // Closed at the end, else it would go on reading and the process would not end.
  using terminal = createInterface({ input, output, prompt: numberPrompt(last) });
  terminal.prompt();
  for await (const line of terminal) {
    const answer = line.trim();
    if (answer === "") return null;
    if (/^\d{1,9}$/.test(answer) && Number(answer) >= 1 && Number(answer) <= last) return Number(answer);
    terminal.prompt();
  }
  // Neither Ctrl+C nor Ctrl+D ends the line, and the shell's prompt comes next.
  output.write("\n");
  return null;
}
