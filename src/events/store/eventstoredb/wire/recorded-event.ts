import { timeText } from "../../../../runtime/time-text.ts";
import type { EventMetadata, RecordedEvent } from "../../event-store.ts";
import { UnreadableEvent } from "../../event-store-errors.ts";
import { positionOf, revisionOf } from "../../position.ts";
import type { Position } from "../../position.ts";
import type { StreamNames } from "../stream-names.ts";
import { readFields, readPart, readText, readUint64, readUuid } from "./wire.ts";
import type { Reader } from "./wire.ts";

/** An event of `$all`, decoded only as far as every reader needs: its place, and its stream in the log. */
export interface FoundEvent {
  readonly position: Position;
  /** Null: it is not in the log, but another program's or the server's own. */
  readonly stream: string | null;
  /** Its id, a UUID in lower case. */
  readonly id: string;
  readonly type: string;
  /** The size of its data, in bytes. */
  readonly bytes: number;
  /**
   * The event as the log has it, decoded at the first call. Data that claims to be JSON and is not comes as text or
   * bytes, and metadata may be missing: readers that know the catalogue refuse such an event.
   *
   * @throws UnreadableEvent when its commit and prepare positions differ: it is from a transaction of the old TCP
   *   protocol, whose events share a position
   * @throws TypeError when it is not in the log
   */
  recorded(): RecordedEvent;
}

/** The fields of an event on the server (`ReadResp.ReadEvent.RecordedEvent`). */
interface Parts {
  id: string;
  name: string;
  revision: string;
  prepare: string;
  commit: string;
  type: string;
  created: string;
  contentType: string;
  metadata: Uint8Array;
  data: Uint8Array;
}

const NOTHING = new Uint8Array();

/** Reads an event from part of a message (`ReadResp.ReadEvent`); null for a link to a deleted event. */
export function readFoundEvent(reader: Reader, names: StreamNames): FoundEvent | null {
  const found: { parts: Parts | null } = { parts: null };
  readFields(reader, found, (field) => {
    if (field !== 1) return false;
    found.parts = readParts(readPart(reader));
    return true;
  });
  return found.parts === null ? null : foundEvent(found.parts, names);
}

function foundEvent(parts: Parts, names: StreamNames): FoundEvent {
  const position = positionOf(BigInt(parts.commit));
  const stream = names.inLog(parts.name);
  let recorded: RecordedEvent | undefined;
  return {
    position,
    stream,
    id: parts.id,
    type: parts.type,
    bytes: parts.data.length,
    recorded: () => {
      if (stream === null) throw new TypeError("the event is not in the log");
      return (recorded ??= recordedEventOf(parts, stream, position));
    },
  };
}

function readParts(reader: Reader): Parts {
  const none: Parts = {
    id: "",
    name: "",
    revision: "0",
    prepare: "0",
    commit: "0",
    type: "",
    created: "0",
    contentType: "",
    metadata: NOTHING,
    data: NOTHING,
  };
  return readFields(reader, none, (field, parts) => {
    if (field === 1) parts.id = readUuid(reader);
    else if (field === 2) parts.name = readText(readPart(reader), 3);
    else if (field === 3) parts.revision = readUint64(reader);
    else if (field === 4) parts.prepare = readUint64(reader);
    else if (field === 5) parts.commit = readUint64(reader);
    else if (field === 6) readEntry(readPart(reader), parts);
    else if (field === 7) parts.metadata = reader.bytes();
    else if (field === 8) parts.data = reader.bytes();
    else return false;
    return true;
  });
}

/** Reads one entry of the server's metadata. */
function readEntry(reader: Reader, parts: Parts): void {
  const { key, value } = readFields(reader, { key: "", value: "" }, (field, entry) => {
    if (field === 1) entry.key = reader.string();
    else if (field === 2) entry.value = reader.string();
    else return false;
    return true;
  });
  if (key === "type") parts.type = value;
  else if (key === "created") parts.created = value;
  else if (key === "content-type") parts.contentType = value;
}

function recordedEventOf(parts: Parts, stream: string, position: Position): RecordedEvent {
  const { id, type, prepare, commit } = parts;
  const revision = revisionOf(BigInt(parts.revision));
  if (prepare !== commit) {
    throw new UnreadableEvent(
      { stream, revision, position },
      `it has commit position ${commit} and prepare position ${prepare}`,
    );
  }
  const [data, metadata] = [dataOf(parts), metadataOf(parts)];
  return { id, stream, revision, position, type, data, metadata, recordedAt: timeOf(parts.created) };
}

function dataOf({ data, contentType }: Parts): unknown {
  if (contentType !== "application/json") return data;
  const json = text(data);
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return json;
  }
}

function metadataOf({ metadata }: Parts): EventMetadata {
  if (metadata.length === 0) return undefined as unknown as EventMetadata;
  try {
    return JSON.parse(text(metadata)) as EventMetadata;
  } catch {
    return metadata as unknown as EventMetadata;
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/** ISO 8601, from ticks of 100 ns since the Unix epoch. */
function timeOf(ticks: string): string {
  return timeText(Number(ticks.slice(0, -4)));
}
