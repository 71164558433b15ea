import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { AppendReq, AppendResp, BatchAppendReq } from "@eventstore/db-client/generated/streams_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import shared from "@eventstore/db-client/generated/shared_pb.js";
import { afterEach, describe, expect, it } from "vitest";
import { prepareAppend } from "../../../../../../src/events/store/append/prepared-append.ts";
import type { PreparedAppend } from "../../../../../../src/events/store/append/prepared-append.ts";
import {
  AppendOutcomeUnknown,
  EventTooLarge,
  RevisionConflict,
  StoreUnavailable,
} from "../../../../../../src/events/store/event-store-errors.ts";
import { AppendWriter } from "../../../../../../src/events/store/eventstoredb/appending/append-writer.ts";
import type { Conversation, OpenCall } from "../../../../../../src/events/store/eventstoredb/server-calls.ts";
import { readBatchedAnswer } from "../../../../../../src/events/store/eventstoredb/wire/append-answer.ts";
import type { BatchedAnswer } from "../../../../../../src/events/store/eventstoredb/wire/append-answer.ts";
import { sampleEvent } from "../../../../../fixtures/event-log/event-samples.ts";
import { askedFor, failedAnswer, writtenAnswer } from "../../../../../fixtures/eventstoredb/client-messages.ts";

/** A call for many appends, in which the test plays the server. */
class Call extends EventEmitter implements Conversation<Uint8Array, BatchedAnswer> {
  readonly asked: BatchAppendReq[] = [];
  canceled = false;

  write(request: Uint8Array): boolean {
    this.asked.push(streams.BatchAppendReq.deserializeBinary(request));
    return true;
  }

  cancel(): void {
    this.canceled = true;
  }

  answer(index: number, commit = index + 1): void {
    this.say(writtenAnswer(this.asked[index]!, 0, commit));
  }

  say(message: Uint8Array): void {
    this.emit("data", readBatchedAnswer(Buffer.from(message)));
  }

  get streams(): string[] {
    return this.asked.map((request) => askedFor(request).stream);
  }
}

/** The server as the writer sees it. */
class Server {
  readonly calls: Call[] = [];
  readonly alone: string[] = [];
  readonly broken: Error[] = [];
  answerAlone: (stream: string) => AppendResp | Error = () => new Error("nobody answers");
  refuses: Error | null = null;

  async appends(): Promise<OpenCall<Conversation<Uint8Array, BatchedAnswer>>> {
    if (this.refuses !== null) throw this.refuses;
    const call = new Call();
    this.calls.push(call);
    return { call, broke: (error) => this.broken.push(error) };
  }

  async append([options]: readonly AppendReq[]): Promise<AppendResp> {
    const stream = Buffer.from(options!.getOptions()!.getStreamIdentifier()!.getStreamName_asU8()).toString();
    this.alone.push(stream);
    const answer = this.answerAlone(stream);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async call(number: number): Promise<Call> {
    await expect.poll(() => this.calls[number], { interval: 5, timeout: 5_000 }).toBeDefined();
    return this.calls[number]!;
  }
}

function prepared(stream: string): PreparedAppend {
  return prepareAppend(stream, [sampleEvent()], "no_stream");
}

function written(): AppendResp {
  const success = new streams.AppendResp.Success();
  success.setCurrentRevision("0");
  const position = new streams.AppendResp.Position();
  position.setCommitPosition("99");
  position.setPreparePosition("99");
  success.setPosition(position);
  const response = new streams.AppendResp();
  response.setSuccess(success);
  return response;
}

const unavailable = (details: string): Error => Object.assign(new Error(`14 UNAVAILABLE: ${details}`), { code: 14 });

let writer: AppendWriter;
afterEach(() => writer.close());

function begin(deadlineMs = 10_000): Server {
  const server = new Server();
  writer = new AppendWriter(server, deadlineMs);
  return server;
}

function appending(...names: string[]): Promise<unknown>[] {
  return names.map((name) => writer.append(`w.${name}`, prepared(name)).catch((error: unknown) => error));
}

describe("appends over one call", () => {
  it("are sent in the order in which they come, and answered in any", async () => {
    const server = begin();
    const results = appending("a-1", "b-1", "c-1");
    const call = await server.call(0);
    await expect.poll(() => call.streams).toEqual(["w.a-1", "w.b-1", "w.c-1"]);
    for (const index of [2, 0, 1]) call.answer(index);
    expect(await Promise.all(results)).toMatchObject([1, 2, 3].map((n) => ({ position: `${n}`.padStart(20, "0") })));
    expect(server.calls).toHaveLength(1);
  });

  it("fail each by itself: a conflict, one that is too large, one that is refused", async () => {
    const server = begin();
    const results = appending("a-1", "b-1", "c-1", "d-1");
    const call = await server.call(0);
    await expect.poll(() => call.asked.length).toBe(4);
    const conflict = new shared.WrongExpectedVersion();
    conflict.setCurrentStreamRevision("4");
    call.say(failedAnswer(call.asked[0]!, "", conflict, "event_store.client.WrongExpectedVersion"));
    const tooLarge = new shared.MaximumAppendSizeExceeded();
    tooLarge.setMaxappendsize(512);
    call.say(failedAnswer(call.asked[1]!, "", tooLarge, "event_store.client.MaximumAppendSizeExceeded"));
    call.say(failedAnswer(call.asked[2]!, "no", new shared.AccessDenied(), "event_store.client.AccessDenied"));
    call.answer(3);
    const [first, second, third, fourth] = await Promise.all(results);
    expect(first).toBeInstanceOf(RevisionConflict);
    expect(second).toBeInstanceOf(EventTooLarge);
    expect(String(second)).toContain("512");
    expect(third).toBeInstanceOf(StoreUnavailable);
    expect(fourth).toMatchObject({ revision: "0".padStart(20, "0") });
  });

  it("are sent again, in the same order and before later ones, when the call breaks", async () => {
    const server = begin();
    const results = appending("a-1", "b-1");
    const first = await server.call(0);
    await expect.poll(() => first.asked.length).toBe(2);
    first.answer(0);
    results.push(...appending("c-1"));
    first.emit("error", unavailable("Connection dropped"));
    results.push(...appending("d-1"));
    const second = await server.call(1);
    await expect.poll(() => second.streams).toEqual(["w.b-1", "w.c-1", "w.d-1"]);
    expect(server.broken).toHaveLength(1);
    for (const index of [0, 1, 2]) second.answer(index);
    for (const result of await Promise.all(results)) expect(result).toHaveProperty("revision");
  });

  it("are sent again when the server ends the call without an error", async () => {
    const server = begin();
    const results = appending("a-1");
    const first = await server.call(0);
    await expect.poll(() => first.asked.length).toBe(1);
    first.emit("end");
    const second = await server.call(1);
    await expect.poll(() => second.asked.length).toBe(1);
    second.answer(0);
    expect(await results[0]).toHaveProperty("revision");
  });

  it("are tried again one by one when the server is not ready for them", async () => {
    const server = begin();
    const [result] = appending("a-1");
    const call = await server.call(0);
    await expect.poll(() => call.asked.length).toBe(1);
    call.say(failedAnswer(call.asked[0]!, "Server Is Not Ready"));
    await expect.poll(() => call.asked.length).toBe(2);
    expect(askedFor(call.asked[1]!)).toEqual(askedFor(call.asked[0]!));
    call.answer(1);
    expect(await result).toHaveProperty("revision");
  });

  it("go alone when two calls broke that carried them, so that none can block the others for ever", async () => {
    const server = begin();
    server.answerAlone = (stream) => (stream === "w.bad-1" ? unavailable("Connection dropped") : written());
    const results = appending("a-1", "bad-1", "c-1");
    for (const number of [0, 1]) {
      const call = await server.call(number);
      await expect.poll(() => call.asked.length).toBe(3);
      call.emit("error", unavailable("Connection dropped"));
    }
    const third = await server.call(2);
    expect(server.alone).toEqual(["w.a-1", "w.bad-1", "w.c-1"]);
    expect(await results[0]).toHaveProperty("revision");
    expect(await results[2]).toHaveProperty("revision");
    results.push(...appending("d-1"));
    await expect.poll(() => third.streams).toContain("w.d-1");
    third.answer(third.streams.indexOf("w.d-1"));
    expect(await results[3]).toHaveProperty("revision");
  });
});

describe("appends that the server does not take yet", () => {
  it("are not overtaken by later ones, and keep their order", async () => {
    const server = begin();
    const results = appending("a-1", "b-1", "c-1");
    const call = await server.call(0);
    await expect.poll(() => call.asked.length).toBe(3);
    for (const index of [1, 0]) call.say(failedAnswer(call.asked[index]!, "Server Is Not Ready"));
    results.push(...appending("d-1"));
    call.answer(2);
    expect(call.asked).toHaveLength(3);
    expect(await results[2]).toHaveProperty("revision");
    await expect.poll(() => call.streams.slice(3)).toEqual(["w.a-1", "w.b-1", "w.d-1"]);
    for (const index of [3, 4, 5]) call.answer(index);
    for (const result of await Promise.all(results)) expect(result).toHaveProperty("revision");
  });

  it("are not held up by one that timed out, which is tried again by itself", async () => {
    const server = begin();
    const results = appending("a-1");
    const call = await server.call(0);
    await expect.poll(() => call.asked.length).toBe(1);
    call.say(failedAnswer(call.asked[0]!, "Timeout", new shared.Timeout(), "event_store.client.Timeout"));
    results.push(...appending("b-1"));
    expect(call.streams).toEqual(["w.a-1", "w.b-1"]);
    await expect.poll(() => call.streams).toEqual(["w.a-1", "w.b-1", "w.a-1"]);
    for (const index of [1, 2]) call.answer(index);
    for (const result of await Promise.all(results)) expect(result).toHaveProperty("revision");
  });

  it("take their places before later ones when the call breaks", async () => {
    const server = begin();
    const results = appending("a-1", "b-1");
    const first = await server.call(0);
    await expect.poll(() => first.asked.length).toBe(2);
    first.say(failedAnswer(first.asked[0]!, "Server Is Not Ready"));
    results.push(...appending("c-1"));
    first.emit("error", unavailable("Connection dropped"));
    const second = await server.call(1);
    await expect.poll(() => second.streams).toEqual(["w.a-1", "w.b-1", "w.c-1"]);
    for (const index of [0, 1, 2]) second.answer(index);
    for (const result of await Promise.all(results)) expect(result).toHaveProperty("revision");
  });
});

describe("an append whose call the server ends", () => {
  const notLeader = Object.assign(new Error("5 NOT_FOUND: Leader info available"), {
    code: 5,
    metadata: { get: (name: string) => (name === "exception" ? ["not-leader"] : []) },
  });

  it.each([
    ["since it leads no longer", notLeader],
    ["since it is not ready", unavailable("Server Is Not Ready")],
    ["since it refuses the credentials", Object.assign(new Error("16 UNAUTHENTICATED: no"), { code: 16 })],
  ])("%s may be written all the same", async (_, error) => {
    const server = begin(300);
    const [result] = appending("a-1");
    const call = await server.call(0);
    await expect.poll(() => call.asked.length).toBe(1);
    server.refuses = unavailable("No connection established.");
    call.emit("error", error);
    expect(await result).toBeInstanceOf(AppendOutcomeUnknown);
  });

  it("was not written when there was no connection to send it over", async () => {
    const server = begin(300);
    const [result] = appending("a-1");
    const call = await server.call(0);
    await expect.poll(() => call.asked.length).toBe(1);
    const refused = unavailable("No connection established. Last error: connect ECONNREFUSED 127.0.0.1:2113");
    server.refuses = refused;
    call.emit("error", refused);
    expect(await result).toBeInstanceOf(StoreUnavailable);
  });

  it("stays open when its repetition is refused", async () => {
    const server = begin();
    const [result] = appending("a-1");
    const first = await server.call(0);
    await expect.poll(() => first.asked.length).toBe(1);
    first.emit("error", unavailable("Connection dropped"));
    const second = await server.call(1);
    await expect.poll(() => second.asked.length).toBe(1);
    second.say(failedAnswer(second.asked[0]!, "no", new shared.AccessDenied(), "event_store.client.AccessDenied"));
    expect(await result).toBeInstanceOf(AppendOutcomeUnknown);
  });

  it("is not a suspect when the server says why, so that all continue over the next call", async () => {
    const server = begin();
    const results = appending("a-1", "b-1");
    for (const number of [0, 1, 2]) {
      const call = await server.call(number);
      await expect.poll(() => call.asked.length).toBe(2);
      call.emit("error", notLeader);
    }
    const last = await server.call(3);
    await expect.poll(() => last.asked.length).toBe(2);
    expect(server.alone).toEqual([]);
    for (const index of [0, 1]) last.answer(index);
    for (const result of await Promise.all(results)) expect(result).toHaveProperty("revision");
  });
});

describe("a writer that is closed", () => {
  it("cancels its call, settles everything at once, and sends nothing more", async () => {
    const server = begin();
    const results = appending("a-1", "b-1", "c-1");
    const call = await server.call(0);
    await expect.poll(() => call.asked.length).toBe(3);
    call.say(failedAnswer(call.asked[0]!, "Server Is Not Ready"));
    call.say(failedAnswer(call.asked[1]!, "Timeout", new shared.Timeout(), "event_store.client.Timeout"));
    results.push(...appending("d-1"));
    writer.close();
    const [refused, timedOut, sent, waiting] = await Promise.all(results);
    for (const one of [refused, waiting]) expect(one).toBeInstanceOf(StoreUnavailable);
    for (const one of [timedOut, sent]) expect(one).toBeInstanceOf(AppendOutcomeUnknown);
    expect(call.canceled).toBe(true);
    await pause(150);
    expect(call.asked).toHaveLength(3);
    expect(server.calls).toHaveLength(1);
  });
});

describe("an append that is not answered in time", () => {
  it("has an unknown outcome when it was sent, and takes the silent call with it", async () => {
    const server = begin(100);
    const [result] = appending("a-1");
    const call = await server.call(0);
    expect(await result).toBeInstanceOf(AppendOutcomeUnknown);
    await expect.poll(() => call.canceled).toBe(true);
    expect(server.broken).toHaveLength(1);
  });

  it("has an unknown outcome when a broken call carried it, though the next was refused", async () => {
    const server = begin(300);
    const [result] = appending("a-1");
    const call = await server.call(0);
    await expect.poll(() => call.asked.length).toBe(1);
    server.refuses = unavailable("No connection established.");
    call.emit("error", unavailable("Connection dropped"));
    expect(await result).toBeInstanceOf(AppendOutcomeUnknown);
  });

  it("was not written when no try was accepted", async () => {
    const server = begin(150);
    server.refuses = unavailable("No connection established. Last error: connect ECONNREFUSED 127.0.0.1:2113");
    const [result] = appending("a-1");
    expect(await result).toBeInstanceOf(StoreUnavailable);
    expect(String(await result)).toContain("ECONNREFUSED");
  });

  it("leaves alone a call that answers others", async () => {
    const server = begin(1_000);
    const [late] = appending("a-1");
    const call = await server.call(0);
    await expect.poll(() => call.asked.length).toBe(1);
    let isLate = false;
    void late!.then(() => (isLate = true));
    for (let number = 1; !isLate; number += 1) {
      const [other] = appending(`b-${number}`);
      await expect.poll(() => call.asked.length, { interval: 1 }).toBe(number + 1);
      call.answer(number);
      await other;
      await pause(50);
    }
    expect(await late).toBeInstanceOf(AppendOutcomeUnknown);
    expect(call.canceled).toBe(false);
  });

  it("is not sent any more", async () => {
    const server = begin(1_000);
    server.refuses = unavailable("No connection established.");
    expect(await appending("a-1")[0]).toBeInstanceOf(StoreUnavailable);
    server.refuses = null;
    const [next] = appending("b-1");
    const call = await server.call(0);
    await expect.poll(() => call.streams).toEqual(["w.b-1"]);
    call.answer(0);
    expect(await next).toHaveProperty("revision");
  });
});

it("answers of two calls are never mixed up", async () => {
  const server = begin();
  const [result] = appending("a-1");
  const first = await server.call(0);
  await expect.poll(() => first.asked.length).toBe(1);
  first.emit("error", unavailable("Connection dropped"));
  const second = await server.call(1);
  await expect.poll(() => second.asked.length).toBe(1);
  // A late answer of the first, and one that nobody asked for.
  first.answer(0, 7);
  const stranger = new streams.BatchAppendReq();
  const id = new shared.UUID();
  id.setString(randomUUID());
  stranger.setCorrelationId(id);
  second.say(writtenAnswer(stranger, 0, 8));
  second.answer(0, 9);
  expect(await result).toMatchObject({ position: "9".padStart(20, "0") });
});
