import type { Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { describe, expect, it } from "vitest";
import { respondWith } from "../../fixtures/receiver.ts";
import { makeSelfSigned } from "../../fixtures/receiver-certificate.ts";
import { answered, makeReceiver, makeSender, send } from "./sender-setup.ts";

const certificate = makeSelfSigned("127.0.0.2");

describe.skipIf(certificate === null)("TLS", () => {
  const tls = certificate ?? { key: "", cert: "" };
  const trusted = { connect: { ca: tls.cert } };

  it("delivers to a receiver whose certificate is trusted, over one connection", async () => {
    const receiver = await makeReceiver(respondWith(200, "ok"), { tls });
    const sender = makeSender(trusted);
    for (let n = 0; n < 3; n += 1) {
      expect(answered(await send(sender, receiver.url()))).toMatchObject({ outcome: "delivered", responseBody: "ok" });
    }
    expect(receiver.connections).toBe(1);
    expect(receiver.requests[0]?.body.toString()).toBe('{"n":1}');
  });

  it("refuses a certificate that nobody vouches for, before a byte of the request", async () => {
    const receiver = await makeReceiver(respondWith(200), { tls });
    expect(answered(await send(makeSender(), receiver.url()))).toMatchObject({ outcome: "failed", errorCode: "tls" });
    expect(receiver.requests).toHaveLength(0);
  });

  it("refuses it even when the environment or the connection's options say otherwise", async () => {
    const receiver = await makeReceiver(respondWith(200), { tls });
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      const sender = makeSender({ connect: { rejectUnauthorized: false } });
      expect(answered(await send(sender, receiver.url())).errorCode).toBe("tls");
    } finally {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
    }
    expect(receiver.requests).toHaveLength(0);
  });

  it("refuses a certificate for another address", async () => {
    const receiver = await makeReceiver(respondWith(200), { tls, host: "127.0.0.3" });
    expect(answered(await send(makeSender(trusted), receiver.url())).errorCode).toBe("tls");
    expect(receiver.requests).toHaveLength(0);
  });

  it("refuses a version before 1.2", async () => {
    const server = createTlsServer({ ...tls, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.2", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    expect(answered(await send(makeSender(trusted), `https://127.0.0.2:${port}/`)).errorCode).toBe("tls");
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("TLS to a port that does not speak it", () => {
  it.each([
    ["answers in plain HTTP", (socket: Socket) => socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")],
    ["closes", (socket: Socket) => socket.end()],
    ["resets", (socket: Socket) => socket.resetAndDestroy()],
  ])("fails as tls when it %s", async (_, act) => {
    const onConnection = (socket: Socket): boolean => {
      socket.once("data", () => act(socket));
      return true;
    };
    const receiver = await makeReceiver(undefined, { onConnection });
    const result = answered(await send(makeSender(), receiver.url().replace("http:", "https:")));
    expect([result.outcome, result.errorCode]).toEqual(["failed", "tls"]);
  });
});
