import { UnavailableError } from "@eventstore/db-client";
import type { Credentials, EventStoreDBClient } from "@eventstore/db-client";
import type { StreamsClient as Streams } from "@eventstore/db-client/generated/streams_grpc_pb.js";
import type { AppendReq, AppendResp, ReadReq } from "@eventstore/db-client/generated/streams_pb.js";
import { withinTime } from "../../../runtime/time-limit.ts";
import { readBatchedAnswer } from "./wire/append-answer.ts";
import type { BatchedAnswer } from "./wire/append-answer.ts";
import { StreamsClient, StreamsService } from "./wire/protocol.ts";

/** A call that the server answers with messages, one after the other, unless it is paused. */
export interface Answers {
  on(event: "data", listener: (message: Uint8Array) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  pause(): unknown;
  resume(): unknown;
  /** Ends the call on the server too. */
  cancel(): void;
}

/** A call in which each message sent gets an answer. */
export interface Conversation<Request, Response> {
  on(event: "data", listener: (response: Response) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  write(request: Request): unknown;
  cancel(): void;
}

/** A call, and the connection that it was made on. */
export interface OpenCall<Call> {
  readonly call: Call;
  /** Reports that the call broke, so that the client replaces the connection if it is unusable. */
  readonly broke: (error: Error) => void;
}

type CallArguments = Required<Parameters<Streams["batchAppend"]>>;

function asItIs(message: Buffer): Uint8Array {
  return message;
}

function asBuffer(message: Uint8Array): Buffer {
  return Buffer.isBuffer(message) ? message : Buffer.from(message);
}

/** The client's internals, which its types mark as protected. */
interface Inner {
  getGRPCClient(kind: typeof StreamsClient, name: string): Promise<Streams>;
  callArguments(
    options: { credentials: Credentials; requiresLeader: boolean; deadline?: number },
    call: { deadline?: number },
  ): CallArguments;
  handleError(streams: Streams, error: Error): Promise<void>;
}

/**
 * Our own calls over the client's connections. The client finds the nodes, secures the connections and replaces them.
 * Its own calls build objects that are not needed for every message, send appends over a stream shared by all stores of
 * the process, and cannot filter a read.
 *
 * All calls require the leader, where an acknowledged append is readable at once.
 */
export class ServerCalls {
  readonly #client: EventStoreDBClient;
  readonly #credentials: Credentials;

  constructor(client: EventStoreDBClient, credentials: Credentials) {
    this.#client = client;
    this.#credentials = credentials;
  }

  /** Begins a read or a subscription. Rejects when there is no connection. */
  read(request: ReadReq): Promise<OpenCall<Answers>> {
    const { path, requestSerialize } = StreamsService.read;
    return this.#make((streams) =>
      streams.makeServerStreamRequest(path, requestSerialize, asItIs, request, ...this.#arguments()),
    );
  }

  /** Begins a call that takes any number of appends. Rejects when there is no connection. */
  appends(): Promise<OpenCall<Conversation<Uint8Array, BatchedAnswer>>> {
    const { path } = StreamsService.batchAppend;
    return this.#make((streams) =>
      streams.makeBidiStreamRequest(path, asBuffer, readBatchedAnswer, ...this.#arguments()),
    );
  }

  /** Makes one append by itself, from its messages, in at most `milliseconds`. Rejects with gRPC's error. */
  async append(messages: readonly AppendReq[], milliseconds: number): Promise<AppendResp> {
    const answer = Promise.withResolvers<AppendResp>();
    const { call, broke } = await this.#make((streams) =>
      streams.append(...this.#arguments(milliseconds), (error, response) => {
        if (error === null) answer.resolve(response);
        else answer.reject(error);
      }),
    );
    for (const message of messages) call.write(message);
    call.end();
    answer.promise.catch(broke);
    return answer.promise;
  }

  /** Ends the client's own calls, waiting at most `milliseconds`, and closes its connection. */
  async close(milliseconds: number): Promise<void> {
    const ended = withinTime(this.#client.dispose(), milliseconds, () => new Error("the calls do not end"));
    await ended.catch(() => undefined);
    const connection = withinTime(this.#streams(), milliseconds, () => new Error("there is no connection"));
    await connection.then((streams) => streams.close()).catch(() => undefined);
  }

  async #make<Call extends { on(event: "error", listener: () => void): unknown }>(
    begin: (streams: Streams) => Call,
  ): Promise<OpenCall<Call>> {
    const streams = await this.#streams();
    const broke = (error: Error): void => void this.#inner("handleError")(streams, error).catch(() => undefined);
    try {
      const call = begin(streams);
      // A caller that stopped waiting cancels the call, which then fails.
      call.on("error", () => undefined);
      return { call, broke };
    } catch (error) {
      // The connection was closed in the meantime; without this the client would return it for ever.
      broke(new UnavailableError());
      throw error;
    }
  }

  #streams(): Promise<Streams> {
    return this.#inner("getGRPCClient")(StreamsClient, "streams");
  }

  #arguments(milliseconds?: number): CallArguments {
    const options = { credentials: this.#credentials, requiresLeader: true };
    return milliseconds === undefined
      ? this.#inner("callArguments")(options, { deadline: Number.POSITIVE_INFINITY })
      : this.#inner("callArguments")({ ...options, deadline: milliseconds }, {});
  }

  #inner<Name extends keyof Inner>(name: Name): Inner[Name] {
    return Reflect.get(this.#client, name);
  }
}
