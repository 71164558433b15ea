const FRAMING = new Set(["content-length", "transfer-encoding"]);
const CONNECTION = new Set(["connection", "keep-alive"]);
/** The fields that a gateway needs of an answer. All others are dropped, and cannot offend the HTTP client's parser. */
const NEEDED = new Set([...FRAMING, ...CONNECTION, "content-type", "retry-after"]);

/** A field line (RFC 9112 section 5) with the characters that a value may have (RFC 9110 section 5.5). */
const FIELD_LINE = /^[\w!#$%&'*+\-.^`|~]+:[\t\x20-\x7e\x80-\xff]*$/;
/** What can still be read as one, though section 5.1 forbids the blanks and section 5.5 the characters. */
const SLOPPY_FIELD_LINE = /^([\w!#$%&'*+\-.^`|~]+)[ \t]*:([^]*)$/;
/** Characters that no field value has; each character is one byte. */
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;
/** A length that a number holds exactly. */
const LENGTH = /^\d{1,15}$/;

interface Field {
  readonly name: string;
  value: string;
}

/**
 * The fields of one head, read as RFC 9112 tells a recipient to read what it would rather not have received. What it
 * cannot make sense of it leaves out, and has the connection closed behind the answer.
 */
export class HeadFields {
  readonly #fields: Field[] = [];
  /** The field that a folded line continues; null when that one is not needed. */
  #last: Field | null = null;
  readonly #hasChunks: boolean;
  #isTrusted: boolean;

  /** @param hasChunks whether the answer's version knows `Transfer-Encoding`: in HTTP/1.0 it is faulty (section 6.1) */
  constructor(isTrusted: boolean, hasChunks: boolean) {
    this.#isTrusted = isTrusted;
    this.#hasChunks = hasChunks;
  }

  /** Adds one line, without its end. `isSound` is false when it did not end as a line should, or was cut. */
  add(line: string, isSound: boolean): void {
    if (!isSound) this.distrust();
    if (!FIELD_LINE.test(line)) {
      this.#addSloppy(line);
      return;
    }
    const colon = line.indexOf(":");
    this.#keep(line.slice(0, colon), line.slice(colon + 1));
  }

  #addSloppy(line: string): void {
    // A folded line continues the one before (section 5.2).
    const isFolded = line.startsWith(" ") || line.startsWith("\t");
    if (!isFolded || CONTROL.test(line)) this.distrust();
    if (isFolded) {
      if (this.#last !== null) this.#last.value += ` ${line.trim()}`;
      return;
    }
    const [, name = "", value = ""] = SLOPPY_FIELD_LINE.exec(line) ?? [];
    this.#keep(name, value);
  }

  #keep(name: string, value: string): void {
    const needed = name.toLowerCase();
    this.#last = NEEDED.has(needed) ? { name: needed, value: value.trim() } : null;
    if (this.#last !== null) this.#fields.push(this.#last);
  }

  /** The connection is not to be used again behind this answer. */
  distrust(): void {
    this.#isTrusted = false;
  }

  /** The value of the only field of this name; null when there is none, or more than one. */
  only(name: string): string | null {
    const values = this.#fields.filter((field) => field.name === name);
    return values.length === 1 ? (values[0]?.value ?? null) : null;
  }

  /** The needed fields as lines that any parser takes, each with its end. */
  text(): string {
    let text = this.#framing();
    // Whatever else is said: HTTP/1.0 servers say both.
    if (this.#listed("connection").includes("close")) this.distrust();
    for (const { name, value } of this.#fields) {
      const isKept = CONNECTION.has(name) ? this.#isTrusted : !FRAMING.has(name) && !CONTROL.test(value);
      if (isKept) text += `${name}: ${value}\r\n`;
    }
    return this.#isTrusted ? text : `${text}connection: close\r\n`;
  }

  /** The line that tells how the body ends (section 6.3), with its end. Without any it ends with the connection. */
  #framing(): string {
    const named = this.#listed("transfer-encoding");
    // The coding that was none (RFC 2616 section 3.6) no longer exists, and old servers still send it.
    const codings = named.filter((coding) => coding !== "identity");
    if (codings.length < named.length || (named.length > 0 && !this.#hasChunks)) this.distrust();
    const lengths = this.#listed("content-length");
    if (codings.length > 0) {
      // A length beside it is overridden, and a sign of somebody who smuggles.
      if (lengths.length > 0) this.distrust();
      if (codings.indexOf("chunked") === codings.length - 1) return "transfer-encoding: chunked\r\n";
      this.distrust();
      return "";
    }
    const [length] = lengths;
    if (length === undefined) return "";
    if (LENGTH.test(length) && lengths.every((other) => other === length)) return `content-length: ${length}\r\n`;
    this.distrust();
    return "";
  }

  /** The members of a list in lower case, of all its lines together (RFC 9110 section 5.6.1). */
  #listed(name: string): string[] {
    const members: string[] = [];
    for (const field of this.#fields) {
      if (field.name === name) members.push(...field.value.split(",").map((member) => member.trim().toLowerCase()));
    }
    return members;
  }
}
