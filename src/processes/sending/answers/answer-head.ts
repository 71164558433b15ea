import { HeadFields } from "./head-fields.ts";

/** Hears of the status lines of an answer, each as soon as its line has ended. */
export interface StatusListener {
  /** An interim answer (1xx but 101) was announced. Its head is read past. */
  onInterimStatus(status: number): void;
  /** The final answer was announced, or a 101 or an invalid status, which nothing can follow. */
  onFinalStatus(status: number): void;
}

/** What became of some bytes: the client's bytes, `more` when the head goes on, `foreign` when it is no HTTP/1 answer. */
export type Taken = Buffer | "more" | "foreign";

/** What is kept of one line of a head, in characters; the rest of a longer one is dropped. */
const MAX_LINE_CHARACTERS = 16 * 1024;

/** A head of more bytes is read, but is no sign of a receiver whose connection can be used again. */
const SOUND_HEAD_BYTES = 16 * 1024;

/**
 * RFC 9112 section 4. The versions besides 1.1 are those that the HTTP client's parser takes: scripts that write their
 * own status line often write one of them.
 */
const STATUS_LINE = /^HTTP\/(1\.1|1\.0|2\.0|0\.9) (\d{3})(?: |$)/;
const EXAMPLE = "HTTP/1.1 200 ";
const SWITCHING_PROTOCOLS = 101;

/**
 * Reads the head of one answer from its bytes, ahead of the HTTP client and more patiently: the status line of the final
 * answer decides an attempt, whatever follows it (docs/operations/retries.md). It skips interim answers in any number
 * (RFC 9110 section 15.2), and gives the client a head that its strict parser can only accept.
 */
export class AnswerHead {
  readonly #listener: StatusListener;
  /** The fields of the head that is being read; null while its status line is awaited. */
  #fields: HeadFields | null = null;
  /** Those of the final answer, as far as they have come. */
  #finalFields: HeadFields | null = null;
  #status = 0;
  #isVersion11 = false;
  #line = "";
  #lineIsCut = false;
  #headBytes = 0;

  constructor(listener: StatusListener) {
    this.#listener = listener;
  }

  /** `Retry-After` of the final answer, as far as its head has come; null without one, or with several. */
  get retryAfter(): string | null {
    return this.#finalFields?.only("retry-after") ?? null;
  }

  /** Takes the next bytes. With a buffer as the result the head has ended: it is for the client, and so is all that comes. */
  take(bytes: Buffer): Taken {
    // Each character is a byte, so that a place in the text is one in the bytes.
    const text = bytes.toString("latin1");
    for (let at = 0; at < text.length;) {
      const lineEnd = text.indexOf("\n", at);
      this.#extendLine(text, at, lineEnd === -1 ? text.length : lineEnd);
      if (lineEnd === -1) return this.#fields === null && !couldBeStatusLine(this.#line) ? "foreign" : "more";
      at = lineEnd + 1;
      const head = this.#endLine();
      if (head === "foreign") return "foreign";
      if (head !== "more") return joined(head, bytes.subarray(at));
    }
    return "more";
  }

  #extendLine(text: string, from: number, to: number): void {
    // With the end of the line.
    this.#headBytes += to - from + 1;
    const end = Math.min(to, from + MAX_LINE_CHARACTERS - this.#line.length);
    if (end < to) this.#lineIsCut = true;
    this.#line += text.slice(from, end);
  }

  /** The text of the whole head for the client when this line ended it. */
  #endLine(): string {
    const endsInCrLf = this.#line.endsWith("\r") && !this.#lineIsCut;
    const line = endsInCrLf ? this.#line.slice(0, -1) : this.#line;
    this.#line = "";
    this.#lineIsCut = false;
    if (this.#fields === null) return this.#beginHead(line, endsInCrLf);
    if (line === "") return this.#endHead(this.#fields, endsInCrLf);
    this.#fields.add(line, endsInCrLf);
    return "more";
  }

  #beginHead(line: string, isSound: boolean): "more" | "foreign" {
    // Empty lines before an answer are skipped (RFC 9112 section 2.2).
    if (line === "") return "more";
    const match = STATUS_LINE.exec(line);
    if (match === null) return "foreign";
    this.#isVersion11 = match[1] === "1.1";
    this.#status = Number(match[2]);
    this.#fields = new HeadFields(isSound, this.#isVersion11);
    if (isInterim(this.#status)) this.#listener.onInterimStatus(this.#status);
    else {
      this.#finalFields = this.#fields;
      this.#listener.onFinalStatus(this.#status);
    }
    return "more";
  }

  #endHead(fields: HeadFields, isSound: boolean): string {
    const wasInterim = isInterim(this.#status);
    if (!isSound || this.#headBytes > SOUND_HEAD_BYTES) fields.distrust();
    this.#fields = null;
    this.#headBytes = 0;
    if (wasInterim) return "more";
    return `HTTP/1.${this.#isVersion11 ? 1 : 0} ${String(this.#status).padStart(3, "0")} \r\n${fields.text()}\r\n`;
  }
}

function isInterim(status: number): boolean {
  return status >= 100 && status <= 199 && status !== SWITCHING_PROTOCOLS;
}

/** Whether a line that begins like this may become an empty line or a status line. */
function couldBeStatusLine(line: string): boolean {
  if (line === "" || line === "\r") return true;
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  return STATUS_LINE.test(text.length < EXAMPLE.length ? text + EXAMPLE.slice(text.length) : text);
}

function joined(head: string, rest: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(head.length + rest.length);
  whole.write(head, "latin1");
  rest.copy(whole, head.length);
  return whole;
}
