/**
 * The protocol's generated code, from the client's package. It is CommonJS whose exports are set at run time, so
 * classes come from the default imports, and types separately.
 */
import shared from "@eventstore/db-client/generated/shared_pb.js";
import streamsService from "@eventstore/db-client/generated/streams_grpc_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";

export const { Empty, StreamIdentifier, UUID } = shared;
export const { MaximumAppendSizeExceeded, WrongExpectedVersion } = shared;
export const { StreamsClient, StreamsService } = streamsService;
export const { AppendReq, BatchAppendResp, ReadReq, ReadResp } = streams;
