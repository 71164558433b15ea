import {
  AccessDeniedError,
  DeadlineExceededError,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  UnavailableError,
  UnknownError,
  WrongExpectedVersionError,
} from "@eventstore/db-client";
import { Metadata, status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import {
  AppendOutcomeUnknown,
  EventTooLarge,
  RevisionConflict,
  StoreUnavailable,
} from "../../../../src/events/event-store-errors.ts";
import { appendErrorOf } from "../../../../src/events/eventstoredb/append-error.ts";
import { revisionOf } from "../../../../src/events/position.ts";

function grpcError(code: status, details: string): ServiceError {
  return Object.assign(new Error(`${code} ${details}`), {
    ...{ code, details, metadata: new Metadata() },
  });
}

function classified(error: unknown): Error {
  return appendErrorOf(error, "user-1", "no_stream", 10);
}

function unavailable(details: string): ServiceError {
  const error = grpcError(status.UNAVAILABLE, details);
  error.message = `14 UNAVAILABLE: ${details}`;
  return error;
}

describe("what the client threw at an append", () => {
  it("is a conflict with the revision that the stream has, or with none", () => {
    const conflict = (current: bigint | "no_stream"): Error =>
      classified(
        new WrongExpectedVersionError(undefined, {
          streamName: "user-1",
          current,
          expected: "any",
        }),
      );
    expect(conflict(0n)).toEqual(new RevisionConflict("user-1", "no_stream", revisionOf(0)));
    expect(conflict("no_stream")).toEqual(new RevisionConflict("user-1", "no_stream", null));
  });

  it("is too large", () => {
    expect(classified(MaxAppendSizeExceededError.fromMaxAppendSize(1024))).toBeInstanceOf(EventTooLarge);
  });

  it.each([
    unavailable("No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1."),
    unavailable("Name resolution failed for target dns:nowhere:2113"),
    unavailable("Channel closed before call started"),
    Object.assign(new Error("Channel has been shut down"), { code: 14 }),
    new UnavailableError(unavailable("No connection established")),
    new Error("Failed to discover after 10 attempts."),
    new AccessDeniedError(grpcError(status.PERMISSION_DENIED, "Access Denied")),
    StreamDeletedError.fromStreamName("user-1"),
  ])("is unavailable where nothing can have been written: $message", (error) => {
    expect(classified(error)).toBeInstanceOf(StoreUnavailable);
  });

  it.each([
    unavailable("Connection dropped"),
    unavailable("read ECONNRESET"),
    unavailable("Server Is Not Ready"),
    new UnavailableError(unavailable("The server is shutting down")),
    new DeadlineExceededError(grpcError(status.DEADLINE_EXCEEDED, "Deadline exceeded")),
    new UnknownError(grpcError(status.UNKNOWN, "No connection established")),
    grpcError(status.CANCELLED, "Cancelled on client"),
    grpcError(status.ABORTED, "Operation timed out"),
    new Error("something else"),
    "not even an error",
  ])("leaves the outcome unknown where it does not prove that nothing was written: %s", (error) => {
    expect(classified(error)).toBeInstanceOf(AppendOutcomeUnknown);
  });
});
