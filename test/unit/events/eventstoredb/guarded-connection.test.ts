import { once } from "node:events";
import { Writable } from "node:stream";
import type { EventStoreDBClient } from "@eventstore/db-client";
import { describe, expect, it, vi } from "vitest";
import { GuardedConnection } from "../../../../src/events/eventstoredb/guarded-connection.ts";

type Callback = (error: Error | null) => void;
interface GrpcClient {
  append(metadata: object, options: object, callback: Callback): Writable;
  close(): void;
}

function clientOf(grpcClient: GrpcClient, dispose = async (): Promise<void> => undefined): EventStoreDBClient {
  return { getGRPCClient: async () => grpcClient, dispose } as unknown as EventStoreDBClient;
}

function connectionOf(client: EventStoreDBClient): Promise<GrpcClient> {
  return (client as unknown as { getGRPCClient(): Promise<GrpcClient> }).getGRPCClient();
}

describe("a guarded connection", () => {
  it("answers an append that finds it closed, instead of throwing", async () => {
    const client = clientOf({
      append: () => {
        throw new Error("Channel has been shut down");
      },
      close: () => undefined,
    });
    new GuardedConnection(client);
    const grpcClient = await connectionOf(client);
    const answer: PromiseWithResolvers<Error | null> = Promise.withResolvers();
    const sink = grpcClient.append({}, {}, answer.resolve);
    sink.write({ some: "message" });
    sink.end();
    await once(sink, "finish");
    expect(await answer.promise).toMatchObject({ code: 14, message: "Channel has been shut down" });
  });

  it("leaves other appends as they are, however often it is asked for", async () => {
    const sink = new Writable();
    const append = vi.fn<GrpcClient["append"]>(() => sink);
    const client = clientOf({ append, close: () => undefined });
    new GuardedConnection(client);
    await connectionOf(client);
    const callback = vi.fn<Callback>();
    expect((await connectionOf(client)).append({ a: 1 }, { b: 2 }, callback)).toBe(sink);
    expect(append.mock.calls).toEqual([[{ a: 1 }, { b: 2 }, callback]]);
  });

  it("is closed also when the client's calls do not end", async () => {
    const close = vi.fn<() => void>();
    const client = clientOf({ append: () => new Writable(), close }, () => new Promise(() => undefined));
    const connection = new GuardedConnection(client);
    await connectionOf(client);
    await connection.close(20);
    expect(close).toHaveBeenCalledTimes(1);
  });

  it("is closed without an error when it was never made", async () => {
    await new GuardedConnection(clientOf({ append: () => new Writable(), close: () => undefined })).close(20);
  });
});
