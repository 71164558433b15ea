import type { AppendReq as AppendMessage } from "@eventstore/db-client/generated/streams_pb.js";
import type { PreparedAppend } from "../../append/prepared-append.ts";
import { AppendReq, Empty, StreamIdentifier, UUID } from "./protocol.ts";
import { Writer, lengthTag, numberTag } from "./wire.ts";

const JSON_CONTENT = "application/json";

/**
 * An append as one message (`BatchAppendReq`) of a call for many. The answer repeats `correlationId`, a UUID. It has no
 * deadline: the server would compare that with its own clock, and refuse every append of a gateway whose clock is
 * wrong.
 */
export function batchedAppend(name: string, append: PreparedAppend, correlationId: string): Uint8Array {
  const { expectation } = append;
  const message = Writer.create();
  writeUuid(message, 1, correlationId);
  const options = message.uint32(lengthTag(2)).fork();
  options.uint32(lengthTag(1)).fork().uint32(lengthTag(3)).string(name).ldelim();
  if (expectation === "any") options.uint32(lengthTag(4)).fork().ldelim();
  else if (expectation === "no_stream") options.uint32(lengthTag(3)).fork().ldelim();
  else options.uint32(numberTag(2)).uint64(expectation);
  options.ldelim();
  append.ids.forEach((id, index) => {
    const event = message.uint32(lengthTag(3)).fork();
    writeUuid(event, 1, id);
    writeEntry(event, 2, "type", append.types[index] ?? "");
    writeEntry(event, 2, "content-type", JSON_CONTENT);
    event.uint32(lengthTag(3)).string(append.metadata[index] ?? "");
    event.uint32(lengthTag(4)).string(append.data[index] ?? "");
    event.ldelim();
  });
  return message.uint32(numberTag(4)).bool(true).finish();
}

/** An append as the messages of its own call: the options, then one message per event. */
export function singleAppend(name: string, append: PreparedAppend): AppendMessage[] {
  const { expectation } = append;
  const options = new AppendReq.Options();
  const identifier = new StreamIdentifier();
  identifier.setStreamName(Buffer.from(name));
  options.setStreamIdentifier(identifier);
  if (expectation === "any") options.setAny(new Empty());
  else if (expectation === "no_stream") options.setNoStream(new Empty());
  else options.setRevision(String(expectation));
  const first = new AppendReq();
  first.setOptions(options);
  return [first, ...append.ids.map((id, index) => proposal(append, id, index))];
}

function proposal(append: PreparedAppend, id: string, index: number): AppendMessage {
  const event = new AppendReq.ProposedMessage();
  const uuid = new UUID();
  uuid.setString(id);
  event.setId(uuid);
  event
    .getMetadataMap()
    .set("type", append.types[index] ?? "")
    .set("content-type", JSON_CONTENT);
  event.setData(Buffer.from(append.data[index] ?? ""));
  event.setCustomMetadata(Buffer.from(append.metadata[index] ?? ""));
  const message = new AppendReq();
  message.setProposedMessage(event);
  return message;
}

function writeUuid(writer: Writer, field: number, text: string): void {
  writer.uint32(lengthTag(field)).fork().uint32(lengthTag(2)).string(text).ldelim();
}

function writeEntry(writer: Writer, field: number, key: string, value: string): void {
  writer.uint32(lengthTag(field)).fork().uint32(lengthTag(1)).string(key).uint32(lengthTag(2)).string(value).ldelim();
}
