import { describe, expect, it, onTestFinished } from "vitest";
import { hasRoute } from "../../../../../src/net/routes.ts";
import type { SendResult } from "../../../../../src/processes/sending/attempt-outcome.ts";
import type { UndiciSender, UndiciSenderOptions } from "../../../../../src/processes/sending/sender.ts";
import { CaresResolver } from "../../../../../src/processes/sending/targets/name-resolver.ts";
import { createTargetRules } from "../../../../../src/processes/sending/targets/target-rules.ts";
import { systemClock } from "../../../../../src/runtime/clock.ts";
import { makeTlsCertificates } from "../../../../fixtures/certificates/tls-certificates.ts";
import type { TlsCertificates } from "../../../../fixtures/certificates/tls-certificates.ts";
import { respondWith, startTwins } from "../../../../fixtures/receivers/receiver.ts";
import { startNameServer } from "../../../../fixtures/sending/name-server.ts";
import type { NameServer } from "../../../../fixtures/sending/name-server.ts";
import { answered, makeReceiver, makeSender, requestTo, send } from "../../../../fixtures/sending/sender-setup.ts";

const NAME = "receiver.example";
/** The one address of this machine that is open: it plays the public one. */
const PUBLIC = "127.0.0.2";
const rules = createTargetRules([`${PUBLIC}/32`]);

async function setUp(options: Partial<UndiciSenderOptions> = {}): Promise<{ names: NameServer; sender: UndiciSender }> {
  const names = await startNameServer();
  onTestFinished(() => names.close());
  const resolver = new CaresResolver({ servers: [names.address], limitMs: 2_000, clock: systemClock });
  return { names, sender: makeSender({ rules, resolver, ...options }) };
}

describe("the guard of targets", () => {
  it("delivers to a name by the address that it has, and keeps the name in the request", async () => {
    const receiver = await makeReceiver();
    const { names, sender } = await setUp();
    names.says(NAME, { addresses: [PUBLIC] });
    expect(answered(await send(sender, `http://${NAME}:${receiver.port}/a`)).outcome).toBe("delivered");
    expect(receiver.requests[0]?.headers["host"]).toBe(`${NAME}:${receiver.port}`);
    await send(sender, `http://${NAME}:${receiver.port}/a`);
    // The connection stands, so nothing is to be looked up or judged.
    expect([receiver.connections, names.questions.length]).toEqual([1, 2]);
  });

  it.each([
    ["the loopback", ["127.0.0.1"]],
    ["a private network", ["10.0.0.1"]],
    ["a cloud's metadata service", ["169.254.169.254"]],
    ["IPv6's loopback", ["::1"]],
    ["a mapped address", ["::ffff:7f00:1"]],
    ["one that is public and one that is not", [PUBLIC, "127.0.0.1"]],
    ["a public IPv4 and a private IPv6 address", [PUBLIC, "fd00::1"]],
    ["the same the other way round", ["127.0.0.1", PUBLIC]],
  ])("dials nothing of a name that leads to %s, and does not say where it leads", async (_where, addresses) => {
    const [open, secret] = [await makeReceiver(), await makeReceiver(respondWith(200), { host: "127.0.0.1" })];
    const { names, sender } = await setUp();
    names.says(NAME, { addresses });
    for (const { port } of [open, secret]) {
      const result = await send(sender, `http://${NAME}:${port}/`);
      expect(answered(result)).toMatchObject({
        outcome: "failed",
        errorCode: "target_forbidden",
        responseStatus: null,
      });
      expect(JSON.stringify(result)).not.toMatch(/127\.|10\.0|169\.254|::/);
    }
    expect([open.connections, secret.connections]).toEqual([0, 0]);
  });

  it("delivers when the name server never answers for one family, whose addresses refuse nothing", async () => {
    const receiver = await makeReceiver();
    const { names, sender } = await setUp();
    // In time, the IPv6 address would be forbidden.
    names.says(NAME, { addresses: [PUBLIC, "fd00::1"], silentFor: "AAAA" });
    expect(answered(await send(sender, `http://${NAME}:${receiver.port}/`)).outcome).toBe("delivered");
    expect(receiver.connections).toBe(1);
  });

  it("judges the one family that came in time, and dials nothing of the other", async (context) => {
    if (!(await hasRoute("::1"))) context.skip("this machine has no IPv6");
    const receiver = await makeReceiver();
    const { names, sender } = await setUp();
    names.says(NAME, { addresses: [PUBLIC, "::1"], silentFor: "A" });
    expect(answered(await send(sender, `http://${NAME}:${receiver.port}/`)).errorCode).toBe("target_forbidden");
    expect(receiver.connections).toBe(0);
  });

  it("refuses a forbidden address behind an alias", async () => {
    const { names, sender } = await setUp();
    names.says(NAME, { addresses: ["10.0.0.1"], alias: "harmless.example" });
    expect(answered(await send(sender, `http://${NAME}/`)).errorCode).toBe("target_forbidden");
  });

  it("makes no connection to a protected address over 1,000 rebinding alternations", { timeout: 120_000 }, async () => {
    const { open: receiver, inside } = await startTwins(respondWith(200, "", { connection: "close" }));
    for (const twin of [receiver, inside]) onTestFinished(() => twin.close());
    const { names, sender } = await setUp();
    let asked = 0;
    names.says(NAME, () => ({ addresses: [(asked += 1) % 2 === 0 ? "127.0.0.1" : PUBLIC] }));
    const outcomes = new Map<string, number>();
    for (let done = 0; done < 1_000; done += 50) {
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          send(sender, `http://${NAME}:${receiver.port}/`, { endpointId: n, deliveryId: `d-${done + n}` }),
        ),
      );
      for (const result of results.map(answered)) {
        const outcome = result.errorCode ?? result.outcome;
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    }
    expect(inside.connections).toBe(0);
    expect([...outcomes.keys()].sort()).toEqual(["delivered", "target_forbidden"]);
    // Half of them, give or take a question that had to be sent again.
    expect(outcomes.get("delivered")).toBeGreaterThan(400);
    expect(outcomes.get("target_forbidden")).toBeGreaterThan(400);
    expect(receiver.requests).toHaveLength(outcomes.get("delivered") ?? 0);
  });

  it("ends a connection that leads elsewhere than was judged", async () => {
    const receiver = await makeReceiver();
    // Says yes once, to the look-up's answer, and no to the connection's own end.
    let judged = 0;
    const sender = makeSender({
      rules: { judgeUrl: () => "ok", judgeAddress: () => (judged += 1) === 1 },
      resolver: { resolve: () => Promise.resolve([PUBLIC]) },
    });
    expect(answered(await send(sender, `http://${NAME}:${receiver.port}/`)).errorCode).toBe("target_forbidden");
    expect(judged).toBe(2);
    expect(receiver.requests).toHaveLength(0);
  });

  it("judges an address in the URL again when it is dialled", async () => {
    const receiver = await makeReceiver();
    const sender = makeSender({ rules: { judgeUrl: () => "ok", judgeAddress: () => false } });
    for (const host of [PUBLIC, "2130706434", "0x7f000002", "0177.0.0.2", "127.2", "[::ffff:127.0.0.2]"]) {
      const url = `http://${host}:${receiver.port}/`;
      expect(answered(await send(sender, url)).errorCode).toBe("target_forbidden");
    }
    expect(receiver.connections).toBe(0);
  });

  it("tries the next address when one refuses", async () => {
    const receiver = await makeReceiver();
    const open = createTargetRules(["127.0.0.0/8"]);
    const { names, sender } = await setUp({ rules: open });
    names.says(NAME, { addresses: ["127.0.0.3", "127.0.0.4", PUBLIC] });
    names.says("closed.example", { addresses: ["127.0.0.3", "127.0.0.4"] });
    expect(answered(await send(sender, `http://${NAME}:${receiver.port}/`)).outcome).toBe("delivered");
    expect(answered(await send(sender, `http://closed.example:${receiver.port}/`)).errorCode).toBe("refused");
  });

  it("lets others go on while a name server is silent, and gives up after 2 s", async () => {
    const receiver = await makeReceiver();
    const { names, sender } = await setUp();
    names.says("silent.example", "silent");
    names.says(NAME, { addresses: [PUBLIC] });
    let silent = 0;
    const held = Array.from({ length: 200 }, (_, n) =>
      send(sender, "http://silent.example/", { endpointId: 1_000 + n }).then((result) => {
        silent += 1;
        return result;
      }),
    );
    for (let n = 0; n < 10; n += 1) {
      const result = await send(sender, `http://${NAME}:${receiver.port}/`, { endpointId: n });
      expect(answered(result).outcome).toBe("delivered");
    }
    // They did not wait for those.
    expect(silent).toBeLessThan(200);
    for (const result of await Promise.all(held)) expect(answered(result).errorCode).toBe("dns");
  });

  it("ends a lookup with its attempt", async () => {
    const { names, sender } = await setUp();
    names.says(NAME, "silent");
    const shutdown = new AbortController();
    const result: Promise<SendResult> = sender.send(requestTo(`http://${NAME}/`), shutdown.signal);
    shutdown.abort();
    expect(await result).toMatchObject({ kind: "not_sent" });
  });
});

const certificates = makeTlsCertificates();

describe.skipIf(certificates === null)("the guard of targets, with TLS", () => {
  const { authority, good, named } = certificates ?? ({} as TlsCertificates);

  it("keeps the name for the receiver to choose its certificate by, and to be checked against", async () => {
    const asked: unknown[] = [];
    const receiver = await makeReceiver(respondWith(200), {
      tls: {
        ...named,
        SNICallback: (name, callback) => {
          asked.push(name);
          callback(null);
        },
      },
    });
    const { names, sender } = await setUp({ connect: { ca: authority } });
    names.says(NAME, { addresses: [PUBLIC] });
    expect(answered(await send(sender, `https://${NAME}:${receiver.port}/`)).outcome).toBe("delivered");
    expect(asked).toEqual([NAME]);
  });

  it("does not take a certificate that is good for the address alone", async () => {
    const receiver = await makeReceiver(respondWith(200), { tls: good });
    const { names, sender } = await setUp({ connect: { ca: authority } });
    names.says(NAME, { addresses: [PUBLIC] });
    expect(answered(await send(sender, `https://${NAME}:${receiver.port}/`)).errorCode).toBe("tls_name_mismatch");
    expect(receiver.requests).toHaveLength(0);
  });
});
