import type {
  AppendReq as AppendMessage,
  BatchAppendReq as BatchMessage,
} from "@eventstore/db-client/generated/streams_pb.js";
import type { PreparedAppend } from "../memory/prepared-append.ts";
import { AppendReq, BatchAppendReq, Empty, StreamIdentifier, UUID } from "./protocol.ts";

type Options = AppendMessage.Options | BatchMessage.Options;
type Proposed = AppendMessage.ProposedMessage | BatchMessage.ProposedMessage;

/** An append as the one message that a call for many of them takes; `correlationId` is a UUID that its answer repeats. */
export function batchedAppend(name: string, append: PreparedAppend, correlationId: string): BatchMessage {
  const options = new BatchAppendReq.Options();
  setExpectation(options, name, append);
  if (typeof append.expectation === "number") options.setStreamPosition(String(append.expectation));
  const message = new BatchAppendReq();
  message.setCorrelationId(uuid(correlationId));
  message.setOptions(options);
  message.setProposedMessagesList(proposed(append, () => new BatchAppendReq.ProposedMessage()));
  message.setIsFinal(true);
  return message;
}

/** An append as the messages of a call of its own: the options, then one an event. */
export function singleAppend(name: string, append: PreparedAppend): AppendMessage[] {
  const options = new AppendReq.Options();
  setExpectation(options, name, append);
  if (typeof append.expectation === "number") options.setRevision(String(append.expectation));
  const first = new AppendReq();
  first.setOptions(options);
  const events = proposed(append, () => new AppendReq.ProposedMessage());
  return [
    first,
    ...events.map((event) => {
      const message = new AppendReq();
      message.setProposedMessage(event);
      return message;
    }),
  ];
}

/** All but a revision, which the two kinds call differently. */
function setExpectation(options: Options, name: string, append: PreparedAppend): void {
  const identifier = new StreamIdentifier();
  identifier.setStreamName(Buffer.from(name));
  options.setStreamIdentifier(identifier);
  if (append.expectation === "any") options.setAny(new Empty());
  else if (append.expectation === "no_stream") options.setNoStream(new Empty());
}

function proposed<Message extends Proposed>(append: PreparedAppend, make: () => Message): Message[] {
  return append.ids.map((id, index) => {
    const message = make();
    message.setId(uuid(id));
    message
      .getMetadataMap()
      .set("type", append.types[index] ?? "")
      .set("content-type", "application/json");
    message.setData(Buffer.from(append.data[index] ?? ""));
    message.setCustomMetadata(Buffer.from(append.metadata[index] ?? ""));
    return message;
  });
}

function uuid(text: string): InstanceType<typeof UUID> {
  const message = new UUID();
  message.setString(text);
  return message;
}
