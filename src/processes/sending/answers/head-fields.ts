const FRAMING = new Set(["content-length", "transfer-encoding"]);
const CONNECTION = new Set(["connection", "keep-alive"]);
/** The fields that a gateway needs of an answer. All others are dropped, and cannot offend the HTTP client's parser. */
const NEEDED = new Set([...FRAMING, ...CONNECTION, "content-type", "retry-after"]);

/** A field line (RFC 9112 section 5) with the characters that a value may have (RFC 9110 section 5.5). */
const FIELD_LINE = /^([\w!#$%&'*+\-.^`|~]+):([\t\x20-\x7e\x80-\xff]*)$/;
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
  #isTrusted: boolean;

  constructor(isTrusted: boolean) {
    this.#isTrusted = isTrusted;
  }

  /** Adds one line, without its end. `isSound` is false when it did not end as a line should, or was cut. */
  add(line: string, isSound: boolean): void {
    if (!isSound) this.distrust();
    const match = FIELD_LINE.exec(line) ?? this.#sloppyMatch(line);
    if (match === "folded") return;
    this.#last = null;
    if (match === null) return;
    const [, name = "", value = ""] = match;
    const needed = name.toLowerCase();
    if (!NEEDED.has(needed)) return;
    this.#last = { name: needed, value: value.trim() };
    this.#fields.push(this.#last);
  }

  #sloppyMatch(line: string): RegExpExecArray | "folded" | null {
    // A folded line continues the one before (section 5.2).
    const isFolded = line.startsWith(" ") || line.startsWith("\t");
    if (!isFolded || CONTROL.test(line)) this.distrust();
    if (!isFolded) return SLOPPY_FIELD_LINE.exec(line);
    if (this.#last !== null) this.#last.value += ` ${line.trim()}`;
    return "folded";
  }

  /** The connection is not to be used again behind this answer. */
  distrust(): void {
    this.#isTrusted = false;
  }

  /** The needed fields as lines that any parser takes, each with its end. */
  text(): string {
    const lines = this.#framing();
    if (!this.#isTrusted) lines.push("connection: close");
    for (const { name, value } of this.#fields) {
      const isKept = CONNECTION.has(name) ? this.#isTrusted : !FRAMING.has(name) && !CONTROL.test(value);
      if (isKept) lines.push(`${name}: ${value}`);
    }
    return lines.length === 0 ? "" : `${lines.join("\r\n")}\r\n`;
  }

  /** How the body's end is told (section 6.3). Without any line it ends with the connection. */
  #framing(): string[] {
    const named = this.#listed("transfer-encoding");
    // The coding that was none (RFC 2616 section 3.6) no longer exists, and old servers still send it.
    const codings = named.filter((coding) => coding !== "identity");
    if (codings.length < named.length) this.distrust();
    const lengths = this.#listed("content-length");
    if (codings.length > 0) {
      // A length beside it is overridden, and a sign of somebody who smuggles.
      if (lengths.length > 0) this.distrust();
      if (codings.at(-1) === "chunked" && codings.indexOf("chunked") === codings.length - 1) {
        return ["transfer-encoding: chunked"];
      }
      this.distrust();
      return [];
    }
    const [length] = lengths;
    if (length === undefined) return [];
    if (LENGTH.test(length) && lengths.every((other) => other === length)) return [`content-length: ${length}`];
    this.distrust();
    return [];
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
