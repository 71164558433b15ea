import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EventStore } from "../../src/events/store/event-store.ts";
import type { Gateway } from "../../src/gateway.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { dispatchOf, newEndpoint, newUser, standingClock } from "./asking.ts";
import { listen, openConnection } from "./raw-http.ts";
import type { RawReply } from "./raw-http.ts";
import { withMethods } from "./replaced-methods.ts";

const TRIES = 200;
/** How many turns of the event loop an append takes: the end of the client's side is here long before its answer. */
const TURNS = 20;

const PING = "GET /v1/ping HTTP/1.1\r\nHost: x\r\n\r\n";

describe("a client that closes its sending side", () => {
  let gateway: Gateway;
  let port: number;
  let dispatch: string;
  beforeAll(async () => {
    const inner = memoryStorage(standingClock);
    const append: EventStore["append"] = async (...args) => {
      for (let n = 0; n < TURNS; n++) await nextTurn();
      return inner.store.append(...args);
    };
    gateway = await startTestGateway({
      clock: standingClock,
      deliver: false,
      storage: { ...inner, store: withMethods(inner.store, { append }) },
    });
    port = await listen(gateway);
    const key = await newUser(gateway);
    const body = dispatchOf(await newEndpoint(gateway, key), '{"a":1}');
    dispatch =
      `POST /v1/dispatch HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`;
  });
  afterAll(() => gateway.stop());

  /** Sends this, says that nothing more comes, and gives the replies once the server has closed. */
  function endAfter(text: string): Promise<readonly RawReply[]> {
    const connection = openConnection(port);
    connection.send(text);
    connection.end();
    return connection.closed();
  }

  const statuses = (replies: readonly RawReply[]): number[] => replies.map(({ status }) => status);

  it(`gets its 202 in ${TRIES} of ${TRIES} tries, and then the connection is closed`, async () => {
    const lost: (readonly RawReply[])[] = [];
    for (let n = 0; n < TRIES; n += 10) {
      const tries = await Promise.all(Array.from({ length: 10 }, () => endAfter(dispatch)));
      lost.push(...tries.filter((replies) => replies.length !== 1 || replies[0]?.status !== 202));
    }
    expect(lost).toEqual([]);
  });

  it("gets the answers to all that it sent before, in order", async () => {
    expect(statuses(await endAfter(PING + dispatch + PING + dispatch.repeat(3)))).toEqual([
      200, 202, 200, 202, 202, 202,
    ]);
  });

  it.each([
    ["a head", (whole: string) => whole.slice(0, 30)],
    ["a body", (whole: string) => whole.slice(0, -1)],
    ["what is no request", () => "GARBAGE\r\n\r\n"],
  ])("gets the answers to its whole requests before it is refused for %s", async (_what, partOf) => {
    for (const before of ["", dispatch, dispatch + PING + dispatch]) {
      const replies = await endAfter(before + partOf(dispatch));
      const expected = before === "" ? [] : before === dispatch ? [202] : [202, 200, 202];
      expect(statuses(replies)).toEqual([...expected, 400]);
      expect(replies.at(-1)?.headers["connection"]).toBe("close");
    }
  });

  it("is not kept when no answer is due", async () => {
    expect(await endAfter("")).toEqual([]);
    const connection = openConnection(port);
    connection.send(dispatch);
    expect(statuses(await connection.replies(1))).toEqual([202]);
    connection.end();
    expect(statuses(await connection.closed())).toEqual([202]);
  });

  it("is not kept as a follower of the log, and gets the rest of what it reads otherwise", async () => {
    const head = `Host: x\r\nX-API-Key: ${TEST_STAFF_KEYS.auditor}\r\n\r\n`;
    // More than there may be at a time.
    for (let n = 0; n < 10; n++) {
      const [reply] = await endAfter(`GET /v1/audit/events?follow=true&stream=tick-* HTTP/1.1\r\n${head}`);
      expect(reply?.status).toBe(200);
    }
    const connection = openConnection(port);
    connection.send(`GET /v1/audit/events HTTP/1.1\r\n${head}`);
    connection.end();
    expect((await connection.closed())[0]?.status).toBe(200);
  });
});
