import type { Position as ServerPlace } from "@eventstore/db-client";
import type { StreamNames } from "../stream-names.ts";
import { ReadResp } from "./protocol.ts";
import { readFoundEvent } from "./recorded-event.ts";
import type { FoundEvent } from "./recorded-event.ts";
import { checkpointOf } from "./server-place.ts";
import { Reader, readPart } from "./wire.ts";

/** What the server says in a read or a subscription, in order. */
export type ServerMessage =
  | { readonly kind: "event"; readonly event: FoundEvent }
  /** Everything up to there was looked at; null: there is nothing so far. */
  | { readonly kind: "checkpoint"; readonly place: ServerPlace | null }
  /** Everything that there was has been sent. */
  | { readonly kind: "caughtUp" }
  /** The server has taken the subscription, or says something else that needs no answer. */
  | { readonly kind: "sign" };

const CAUGHT_UP: ServerMessage = { kind: "caughtUp" };
const SIGN: ServerMessage = { kind: "sign" };

/** Reads what the server says (`ReadResp`). A link whose event is gone is only a sign. */
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
