import { z } from "zod";
import { canonicalJson } from "../../events/store/canonical-json.ts";
import { writtenEvent } from "../../events/store/event-line.ts";
import type { EventMetadata, RecordedEvent } from "../../events/store/event-store.ts";
import { revisionOf } from "../../events/store/position.ts";
import type { Position } from "../../events/store/position.ts";
import { UUID } from "../../runtime/uuid.ts";
import { TransferRefused } from "./transfer-refused.ts";

const FORMAT = "webhook-gateway-log";
const VERSION = 1;

/** The first line: the kind of file, and the event of its log that it begins after (null: it begins with the first). */
export interface ExportHeader {
  readonly after: { readonly id: string; readonly position: Position } | null;
}

/** The last line: the number of events, their digest (see LogDigest), and the position of the last, if any. */
export interface ExportFooter {
  readonly events: number;
  readonly sha256: string;
  readonly position: Position | null;
}

/** A parsed line of an export. */
export type ParsedLine =
  | { readonly kind: "header"; readonly header: ExportHeader }
  | { readonly kind: "event"; readonly event: RecordedEvent; readonly leaf: string }
  | { readonly kind: "footer"; readonly footer: ExportFooter };

/** The first line, without its end. */
export function headerLine(header: ExportHeader): string {
  return canonicalJson({ ...header, format: FORMAT, version: VERSION });
}

/** The last line, without its end. */
export function footerLine(footer: ExportFooter): string {
  return canonicalJson(footer);
}

/** As every log requires (see prepareAppend): a UUID of any version, in lower case. */
const id = z.string().regex(UUID);
const position = z.string().regex(/^\d{20}$/) as unknown as z.ZodType<Position>;
/** Passed on unchanged: a schema that copied it could drop unknown keys. */
const jsonObject = <T extends object>(): z.ZodType<T> =>
  z.custom<T>((value) => typeof value === "object" && value !== null, { error: "must be an object" });

const headerSchema = z.strictObject({
  after: z.strictObject({ id, position }).nullable(),
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
});
/** The part common to all versions. Checked first, because a newer one may have any other key. */
const versionSchema = z.looseObject({ format: z.literal(FORMAT), version: z.number() });
const footerSchema = z.strictObject({
  events: z.int().nonnegative(),
  position: position.nullable(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const eventSchema = z.strictObject({
  data: jsonObject(),
  id,
  metadata: jsonObject<EventMetadata>(),
  position,
  recorded_at: z.iso.datetime(),
  revision: z.int().nonnegative(),
  stream: z.string(),
  type: z.string().min(1),
});

/**
 * Parses one line. Every line has exactly one valid form, so this detects anything that JSON cannot preserve (a number
 * with too many digits, a duplicate key) and most manual changes.
 *
 * @param number the line's number, from 1, for the message
 * @throws TransferRefused when the line is invalid, or of a newer version
 */
export function parseLine(text: string, number: number): ParsedLine {
  const value = jsonOf(text, number);
  const parsed = typed(value, text, number);
  if (lineOf(parsed) !== text) throw new TransferRefused(`line ${number} is not in the form that an export writes`);
  return parsed.kind === "event" ? { ...parsed, leaf: parsed.written.leaf } : parsed;
}

type TypedLine =
  | Exclude<ParsedLine, { kind: "event" }>
  | { readonly kind: "event"; readonly event: RecordedEvent; readonly written: { leaf: string; line: string } };

function typed(value: unknown, text: string, number: number): TypedLine {
  // Keys are sorted, so the first one identifies the kind of line.
  if (text.startsWith('{"data":')) {
    const { recorded_at: recordedAt, revision, ...rest } = checked(eventSchema, value, number);
    const event: RecordedEvent = { ...rest, revision: revisionOf(revision), recordedAt };
    return { kind: "event", event, written: writtenOf(event, number) };
  }
  if (text.startsWith('{"after":')) {
    const { version } = checked(versionSchema, value, number);
    if (version > VERSION) {
      throw new TransferRefused(
        `the export has version ${version}, this program reads up to ${VERSION}: use a newer one`,
      );
    }
    const { after } = checked(headerSchema, value, number);
    return { kind: "header", header: { after } };
  }
  return { kind: "footer", footer: checked(footerSchema, value, number) };
}

function lineOf(parsed: TypedLine): string {
  switch (parsed.kind) {
    case "header":
      return headerLine(parsed.header);
    case "event":
      return parsed.written.line;
    case "footer":
      return footerLine(parsed.footer);
  }
}

function jsonOf(text: string, number: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new TransferRefused(`line ${number} is not JSON`, { cause: error });
  }
}

function writtenOf(event: RecordedEvent, number: number): { leaf: string; line: string } {
  try {
    return writtenEvent(event);
  } catch (error) {
    throw new TransferRefused(`line ${number} has no canonical form`, { cause: error });
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, number: number): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw new TransferRefused(`line ${number} is not a line of an export (${where}${issue?.message ?? "invalid"})`);
}
