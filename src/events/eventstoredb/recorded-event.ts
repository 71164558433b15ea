import type { ReadResp } from "@eventstore/db-client/generated/streams_pb.js";
import { UnreadableEvent } from "../event-store-errors.ts";
import type { EventMetadata, RecordedEvent } from "../event-store.ts";
import { positionOf, revisionOf } from "../position.ts";
import type { Position } from "../position.ts";
import type { StreamNames } from "./stream-names.ts";

type ServerEvent = ReadResp.ReadEvent.RecordedEvent;

/** An event of `$all` as far as everybody has to know it: where it stands, and in which stream of the log. */
export interface FoundEvent {
  readonly position: Position;
  /** Null: it is not in the log, but another program's or the server's own. */
  readonly stream: string | null;
  /** Its id, a UUID in lower case. */
  readonly id: string;
  /** The size of its data. */
  readonly bytes: number;
  /**
   * The event as the log has it; its text is read at the first call. Data that is not the JSON it claims to be comes as
   * text or bytes, and metadata may be missing: those who know the catalogue refuse such an event.
   *
   * @throws UnreadableEvent for one whose commit and prepare positions differ: an event of the old TCP protocol's
   *   transactions, whose events share a position
   * @throws TypeError for one that is not in the log
   */
  recorded(): RecordedEvent;
}

/** The event in a message; null for a message of another kind, and for a link whose event is gone. */
export function foundEventOf(message: ReadResp, names: StreamNames): FoundEvent | null {
  const event = message.getEvent()?.getEvent();
  if (event === undefined) return null;
  const position = positionOf(BigInt(event.getCommitPosition()));
  const stream = names.inLog(text(event.getStreamIdentifier()?.getStreamName_asU8()));
  let recorded: RecordedEvent | undefined;
  return {
    position,
    stream,
    id: event.getId()?.getString() ?? "",
    bytes: event.getData_asU8().length,
    recorded: () => {
      if (stream === null) throw new TypeError("an event that is not in the log was asked for");
      return (recorded ??= recordedEventOf(event, stream, position));
    },
  };
}

function recordedEventOf(event: ServerEvent, stream: string, position: Position): RecordedEvent {
  const revision = revisionOf(BigInt(event.getStreamRevision()));
  if (event.getPreparePosition() !== event.getCommitPosition()) {
    throw new UnreadableEvent(
      { stream, revision, position },
      `it has commit position ${event.getCommitPosition()} and prepare position ${event.getPreparePosition()}`,
    );
  }
  const server = event.getMetadataMap();
  return {
    id: event.getId()?.getString() ?? "",
    stream,
    revision,
    position,
    type: server.get("type") ?? "",
    data: dataOf(event, server.get("content-type")),
    metadata: metadataOf(event),
    recordedAt: timeOf(server.get("created") ?? "0"),
  };
}

function dataOf(event: ServerEvent, contentType: string | undefined): unknown {
  const bytes = event.getData_asU8();
  if (contentType !== "application/json") return bytes;
  const json = text(bytes);
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return json;
  }
}

function metadataOf(event: ServerEvent): EventMetadata {
  const bytes = event.getCustomMetadata_asU8();
  if (bytes.length === 0) return undefined as unknown as EventMetadata;
  try {
    return JSON.parse(text(bytes)) as EventMetadata;
  } catch {
    return bytes as unknown as EventMetadata;
  }
}

function text(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return "";
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

let lastTime = { milliseconds: "", text: "" };

/** ISO 8601, of ticks of 100 ns since the Unix epoch. Events that were written together have the same time. */
function timeOf(ticks: string): string {
  const milliseconds = ticks.slice(0, -4);
  if (lastTime.milliseconds !== milliseconds) {
    lastTime = { milliseconds, text: new Date(Number(milliseconds)).toISOString() };
  }
  return lastTime.text;
}
