import streams from "@eventstore/db-client/generated/streams_pb.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prepareAppend } from "../../../../../../src/events/store/append/prepared-append.ts";
import type { EventToAppend, ExpectedRevision } from "../../../../../../src/events/store/event-store.ts";
import { batchedAppend, singleAppend } from "../../../../../../src/events/store/eventstoredb/wire/append-request.ts";
import { revisionOf } from "../../../../../../src/events/store/position.ts";

const ID = "00000000-0000-4000-8000-000000000000";
const event = fc.record({
  id: fc.uuid(),
  type: fc.stringMatching(/^[A-Za-z]{1,20}$/),
  data: fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })),
  metadata: fc.constant({ $correlationId: ID, $causationId: ID, actor: "user:1", schemaVersion: 1 }),
});

/** What the code that the client ships reads in the message. */
function readBack(name: string, events: readonly EventToAppend[], expected: ExpectedRevision): unknown {
  const request = streams.BatchAppendReq.deserializeBinary(
    batchedAppend(name, prepareAppend("user-1", events, expected), ID),
  );
  const options = request.getOptions();
  return {
    correlationId: request.getCorrelationId()?.getString(),
    name: Buffer.from(options?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString(),
    expected: options?.hasAny() ? "any" : options?.hasNoStream() ? "no_stream" : options?.getStreamPosition(),
    deadline: options?.getDeadline(),
    isFinal: request.getIsFinal(),
    events: request.getProposedMessagesList().map((proposed) => ({
      id: proposed.getId()?.getString(),
      type: proposed.getMetadataMap().get("type"),
      contentType: proposed.getMetadataMap().get("content-type"),
      data: Buffer.from(proposed.getData_asU8()).toString(),
      metadata: Buffer.from(proposed.getCustomMetadata_asU8()).toString(),
    })),
  };
}

describe("an append as a message of the server's protocol", () => {
  it("is read by the client's own code as what was to be appended, whatever that is", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 5 }), (events) => {
        expect(readBack("w.user-\u00e4", events, "no_stream")).toEqual({
          correlationId: ID,
          name: "w.user-\u00e4",
          expected: "no_stream",
          deadline: undefined,
          isFinal: true,
          events: events.map(({ id, type, data, metadata }) => ({
            id,
            type,
            contentType: "application/json",
            data: JSON.stringify(data),
            metadata: JSON.stringify(metadata),
          })),
        });
      }),
    );
  });

  it.each([
    ["any", "any"],
    ["no_stream", "no_stream"],
    [revisionOf(0), "0"],
    [revisionOf(2 ** 40 + 3), String(2 ** 40 + 3)],
  ] as const)("says what it expects: %s", (expected, said) => {
    const sample = { id: ID, type: "Sample", data: {}, metadata: { $correlationId: ID, $causationId: ID } };
    const events = [sample as unknown as EventToAppend];
    expect(readBack("w.user-1", events, expected)).toMatchObject({ expected: said });
    const [options] = singleAppend("w.user-1", prepareAppend("user-1", events, expected));
    const alone = options?.getOptions();
    expect(alone?.hasAny() ? "any" : alone?.hasNoStream() ? "no_stream" : alone?.getRevision()).toBe(said);
  });
});
