import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { makeTlsCertificates } from "../../../fixtures/certificates/tls-certificates.ts";
import type { TlsCertificates } from "../../../fixtures/certificates/tls-certificates.ts";
import { brokenHandshakes, strangeTls, untrusted } from "../../../fixtures/receivers/hostile/broken-tls.ts";
import type { HostileReceiver } from "../../../fixtures/receivers/hostile/hostile-receiver.ts";
import { respondWith } from "../../../fixtures/receivers/receiver.ts";
import { answered, makeReceiver, makeSender, send } from "../../../fixtures/sending/sender-setup.ts";

const certificates = makeTlsCertificates();

describe.skipIf(certificates === null)("TLS", () => {
  const { authority, good, selfSigned, chained } = certificates ?? ({} as TlsCertificates);
  const trusted = { connect: { ca: authority } };

  it("delivers to a receiver whose certificate is trusted, over one connection", async () => {
    const receiver = await makeReceiver(respondWith(200, "ok"), { tls: good });
    const sender = makeSender(trusted);
    for (let n = 0; n < 3; n += 1) {
      expect(answered(await send(sender, receiver.url()))).toMatchObject({ outcome: "delivered", responseBody: "ok" });
    }
    expect(receiver.connections).toBe(1);
    expect(receiver.requests[0]?.body.toString()).toBe('{"n":1}');
  });

  it("delivers to a receiver that sends its intermediate certificate", async () => {
    const receiver = await makeReceiver(respondWith(200), { tls: chained });
    expect(answered(await send(makeSender(trusted), receiver.url())).outcome).toBe("delivered");
  });

  it("refuses an untrusted certificate before it sends a byte of the request", async () => {
    const receiver = await makeReceiver(respondWith(200), { tls: good });
    expect(answered(await send(makeSender(), receiver.url()))).toMatchObject({
      outcome: "failed",
      errorCode: "tls_untrusted",
    });
    expect(receiver.requests).toHaveLength(0);
  });

  it("refuses it even when the environment or the connection's options say otherwise", async () => {
    const receiver = await makeReceiver(respondWith(200), { tls: selfSigned });
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      const sender = makeSender({ connect: { rejectUnauthorized: false } });
      expect(answered(await send(sender, receiver.url())).errorCode).toBe("tls_untrusted");
    } finally {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
    }
    expect(receiver.requests).toHaveLength(0);
  });

  const everyKind: readonly HostileReceiver[] = [...untrusted, ...brokenHandshakes, ...strangeTls];
  it.each(everyKind.map((hostile) => ({ hostile, ...hostile })))(
    "to one that $name fails as $expected.errorCode",
    async ({ hostile, expected }) => {
      const forbiddenUrl = "http://127.0.0.3/";
      await using stack = new AsyncDisposableStack();
      const receiver = await hostile.start({ forbiddenUrl, certificates: certificates! });
      stack.defer(() => receiver.close());
      const result = answered(await send(makeSender(trusted), receiver.url));
      expect([result.outcome, result.errorCode, result.responseStatus]).toEqual(["failed", expected.errorCode, null]);
      if (expected.errorCode?.startsWith("tls")) expect(receiver.requests() ?? 0).toBe(0);
    },
  );

  it("recognises a receiver that requires a client certificate, which TLS 1.3 reports after our side is done", async () => {
    const tls = { ...good, minVersion: "TLSv1.3", requestCert: true, rejectUnauthorized: true } as const;
    const receiver = await makeReceiver(respondWith(200), { tls });
    expect(answered(await send(makeSender(trusted), receiver.url())).errorCode).toBe("tls");
    expect(receiver.requests).toHaveLength(0);
  });
});

describe("TLS without a certificate", () => {
  it.each([
    ["closes", (socket: Socket) => void socket.end()],
    ["resets", (socket: Socket) => void socket.resetAndDestroy()],
  ])("fails as tls when the receiver %s at once", async (_, act) => {
    const onConnection = (socket: Socket): boolean => {
      act(socket);
      return true;
    };
    const receiver = await makeReceiver(undefined, { onConnection });
    const result = answered(await send(makeSender(), receiver.url().replace("http:", "https:")));
    expect([result.outcome, result.errorCode]).toEqual(["failed", "tls"]);
  });
});
