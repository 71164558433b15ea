import { describe, expect, it } from "vitest";
import { StreamNames } from "../../../../../../src/events/store/eventstoredb/stream-names.ts";
import { readServerMessage } from "../../../../../../src/events/store/eventstoredb/wire/server-message.ts";
import {
  caughtUpMessage,
  checkpointMessage,
  confirmationMessage,
  eventMessage,
} from "../../../../../fixtures/eventstoredb/client-messages.ts";

const names = new StreamNames("w.");

describe("what the server says in a subscription", () => {
  it.each([
    ["an event", eventMessage("w.user-1", 7n), { kind: "event", event: { stream: "user-1" } }],
    ["a checkpoint", checkpointMessage(7n, 0n), { kind: "checkpoint", place: { commit: 7n, prepare: 0n } }],
    ["nothing so far", checkpointMessage(2n ** 64n - 1n, 2n ** 64n - 1n), { kind: "checkpoint", place: null }],
    ["that it has sent everything", caughtUpMessage(), { kind: "caughtUp" }],
    ["that it has taken it", confirmationMessage(), { kind: "sign" }],
    ["nothing at all", new Uint8Array(), { kind: "sign" }],
  ])("may be %s", (_, message, expected) => {
    expect(readServerMessage(Buffer.from(message), names)).toMatchObject(expected);
  });

  it.each([0n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n])("tells places exactly: %s", (commit) => {
    const said = readServerMessage(Buffer.from(eventMessage("w.user-1", commit)), names);
    expect(said).toMatchObject({ event: { position: commit.toString().padStart(20, "0") } });
  });
});
