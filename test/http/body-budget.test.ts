import { connect } from "node:net";
import { once } from "node:events";
import fastify from "fastify";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { Clock } from "../../src/clock.ts";
import { limitBodiesUnderWay } from "../../src/http/body-budget.ts";
import { handleErrors } from "../../src/http/error-handler.ts";

/** A server with room for one body of 600 bytes at a time, whose route waits for the body. */
async function startServer(clock: Clock = systemClock) {
  const app = fastify({ bodyLimit: 800 });
  handleErrors(app, systemClock);
  limitBodiesUnderWay(app, 1_000, clock);
  app.post("/", (_request, reply) => reply.code(202).send());
  const address = new URL(await app.listen({ host: "127.0.0.1", port: 0 }));
  const post = (bytes: number) =>
    fetch(address, { method: "POST", headers: { "content-type": "text/plain" }, body: "x".repeat(bytes) });
  /** Announces a body, sends a part of it, and resolves when the server has seen the head. */
  const announce = async (head: string) => {
    const seen = new Promise<void>((resolve) => app.server.once("request", () => resolve()));
    const socket = connect(Number(address.port), "127.0.0.1");
    await once(socket, "connect");
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n${head}\r\n\r\n`);
    await seen;
    return socket;
  };
  return { app, post, announce };
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

  it("counts a body of unknown length as the largest", async () => {
    const { app, post, announce } = await startServer();
    const slow = await announce("Transfer-Encoding: chunked");
    expect((await post(300)).status).toBe(503);
    expect((await post(150)).status).toBe(202);
    slow.destroy();
    await app.close();
  });
});
