import { connect } from "node:net";
import { once } from "node:events";
import fastify from "fastify";
import type { onRequestHookHandler } from "fastify";
import { describe, expect, it } from "vitest";
import { HttpError } from "../../src/http/errors.ts";
import { limitBodiesUnderWay } from "../../src/http/server/body-budget.ts";
import { handleErrors } from "../../src/http/server/error-handler.ts";
import { clientNetworkBehind } from "../../src/net/client-address.ts";
import type { UserDocument } from "../../src/projections/users.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";

/** A server with room for one body of 600 bytes at a time, whose route waits for the body, and then as long as it is held. */
async function startServer(clock: Clock = systemClock) {
  const app = fastify({ bodyLimit: 800 });
  let held: Promise<void> = Promise.resolve();
  let waiting = 0;
  handleErrors(app, systemClock);
  limitBodiesUnderWay(app, 1_000, { clock, clientNetwork: clientNetworkBehind([], "x-forwarded-for") });
  app.decorateRequest("user", null);
  const onRequest: onRequestHookHandler = (request, _reply, done) => {
    const user = request.headers["x-user"];
    if (user !== undefined) request.user = { user_id: Number(user) } as UserDocument;
    done(request.headers["x-refuse"] === undefined ? undefined : new HttpError("invalid_api_key"));
  };
  app.post("/", { onRequest }, async (_request, reply) => {
    waiting += 1;
    await held;
    waiting -= 1;
    return reply.code(202).send();
  });
  const address = new URL(await app.listen({ host: "127.0.0.1", port: 0 }));
  const post = (bytes: number, headers: Record<string, string> = {}) =>
    fetch(address, { method: "POST", headers: { "content-type": "text/plain", ...headers }, body: "x".repeat(bytes) });
  /** Announces a body, sends a part of it, and resolves when the server has seen the head. */
  const announce = async (head: string) => {
    const seen = new Promise<void>((resolve) => app.server.once("request", () => resolve()));
    const socket = connect(Number(address.port), "127.0.0.1");
    await once(socket, "connect");
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n${head}\r\n\r\n`);
    await seen;
    return socket;
  };
  /** Has every request wait until the function that this gives is called. */
  const hold = (): (() => void) => {
    let letGo = (): void => undefined;
    held = new Promise((resolve) => (letGo = resolve));
    return () => letGo();
  };
  return { app, post, announce, hold, waiting: () => waiting };
}

describe("the budget of bodies", () => {
  it("answers 503 with Retry-After to a body beyond it, and takes it again when the others are gone", async () => {
    const { app, post, announce } = await startServer();
    const slow = await announce("Content-Length: 600");
    const refused = await post(600);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect((await post(300)).status).toBe(202);
    slow.destroy();
    await expect.poll(async () => (await post(600)).status).toBe(202);
    await app.close();
  });

  it("leaves its answer to a client that sends the whole refused body before it reads", async () => {
    const { app, announce } = await startServer();
    const slow = await announce("Content-Length: 600");
    const refused = await announce("Content-Length: 5000000\r\nConnection: close");
    refused.write("x".repeat(5_000_000));
    let answer = "";
    refused.setEncoding("latin1").on("data", (text: string) => (answer += text));
    await once(refused, "close");
    expect(answer).toMatch(/^HTTP\/1\.1 503 .*"error":"Service temporarily unavailable"/s);
    slow.destroy();
    await app.close();
  });

  it("leaves its answer to a client whose body gives way while it sends on", async () => {
    const clock = new FakeClock();
    const { app, post, announce } = await startServer(clock);
    const slow = await announce("Transfer-Encoding: chunked");
    clock.pass(1_000);
    expect((await post(600)).status).toBe(202);
    const chunk = `ffff\r\n${"x".repeat(0xffff)}\r\n`;
    slow.write(`${chunk.repeat(50)}0\r\n\r\n`);
    let answer = "";
    slow.setEncoding("latin1").on("data", (text: string) => (answer += text));
    await once(slow, "close");
    expect(answer).toMatch(/^HTTP\/1\.1 503 .*"error":"Service temporarily unavailable"/s);
    await app.close();
  });

  it("counts a body of unknown length as the largest", async () => {
    const { app, post, announce } = await startServer();
    const slow = await announce("Transfer-Encoding: chunked");
    expect((await post(300)).status).toBe(503);
    expect((await post(150)).status).toBe(202);
    slow.destroy();
    await app.close();
  });

  it("has bodies that take their time give way, the oldest first, and no others", async () => {
    const clock = new FakeClock();
    const { app, post, announce } = await startServer(clock);
    const oldest = await announce("Content-Length: 300");
    clock.pass(100);
    const second = await announce("Content-Length: 300");
    clock.pass(100);
    const third = await announce("Content-Length: 300");
    clock.pass(800);
    const answer = once(oldest, "data");
    // A second after the first, and not yet after the others.
    expect((await post(600)).status).toBe(503);
    expect(String((await answer)[0])).toMatch(
      /^HTTP\/1\.1 503 Service Unavailable\r\n[^]*\r\nretry-after: 1\r\n[^]*"error":"Service temporarily unavailable"/,
    );
    clock.pass(200);
    expect((await post(600)).status).toBe(202);
    for (const slow of [second, third]) slow.destroy();
    oldest.destroy();
    await app.close();
  });

  it("has room for one client whatever another has under way, and cuts off no more than it needs", async () => {
    const { app, post, announce } = await startServer();
    const many = [];
    for (let n = 0; n < 9; n++) many.push(await announce("Content-Length: 100\r\nX-User: 1"));
    const answers = many.map((socket) => once(socket, "data").then(([data]) => String(data)));
    // It would have less under way than the other one then.
    expect((await post(300, { "x-user": "2" })).status).toBe(202);
    expect(await Promise.all(answers.slice(0, 2))).toEqual([
      expect.stringMatching(/^HTTP\/1\.1 503 /),
      expect.stringMatching(/^HTTP\/1\.1 503 /),
    ]);
    expect(many.map((socket) => socket.bytesRead > 0)).toEqual([true, true, ...Array.from({ length: 7 }, () => false)]);
    // The other one has no more for itself before a second is over.
    expect((await post(500, { "x-user": "1" })).status).toBe(503);
    // And who would have more than the other one gets no more either.
    expect((await post(700, { "x-user": "2" })).status).toBe(503);
    for (const socket of many) socket.destroy();
    await app.close();
  });

  it("leaves alone what is here in full and waits for its answer", async () => {
    const clock = new FakeClock();
    const { app, post, hold, waiting: waitingCount } = await startServer(clock);
    const letGo = hold();
    const waiting = post(600);
    await expect.poll(waitingCount).toBe(1);
    clock.pass(60_000);
    expect((await post(600)).status).toBe(503);
    letGo();
    expect((await waiting).status).toBe(202);
    expect((await post(600)).status).toBe(202);
    await app.close();
  });

  it("has no share for a request that is refused for another reason", async () => {
    const { app, post, announce } = await startServer();
    const sockets = [];
    for (let n = 0; n < 5; n++) sockets.push(await announce("Content-Length: 600\r\nX-Refuse: yes"));
    expect((await post(600)).status).toBe(202);
    for (const socket of sockets) socket.destroy();
    await app.close();
  });
});
