import { status } from "./grpc-status.ts";
import {
  AccessDeniedError,
  MaxAppendSizeExceededError,
  NotLeaderError,
  StreamDeletedError,
  WrongExpectedVersionError,
} from "@eventstore/db-client";
import { AppendOutcomeUnknown, EventTooLarge, RevisionConflict, StoreUnavailable } from "../event-store-errors.ts";
import { MAX_APPEND_BYTES } from "../event-store.ts";
import type { ExpectedRevision } from "../event-store.ts";
import { revisionOf } from "../position.ts";
import { codeOf, reasonOf } from "./grpc-status.ts";

/** What gRPC says when it had no connection for the call, so that nothing left this process. */
const NOT_CONNECTED =
  /^(14 UNAVAILABLE: )?(No connection established|Name resolution failed|Channel (closed before call started|has been shut down))/;
/** What the client says when no node of the cluster answers its question for the leader, before it sends anything. */
const NOT_DISCOVERED = /^Failed to discover/;

/**
 * The port's error for what the client threw at an append of `bytes`. Whatever does not prove that nothing was written
 * leaves the outcome unknown: appends that a dying server reports as failed have been found in its log.
 */
export function appendErrorOf(error: unknown, stream: string, expected: ExpectedRevision, bytes: number): Error {
  if (error instanceof WrongExpectedVersionError) {
    const { actualVersion } = error;
    return new RevisionConflict(stream, expected, typeof actualVersion === "bigint" ? revisionOf(actualVersion) : null);
  }
  if (error instanceof MaxAppendSizeExceededError) return new EventTooLarge(stream, bytes, MAX_APPEND_BYTES);
  const reason = reasonOf(error);
  const refused =
    error instanceof NotLeaderError || error instanceof AccessDeniedError || error instanceof StreamDeletedError;
  const nothingSent =
    NOT_DISCOVERED.test(reason) || (codeOf(error) === status.unavailable && NOT_CONNECTED.test(reason));
  if (refused || nothingSent) return new StoreUnavailable(`the append was not taken: ${reason}`, { cause: error });
  return new AppendOutcomeUnknown(`nobody knows whether the append was written: ${reason}`, { cause: error });
}
