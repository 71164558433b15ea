import { styleText } from "node:util";

/** The width that every line keeps to, in columns. */
const COLUMNS = 80;
/** Where the text begins, behind the time. */
const INDENT = 8;

/** What the API shows of an attempt, as far as the table needs it. */
export interface AttemptRow {
  readonly number: number;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly outcome: string;
  readonly response_status: number | null;
  readonly error_code: string | null;
  readonly next_attempt_at: string | null;
}

/** Prints what happens while it happens; every time is in seconds since `begin`. Colours only where a person looks. */
export class DemoReport {
  #begunAt = performance.now();

  /** The times of what follows count from now. */
  begin(): void {
    this.#begunAt = performance.now();
  }

  /** The title of what follows. */
  heading(text: string): void {
    print("");
    print(styleText("bold", text));
  }

  /** One step, with its time. */
  step(text: string): void {
    const seconds = ((performance.now() - this.#begunAt) / 1_000).toFixed(2);
    print("");
    print(`${styleText("dim", `${seconds.padStart(5)} s`)} ${text}`);
  }

  /** Something to read, below a step: its own lines as they are, and where one is too long, on several. */
  text(text: string): void {
    for (const line of text.split("\n")) {
      for (const part of partsOf(line, COLUMNS - INDENT)) print(" ".repeat(INDENT) + part);
    }
  }

  /** An answer: green when it is a success. */
  answer(status: number, text: string): void {
    const colour = status >= 200 && status < 300 ? "green" : "red";
    print(`${" ".repeat(INDENT - 2)}${styleText(colour, `← ${text}`)}`);
  }

  /** The attempts of a delivery, one a row; times are in seconds since `createdAt` (ISO 8601). */
  attempts(createdAt: string, attempts: readonly AttemptRow[]): void {
    const since = (time: string | null): string =>
      time === null ? "-" : `${((Date.parse(time) - Date.parse(createdAt)) / 1_000).toFixed(2)} s`;
    const rows = attempts.map((attempt) => [
      `${attempt.number}`,
      since(attempt.started_at),
      `${attempt.duration_ms} ms`,
      `${attempt.response_status ?? attempt.error_code ?? "-"}`,
      attempt.outcome,
      since(attempt.next_attempt_at),
    ]);
    const table = [["attempt", "started at", "took", "answer", "outcome", "next due at"], ...rows];
    const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
    print("");
    for (const [index, row] of table.entries()) {
      const line = row.map((cell, column) => cell.padStart(widths[column]!)).join("   ");
      print(`  ${index === 0 ? styleText("underline", line) : line}`);
    }
    print("");
  }

  /** A statement that was checked. */
  fact(text: string): void {
    print(`  ${styleText("green", "✓")} ${text}`);
  }
}

/** A secret that may be shown: only its beginning. */
export function masked(secret: string): string {
  return `${secret.slice(0, 4)}…`;
}

function partsOf(line: string, width: number): string[] {
  const parts: string[] = [];
  for (let at = 0; at === 0 || at < line.length; at += width) parts.push(line.slice(at, at + width));
  return parts;
}

function print(line: string): void {
  process.stdout.write(`${line.trimEnd()}\n`);
}
