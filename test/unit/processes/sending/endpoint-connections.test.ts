import { describe, expect, it } from "vitest";
import type { Connection } from "../../../../src/processes/sending/endpoint-connections.ts";
import { EndpointConnections } from "../../../../src/processes/sending/endpoint-connections.ts";

const origin = "http://receiver.test";

function setUp(maxPools = 3): {
  connections: EndpointConnections;
  alive: () => number;
  acquire: (id: number) => Connection;
  outlived: Set<object>;
} {
  const alive = new Set<object>();
  const outlived = new Set<object>();
  const connections = new EndpointConnections({
    maxPools,
    createClient: () => {
      const client = {
        dispatch: () => undefined,
        awaitAnswer: () => undefined,
        isConnected: () => true,
        retryAfter: () => null,
        isUnansweredReuse: () => false,
        isOutlived: () => outlived.has(client),
        destroy: () => void alive.delete(client),
      };
      alive.add(client);
      return client;
    },
  });
  return {
    connections,
    alive: () => alive.size,
    acquire: (id) => connections.acquire(id, origin, 2)!,
    outlived,
  };
}

describe("the connections of the endpoints", () => {
  it("are limited for each endpoint, and do not count for another of the same origin", () => {
    const { connections, acquire } = setUp();
    acquire(1);
    const second = acquire(1);
    expect(connections.acquire(1, origin, 2)).toBeNull();
    expect(connections.acquire(2, origin, 2)).not.toBeNull();
    connections.release(second);
    expect(connections.acquire(1, origin, 2)).not.toBeNull();
  });

  it("are used again, the last one first", () => {
    const { connections, acquire, alive } = setUp();
    const [first, second] = [acquire(1), acquire(1)];
    connections.release(second);
    connections.release(first);
    expect(acquire(1).client).toBe(first.client);
    expect(alive()).toBe(2);
  });

  it("are not used again when they are too old, and are closed then", () => {
    const { connections, acquire, alive, outlived } = setUp();
    const [old, young] = [acquire(1), acquire(1)];
    connections.release(young);
    connections.release(old);
    outlived.add(old.client);
    expect(acquire(1).client).toBe(young.client);
    expect(alive()).toBe(1);
  });

  it("are not used again when they were discarded", () => {
    const { connections, acquire, alive } = setUp();
    const first = acquire(1);
    connections.discard(first);
    expect(alive()).toBe(0);
    expect(acquire(1).client).not.toBe(first.client);
  });

  it("of the endpoint that was unused for the longest time are closed when there are too many endpoints", () => {
    const { connections, acquire, alive } = setUp(2);
    const [first, second] = [acquire(1), acquire(2)];
    connections.release(first);
    connections.release(second);
    connections.release(acquire(1));
    connections.release(acquire(3));
    expect(connections.size).toBe(2);
    expect(alive()).toBe(2);
    expect(acquire(1).client).toBe(first.client);
    expect(acquire(2).client).not.toBe(second.client);
  });

  it("that are in use are not closed, and the excess goes when they are given back", () => {
    const { connections, acquire, alive } = setUp(1);
    const inUse = [acquire(1), acquire(2), acquire(3)];
    expect([connections.size, alive()]).toEqual([3, 3]);
    for (const connection of inUse) connections.release(connection);
    expect([connections.size, alive()]).toEqual([1, 1]);
  });

  it("all end on closing, those in use when they are given back", () => {
    const { connections, acquire, alive } = setUp();
    const [first, second] = [acquire(1), acquire(2)];
    connections.release(first);
    connections.closeIdle();
    expect(alive()).toBe(1);
    connections.release(second);
    expect(alive()).toBe(0);
  });
});
