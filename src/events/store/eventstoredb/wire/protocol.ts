/**
 * The protocol as code, which the client's package brings along. It is CommonJS whose exports are made as it runs, so the
 * classes come through the default imports and the types beside them.
 */
import shared from "@eventstore/db-client/generated/shared_pb.js";
import streamsService from "@eventstore/db-client/generated/streams_grpc_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";

export const { Empty, StreamIdentifier, UUID } = shared;
export const { MaximumAppendSizeExceeded, WrongExpectedVersion } = shared;
export const { StreamsClient, StreamsService } = streamsService;
export const { AppendReq, BatchAppendResp, ReadReq, ReadResp } = streams;
