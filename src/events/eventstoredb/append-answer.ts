import type { AppendResp, BatchAppendResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { AppendResult } from "../event-store.ts";
import { revisionOf } from "../position.ts";
import type { Revision } from "../position.ts";
import { codeOf, reasonOf, status } from "./grpc-status.ts";
import { MaximumAppendSizeExceeded, WrongExpectedVersion } from "./protocol.ts";
import { placeOf } from "./server-place.ts";

/** What became of an append. */
export type AppendAnswer =
  | { readonly kind: "written"; readonly result: AppendResult }
  /** The stream is not as expected; `actual` is its last revision, null when it has no event. */
  | { readonly kind: "conflict"; readonly actual: Revision | null }
  /** It is over the server's limit, in bytes. */
  | { readonly kind: "too_large"; readonly limit: number }
  /** Nothing was written, and the same append would be refused again. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Nothing was written; the same append may be taken later. */
  | { readonly kind: "not_taken"; readonly reason: string }
  /** Nobody knows whether it was written: the same append again tells. */
  | { readonly kind: "open"; readonly reason: string };

/** What the server says when it is not yet, or no longer, the one to ask; it did not look at the append then. */
const NOT_HANDLED = /Server Is (Not Ready|Busy)|Leader info available|No leader info available/i;
/** What gRPC says when it had no connection for the call, so that nothing left this process. */
const NOT_CONNECTED =
  /^(14 UNAVAILABLE: )?(No connection established|Name resolution failed|Channel (closed before call started|has been (shut down|closed)))/;

/** The answer in a message of the call for many appends. */
export function batchedAnswer(response: BatchAppendResp): AppendAnswer {
  const success = response.getSuccess();
  if (success !== undefined) return written(success);
  const error = response.getError();
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

/** The answer of an append by itself. */
export function singleAnswer(response: AppendResp): AppendAnswer {
  const success = response.getSuccess();
  if (success !== undefined) return written(success);
  const conflict = response.getWrongExpectedVersion();
  return conflicting(conflict?.hasCurrentRevision() === true ? conflict.getCurrentRevision() : null);
}

/**
 * What an append by itself that failed so came to. Whatever does not prove that nothing was written leaves it open:
 * appends that a dying server reported as failed have been found in its log.
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

/** An error of gRPC, whose trailers say what EventStoreDB means by it. */
interface Failed extends Error {
  readonly metadata: { get(name: string): readonly (string | Buffer)[] };
}

interface Success {
  getCurrentRevision(): string;
  getPosition(): { getCommitPosition(): string; getPreparePosition(): string } | undefined;
}

function written(success: Success): AppendAnswer {
  const position = success.getPosition();
  if (position === undefined) return { kind: "open", reason: "the server told no position of the append" };
  const place = { commit: BigInt(position.getCommitPosition()), prepare: BigInt(position.getPreparePosition()) };
  const revision = revisionOf(BigInt(success.getCurrentRevision()));
  return { kind: "written", result: { revision, position: placeOf(place) } };
}

function conflicting(revision: string | null): AppendAnswer {
  return { kind: "conflict", actual: revision === null ? null : revisionOf(BigInt(revision)) };
}
