import { PassThrough } from "node:stream";
import type { Position as ServerPosition, SubscribeToAllOptions } from "@eventstore/db-client";
import { describe, expect, it } from "vitest";
import { UnreadableEvent } from "../../../../src/events/event-store-errors.ts";
import type { RecordedEvent, SubscriptionMessage } from "../../../../src/events/event-store.ts";
import { followLog } from "../../../../src/events/eventstoredb/follow-log.ts";
import type { Following } from "../../../../src/events/eventstoredb/follow-log.ts";
import { recordedEventOf } from "../../../../src/events/eventstoredb/recorded-event.ts";
import { positionOf } from "../../../../src/events/position.ts";
import { resolvedEvent } from "./resolved-event.ts";

/** A subscription of the client, in which the test plays the server. */
class Call extends PassThrough {
  readonly options: SubscribeToAllOptions;

  constructor(options: SubscribeToAllOptions) {
    super({ objectMode: true });
    this.options = options;
  }

  async unsubscribe(): Promise<void> {
    await Promise.resolve();
    this.destroy();
  }

  async checkpoint(place: ServerPosition): Promise<void> {
    await this.options.filter?.checkpointReached?.(this, place);
  }
}

class Server implements AsyncDisposable {
  readonly calls: Call[] = [];
  readonly abort = new AbortController();
  /** What reading `$all` finds. */
  events: RecordedEvent[] = [];
  readonly messages: AsyncGenerator<SubscriptionMessage>;

  constructor(categories: string[]) {
    const following: Following = {
      client: {
        subscribeToAll: ((options: SubscribeToAllOptions) => {
          this.calls.push(new Call(options));
          return this.calls.at(-1);
        }) as unknown as Following["client"]["subscribeToAll"],
      },
      reader: {
        head: async () => this.events.at(-1)?.position ?? null,
        idAt: async (position) => this.events.find((event) => event.position === position)?.id ?? null,
        pageFrom: async (place, limit) =>
          this.events.filter(({ position }) => place === null || BigInt(position) >= place.commit).slice(0, limit),
      },
      stalledMs: 60_000,
      closing: new AbortController().signal,
      known: () => null,
      onKnown: () => () => undefined,
      connection: () => undefined,
    };
    this.messages = followLog(following, { categories, signal: this.abort.signal });
  }

  async call(number: number): Promise<Call> {
    await expect.poll(() => this.calls[number], { interval: 5 }).toBeDefined();
    return this.calls[number]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort.abort();
    await this.messages.return(undefined);
  }
}

function recorded(stream: string, commit: bigint): RecordedEvent {
  return recordedEventOf(resolvedEvent(stream, commit))!;
}

describe("following a log whose server tells checkpoints between two events", () => {
  it("is caught up at the last event, and still takes the event that begins at the checkpoint", async () => {
    await using server = new Server(["user"]);
    server.events = [recorded("other-1", 100n), recorded("other-1", 150n)];
    const caughtUp = server.messages.next();
    const call = await server.call(0);
    call.emit("confirmation");
    await call.checkpoint({ commit: 200n, prepare: 0n });
    call.emit("caughtUp");
    expect((await caughtUp).value).toEqual({ kind: "caughtUp", position: positionOf(150) });

    const next = server.messages.next();
    server.events.push(recorded("user-1", 200n));
    call.write(resolvedEvent("user-1", 200n));
    expect((await next).value).toMatchObject({ kind: "event", event: { position: positionOf(200) } });
  });

  it("goes on from there after a break, where the event that begins there is not left out", async () => {
    await using server = new Server(["user"]);
    server.events = [recorded("other-1", 100n), recorded("user-1", 200n)];
    const first = server.messages.next();
    const call = await server.call(0);
    call.emit("confirmation");
    await call.checkpoint({ commit: 200n, prepare: 0n });
    await new Promise((resolve) => setImmediate(resolve));
    call.emit("error", new Error("broken"));
    const again = await server.call(1);
    expect(again.options.fromPosition).toEqual({ commit: 200n, prepare: 0n });
    again.emit("confirmation");
    again.write(resolvedEvent("user-1", 200n));
    expect((await first).value).toMatchObject({ event: { position: positionOf(200) } });
  });
});

describe("following a log", () => {
  it("does not say that it caught up while the server says that it fell behind", async () => {
    await using server = new Server(["user"]);
    const first = server.messages.next();
    const call = await server.call(0);
    call.emit("confirmation");
    call.emit("caughtUp");
    expect((await first).value).toEqual({ kind: "caughtUp", position: null });
    server.events = [recorded("user-1", 100n), recorded("user-1", 200n)];
    call.emit("fellBehind");
    call.write(resolvedEvent("user-1", 100n));
    expect((await server.messages.next()).value).toMatchObject({ kind: "event" });
    const second = server.messages.next();
    await new Promise((resolve) => setImmediate(resolve));
    call.write(resolvedEvent("user-1", 200n));
    expect((await second).value).toMatchObject({ kind: "event", event: { position: positionOf(200) } });
    call.emit("caughtUp");
    expect((await server.messages.next()).value).toEqual({ kind: "caughtUp", position: positionOf(200) });
  });

  it("begins anew when the server sends an event again, and gives it once", async () => {
    await using server = new Server(["user"]);
    server.events = [recorded("user-1", 100n), recorded("user-1", 200n)];
    const first = server.messages.next();
    const call = await server.call(0);
    call.emit("confirmation");
    call.write(resolvedEvent("user-1", 100n));
    call.write(resolvedEvent("user-1", 100n));
    expect((await first).value).toMatchObject({ event: { position: positionOf(100) } });
    const second = server.messages.next();
    const again = await server.call(1);
    expect(again.options.fromPosition).toEqual({ commit: 100n, prepare: 100n });
    again.emit("confirmation");
    again.write(resolvedEvent("user-1", 200n));
    expect((await second).value).toMatchObject({ event: { position: positionOf(200) } });
  });

  it("ends with an error at an event that has no place of its own", async () => {
    await using server = new Server(["user"]);
    const first = server.messages.next();
    const call = await server.call(0);
    call.emit("confirmation");
    call.write(resolvedEvent("user-1", 100n, { prepare: 90n }));
    await expect(first).rejects.toBeInstanceOf(UnreadableEvent);
  });
});
