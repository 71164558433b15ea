import shared from "@eventstore/db-client/generated/shared_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { describe, expect, it } from "vitest";
import {
  failedAnswer,
  readBatchedAnswer,
  singleAnswer,
} from "../../../../../../src/events/store/eventstoredb/wire/append-answer.ts";
import type { AppendAnswer } from "../../../../../../src/events/store/eventstoredb/wire/append-answer.ts";
import { positionOf, revisionOf } from "../../../../../../src/events/store/position.ts";
import { failedAnswer as failed, writtenAnswer } from "../../../../../fixtures/eventstoredb/client-messages.ts";

const request = new streams.BatchAppendReq();

function conflictAt(revision: string | null): InstanceType<typeof shared.WrongExpectedVersion> {
  const conflict = new shared.WrongExpectedVersion();
  if (revision === null) conflict.setCurrentNoStream(new empty.Empty());
  else conflict.setCurrentStreamRevision(revision);
  return conflict;
}

/** The answer in a message of the call for many appends. */
function batchedAnswer(message: Uint8Array): AppendAnswer {
  return readBatchedAnswer(Buffer.from(message)).answer;
}

function grpcError(code: number, message: string, trailers: Record<string, string> = {}): Error {
  const metadata = { get: (name: string) => (name in trailers ? [trailers[name]] : []) };
  return Object.assign(new Error(message), { code, metadata });
}

describe("the answer to an append over the call for many", () => {
  it("has revision and position of the last event", () => {
    expect(batchedAnswer(writtenAnswer(request, 3, 70))).toEqual({
      kind: "written",
      result: { revision: revisionOf(3), position: positionOf(70) },
    });
  });

  it.each([
    [0, 0],
    [2 ** 32 + 7, 2 ** 40 + 5],
    [2 ** 53 - 1, 2 ** 53 - 1],
  ])("tells numbers exactly: revision %d at %d", (revision, commit) => {
    expect(batchedAnswer(writtenAnswer(request, revision, commit))).toEqual({
      kind: "written",
      result: { revision: revisionOf(revision), position: positionOf(commit) },
    });
  });

  it.each([
    ["0", revisionOf(0)],
    ["9007199254740993", revisionOf(2n ** 53n + 1n)],
    [null, null],
  ])("tells of a conflict where the stream is: %s", (revision, actual) => {
    const answer = failed(request, "", conflictAt(revision), "event_store.client.WrongExpectedVersion");
    expect(batchedAnswer(answer)).toEqual({ kind: "conflict", actual });
  });

  it("has the server's limit for an append that is over it", () => {
    const details = new shared.MaximumAppendSizeExceeded();
    details.setMaxappendsize(4_096);
    const answer = failed(request, "Too large", details, "event_store.client.MaximumAppendSizeExceeded");
    expect(batchedAnswer(answer)).toEqual({ kind: "too_large", limit: 4_096 });
  });

  it.each([
    ["access", "event_store.client.AccessDenied", "refused"],
    ["a stream that was deleted for good", "event_store.client.StreamDeleted", "refused"],
    ["what it cannot read", "event_store.client.BadRequest", "refused"],
    ["time, though it may be written", "event_store.client.Timeout", "open"],
    ["something that it does not know", "event_store.client.Unknown", "open"],
  ])("may lack %s", (_, type, kind) => {
    expect(batchedAnswer(failed(request, "", new shared.Empty(), type))).toMatchObject({ kind });
  });

  it.each(["Server Is Not Ready", "Server Is Busy", "No leader info available in response"])(
    "is that nothing was handled: %s",
    (message) => {
      expect(batchedAnswer(failed(request, message))).toEqual({ kind: "not_taken", reason: message });
    },
  );
});

describe("the answer to an append by itself", () => {
  it("has success and conflicts", () => {
    const success = new streams.AppendResp.Success();
    success.setCurrentRevision("3");
    const position = new streams.AppendResp.Position();
    position.setCommitPosition("70");
    position.setPreparePosition("70");
    success.setPosition(position);
    const written = new streams.AppendResp();
    written.setSuccess(success);
    expect(singleAnswer(written)).toEqual({
      kind: "written",
      result: { revision: revisionOf(3), position: positionOf(70) },
    });
    const conflict = new streams.AppendResp.WrongExpectedVersion();
    conflict.setCurrentRevision("0");
    const refused = new streams.AppendResp();
    refused.setWrongExpectedVersion(conflict);
    expect(singleAnswer(refused)).toEqual({ kind: "conflict", actual: revisionOf(0) });
    conflict.setCurrentNoStream(new shared.Empty());
    expect(singleAnswer(refused)).toEqual({ kind: "conflict", actual: null });
  });

  it.each([
    [grpcError(14, "14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED"), "not_taken"],
    [grpcError(14, "14 UNAVAILABLE: Server Is Not Ready"), "not_taken"],
    [grpcError(5, "5 NOT_FOUND: Leader info available", { exception: "not-leader" }), "not_taken"],
    [new Error("Failed to discover after 10 attempts"), "not_taken"],
    [grpcError(14, "14 UNAVAILABLE: Connection dropped"), "open"],
    [grpcError(14, "14 UNAVAILABLE: read ECONNRESET"), "open"],
    [grpcError(10, "10 ABORTED: Operation timed out: Commit phase timeout"), "open"],
    [grpcError(4, "4 DEADLINE_EXCEEDED: Deadline exceeded"), "open"],
    [new Error("the event store ended the call"), "open"],
    [grpcError(7, "7 PERMISSION_DENIED: Access Denied", { exception: "access-denied" }), "refused"],
    [grpcError(16, "16 UNAUTHENTICATED: no"), "refused"],
    [grpcError(9, "9 FAILED_PRECONDITION: deleted", { exception: "stream-deleted" }), "refused"],
    ["no error at all", "open"],
  ])("says whether it may have been written when it failed: %s", (error, kind) => {
    expect(failedAnswer(error)).toMatchObject({ kind });
  });

  it("has the server's limit", () => {
    const trailers = { exception: "maximum-append-size-exceeded", "maximum-append-size": "4096" };
    expect(failedAnswer(grpcError(3, "3 INVALID_ARGUMENT", trailers))).toEqual({ kind: "too_large", limit: 4_096 });
  });
});
