import type { Position as ServerPlace } from "@eventstore/db-client";
import type { StreamNames } from "../stream-names.ts";
import { ReadResp } from "./protocol.ts";
import { readFoundEvent } from "./recorded-event.ts";
import type { FoundEvent } from "./recorded-event.ts";
import { checkpointOf } from "./server-place.ts";
import { Reader, readPart } from "./wire.ts";

/** The server's messages in a read or a subscription, in order. */
export type ServerMessage =
  | { readonly kind: "event"; readonly event: FoundEvent }
  /** Everything up to there was searched; null: there is nothing yet. */
  | { readonly kind: "checkpoint"; readonly place: ServerPlace | null }
  /** All existing events have been sent. */
  | { readonly kind: "caughtUp" }
  /** The server has accepted the subscription, or sent something else that needs no answer. */
  | { readonly kind: "sign" };

const CAUGHT_UP: ServerMessage = { kind: "caughtUp" };
const SIGN: ServerMessage = { kind: "sign" };

/** Reads a message of the server (`ReadResp`). A link to a deleted event counts as a sign. */
export function readServerMessage(bytes: Uint8Array, names: StreamNames): ServerMessage {
  const reader = Reader.create(bytes);
  // An event is the first and only field of its message.
  if (reader.len > 0 && reader.uint32() >>> 3 === 1) {
    const event = readFoundEvent(readPart(reader), names);
    return event === null ? SIGN : { kind: "event", event };
  }
  const message = ReadResp.deserializeBinary(bytes);
  if (message.hasCaughtUp()) return CAUGHT_UP;
  const checkpoint = message.getCheckpoint();
  if (checkpoint === undefined) return SIGN;
  return {
    kind: "checkpoint",
    place: checkpointOf(checkpoint.getCommitPosition(), checkpoint.getPreparePosition()),
  };
}
