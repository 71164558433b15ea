import type { Status } from "@eventstore/db-client/generated/status_pb.js";
import type { AppendResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { AppendResult } from "../../event-store.ts";
import { revisionOf } from "../../position.ts";
import type { Revision } from "../../position.ts";
import { codeOf, reasonOf, status } from "./grpc-status.ts";
import { BatchAppendResp, MaximumAppendSizeExceeded, WrongExpectedVersion } from "./protocol.ts";
import { placeOf } from "./server-place.ts";
import { Reader, readFields, readPart, readUint64, readUuid } from "./wire.ts";

/** What became of an append. */
export type AppendAnswer =
  | { readonly kind: "written"; readonly result: AppendResult }
  /** The stream is not as expected; `actual` is its last revision, or null if it has no events. */
  | { readonly kind: "conflict"; readonly actual: Revision | null }
  /** It is larger than the server's limit, in bytes. */
  | { readonly kind: "too_large"; readonly limit: number }
  /** Nothing was written, and a repetition would be refused again. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Nothing was written; a repetition may succeed. */
  | { readonly kind: "not_taken"; readonly reason: string }
  /** It may have been written: repeating the append settles it. */
  | { readonly kind: "open"; readonly reason: string };

/** Messages of a node that is not, or no longer, the leader: it has not handled the append. */
const NOT_HANDLED = /Server Is (Not Ready|Busy)|Leader info available|No leader info available/i;
/** gRPC's messages when it had no connection for the call, so nothing was sent. */
const NOT_CONNECTED =
  /^(14 UNAVAILABLE: )?(No connection established|Name resolution failed|Channel (closed before call started|has been (shut down|closed)))/;

/** The answer to one append of a call for many. */
export interface BatchedAnswer {
  /** The id that the append was sent with. */
  readonly correlationId: string;
  readonly answer: AppendAnswer;
}

/** Reads an answer (`BatchAppendResp`) of a call for many appends. */
export function readBatchedAnswer(message: Uint8Array): BatchedAnswer {
  const reader = Reader.create(message);
  const none: { correlationId: string; answer: AppendAnswer | null } = { correlationId: "", answer: null };
  const { correlationId, answer } = readFields(reader, none, (field, parts) => {
    if (field === 1) parts.correlationId = readUuid(reader);
    else if (field === 3) parts.answer = readSuccess(readPart(reader));
    else return false;
    return true;
  });
  return { correlationId, answer: answer ?? failureIn(BatchAppendResp.deserializeBinary(message).getError()) };
}

/** Why an append in a call for many was not confirmed. */
function failureIn(error: Status | undefined): AppendAnswer {
  const reason = error?.getMessage() ?? "";
  const details = error?.getDetails();
  switch (details?.getTypeName()) {
    case "event_store.client.WrongExpectedVersion": {
      const conflict = WrongExpectedVersion.deserializeBinary(details.getValue_asU8());
      return conflicting(conflict.hasCurrentStreamRevision() ? conflict.getCurrentStreamRevision() : null);
    }
    case "event_store.client.MaximumAppendSizeExceeded":
      return {
        kind: "too_large",
        limit: MaximumAppendSizeExceeded.deserializeBinary(details.getValue_asU8()).getMaxappendsize(),
      };
    case "event_store.client.AccessDenied":
    case "event_store.client.StreamDeleted":
    case "event_store.client.BadRequest":
      return { kind: "refused", reason: reason === "" ? details.getTypeName() : reason };
    default:
      return { kind: NOT_HANDLED.test(reason) ? "not_taken" : "open", reason: reason === "" ? "it timed out" : reason };
  }
}

function readSuccess(reader: Reader): AppendAnswer {
  const none = { revision: "0", commit: "", prepare: "" };
  const { revision, commit, prepare } = readFields(reader, none, (field, parts) => {
    if (field === 1) parts.revision = readUint64(reader);
    else if (field === 3) readPosition(readPart(reader), parts);
    else return false;
    return true;
  });
  return commit === "" ? NO_POSITION : written(revision, commit, prepare);
}

function readPosition(reader: Reader, place: { commit: string; prepare: string }): void {
  // A zero is not sent.
  Object.assign(place, { commit: "0", prepare: "0" });
  readFields(reader, place, (field, parts) => {
    if (field === 1) parts.commit = readUint64(reader);
    else if (field === 2) parts.prepare = readUint64(reader);
    else return false;
    return true;
  });
}

/** The answer to an append in a call of its own. */
export function singleAnswer(response: AppendResp): AppendAnswer {
  const success = response.getSuccess();
  if (success !== undefined) {
    const position = success.getPosition();
    if (position === undefined) return NO_POSITION;
    return written(success.getCurrentRevision(), position.getCommitPosition(), position.getPreparePosition());
  }
  const conflict = response.getWrongExpectedVersion();
  return conflicting(conflict?.hasCurrentRevision() === true ? conflict.getCurrentRevision() : null);
}

/**
 * The answer for a failed append in a call of its own. Anything that does not prove that nothing was written leaves it
 * open: appends that a dying server reported as failed have been found in its log.
 */
export function failedAnswer(error: unknown): AppendAnswer {
  const reason = reasonOf(error);
  const trailer = (name: string): string => (error as Partial<Failed>).metadata?.get(name)[0]?.toString() ?? "";
  switch (trailer("exception")) {
    case "maximum-append-size-exceeded":
      return { kind: "too_large", limit: Number(trailer("maximum-append-size")) };
    case "access-denied":
    case "stream-deleted":
      return { kind: "refused", reason };
    case "not-leader":
      return { kind: "not_taken", reason };
  }
  if (/^Failed to discover/.test(reason)) return { kind: "not_taken", reason };
  const code = codeOf(error);
  if (code === status.permissionDenied || code === status.unauthenticated) return { kind: "refused", reason };
  const nothingSent = code === status.unavailable && (NOT_CONNECTED.test(reason) || NOT_HANDLED.test(reason));
  return { kind: nothingSent ? "not_taken" : "open", reason };
}

/**
 * The answer for an append that was under way when its call for many appends ended. Whatever the server says, it may
 * have written the append first; only without a connection was nothing sent.
 */
export function lostAnswer(error: unknown): AppendAnswer {
  const reason = reasonOf(error);
  return { kind: NOT_CONNECTED.test(reason) ? "not_taken" : "open", reason };
}

/** Whether an append carried by the call may be the reason why it ended. */
export function mayBeCausedByAppend(error: unknown): boolean {
  return codeOf(error) !== null && failedAnswer(error).kind !== "not_taken";
}

/** A gRPC error; EventStoreDB's own error code is in its trailers. */
interface Failed extends Error {
  readonly metadata: { get(name: string): readonly (string | Buffer)[] };
}

const NO_POSITION: AppendAnswer = { kind: "open", reason: "the server gave no position for the append" };

function written(revision: string, commit: string, prepare: string): AppendAnswer {
  const position = placeOf({ commit: BigInt(commit), prepare: BigInt(prepare) });
  return { kind: "written", result: { revision: revisionOf(BigInt(revision)), position } };
}

function conflicting(revision: string | null): AppendAnswer {
  return { kind: "conflict", actual: revision === null ? null : revisionOf(BigInt(revision)) };
}
