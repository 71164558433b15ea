/** Messages of the server, written and read by the code that the client ships, so that they try our own. */
import type { BatchAppendReq, ReadReq } from "@eventstore/db-client/generated/streams_pb.js";
import shared from "@eventstore/db-client/generated/shared_pb.js";
import status from "@eventstore/db-client/generated/status_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import type { Message } from "google-protobuf";

/** What a message of an event may be told to differ in. */
export interface EventOverrides {
  readonly prepare?: bigint;
  readonly data?: string;
  readonly metadata?: string;
}

/** A message with an event of this stream of the server, at a place that is also its revision. */
export function eventMessage(
  name: string,
  commit: bigint,
  { prepare = commit, data = '{"text":"sample"}', metadata = '{"actor":"anonymous"}' }: EventOverrides = {},
): Uint8Array {
  const event = new streams.ReadResp.ReadEvent.RecordedEvent();
  const id = new shared.UUID();
  id.setString(`00000000-0000-4000-8000-${commit.toString().padStart(12, "0")}`);
  event.setId(id);
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(name));
  event.setStreamIdentifier(identifier);
  event.setStreamRevision(commit.toString());
  event.setCommitPosition(commit.toString());
  event.setPreparePosition(prepare.toString());
  event.getMetadataMap().set("type", "SampleHappened").set("content-type", "application/json");
  event.getMetadataMap().set("created", "17673230450060000");
  event.setData(Buffer.from(data));
  event.setCustomMetadata(Buffer.from(metadata));
  const read = new streams.ReadResp.ReadEvent();
  read.setEvent(event);
  const message = new streams.ReadResp();
  message.setEvent(read);
  return message.serializeBinary();
}

/** A checkpoint of the server. */
export function checkpointMessage(commit: bigint, prepare: bigint): Uint8Array {
  const checkpoint = new streams.ReadResp.Checkpoint();
  checkpoint.setCommitPosition(commit.toString());
  checkpoint.setPreparePosition(prepare.toString());
  const message = new streams.ReadResp();
  message.setCheckpoint(checkpoint);
  return message.serializeBinary();
}

/** What the server says when it has sent everything. */
export function caughtUpMessage(): Uint8Array {
  const message = new streams.ReadResp();
  message.setCaughtUp(new streams.ReadResp.CaughtUp());
  return message.serializeBinary();
}

/** What the server says when it has taken a subscription. */
export function confirmationMessage(): Uint8Array {
  const message = new streams.ReadResp();
  message.setConfirmation(new streams.ReadResp.SubscriptionConfirmation());
  return message.serializeBinary();
}

/** The answer to an append over the call for many: written at this revision and place. */
export function writtenAnswer(request: BatchAppendReq, revision: number, commit: number): Uint8Array {
  const success = new streams.BatchAppendResp.Success();
  success.setCurrentRevision(String(revision));
  const position = new shared.AllStreamPosition();
  position.setCommitPosition(String(commit));
  position.setPreparePosition(String(commit));
  success.setPosition(position);
  const response = answerTo(request);
  response.setSuccess(success);
  return response.serializeBinary();
}

/** The answer that something kept an append from being written; `details` as the server packs it, with the name of its type. */
export function failedAnswer(
  request: BatchAppendReq,
  message: string,
  details: Message = new shared.Empty(),
  type = "google.protobuf.Empty",
): Uint8Array {
  const packed = new any.Any();
  packed.pack(details.serializeBinary(), type);
  const error = new status.Status();
  error.setMessage(message);
  error.setDetails(packed);
  const response = answerTo(request);
  response.setError(error);
  return response.serializeBinary();
}

/** The stream and the ids of the events that an append over the call for many asks for. */
export function askedFor(request: BatchAppendReq): { stream: string; ids: string[] } {
  return {
    stream: Buffer.from(request.getOptions()?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString(),
    ids: request.getProposedMessagesList().map((event) => event.getId()?.getString() ?? ""),
  };
}

/** Where a read or subscription of `$all` begins: `start`, `end`, or commit and prepare. */
export function startOf(request: ReadReq): string {
  const all = request.getOptions()?.getAll();
  if (all === undefined || all.hasStart()) return "start";
  if (all.hasEnd()) return "end";
  return `${all.getPosition()?.getCommitPosition()}/${all.getPosition()?.getPreparePosition()}`;
}

function answerTo(request: BatchAppendReq): InstanceType<typeof streams.BatchAppendResp> {
  const response = new streams.BatchAppendResp();
  response.setCorrelationId(request.getCorrelationId());
  return response;
}
