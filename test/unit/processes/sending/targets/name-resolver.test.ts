import { describe, expect, it, onTestFinished } from "vitest";
import { hasRoute } from "../../../../../src/net/routes.ts";
import { isOwnFault, errorCodeOf } from "../../../../../src/processes/sending/attempt-outcome.ts";
import { CaresResolver, lookUpLimitMs } from "../../../../../src/processes/sending/targets/name-resolver.ts";
import { systemClock } from "../../../../../src/runtime/clock.ts";
import { createManualClock } from "../../../../fixtures/manual-clock.ts";
import { startNameServer } from "../../../../fixtures/sending/name-server.ts";
import type { NameAnswer, NameServer } from "../../../../fixtures/sending/name-server.ts";

const NAME = "receiver.example";

async function nameServer(answer: NameAnswer): Promise<NameServer> {
  const server = await startNameServer();
  onTestFinished(() => server.close());
  server.says(NAME, answer);
  return server;
}

function lookUp(servers: readonly string[], signal = new AbortController().signal): Promise<string[]> {
  return new CaresResolver({ servers, limitMs: 2_000, clock: systemClock }).resolve(NAME, signal);
}

describe("a lookup", () => {
  it.each<[what: string, answer: NameAnswer, addresses: string[]]>([
    ["an IPv4 address", { addresses: ["192.0.2.1"] }, ["192.0.2.1"]],
    ["an IPv6 address", { addresses: ["2a00::1"] }, ["2a00::1"]],
    ["both, IPv4 first", { addresses: ["2a00::1", "192.0.2.1"] }, ["192.0.2.1", "2a00::1"]],
    ["several", { addresses: ["192.0.2.1", "192.0.2.2"] }, ["192.0.2.1", "192.0.2.2"]],
    ["those behind an alias", { addresses: ["192.0.2.1"], alias: "other.example" }, ["192.0.2.1"]],
  ])("gives %s", async (_what, answer, addresses) => {
    const server = await nameServer(answer);
    expect((await lookUp([server.address])).sort()).toEqual(addresses.toSorted());
    expect((await lookUp([server.address]))[0]?.includes(":")).toBe(addresses.every((it) => it.includes(":")));
  });

  it.each<[answer: NameAnswer, code: string]>([
    ["NXDOMAIN", "ENOTFOUND"],
    ["SERVFAIL", "ESERVFAIL"],
    ["REFUSED", "EREFUSED"],
    [{ addresses: [] }, "ENODATA"],
    ["silent", "ETIMEOUT"],
    ["garbage", "ETIMEOUT"],
  ])("of a server that says %j fails with %s, as a failure of the receiver's name", async (answer, code) => {
    const server = await nameServer(answer);
    const error: unknown = await lookUp([server.address]).catch((it: unknown) => it);
    if (answer !== "garbage") expect(error).toMatchObject({ code });
    expect([errorCodeOf(error, "connecting"), isOwnFault(error)]).toEqual(["dns", false]);
  });

  it("where nothing listens is a failure of the name too", async () => {
    const server = await startNameServer();
    await server.close();
    const error: unknown = await lookUp([server.address]).catch((it: unknown) => it);
    expect([errorCodeOf(error, "connecting"), isOwnFault(error)]).toEqual(["dns", false]);
  });

  it("asks the next server when one is silent", async () => {
    const silent = await nameServer("silent");
    const server = await nameServer({ addresses: ["192.0.2.1"] });
    expect(await lookUp([silent.address, server.address])).toEqual(["192.0.2.1"]);
    expect(silent.questions.length).toBeGreaterThan(0);
  });

  it.for([
    ["AAAA", "127.0.0.2"],
    ["A", "::1"],
  ] as const)("of a server that never answers %s ends 50 ms after the other", async ([silentFor, address], context) => {
    if (!(await hasRoute(address))) context.skip("this machine has no IPv6");
    const server = await nameServer({ addresses: ["127.0.0.2", "::1"], silentFor });
    const clock = createManualClock();
    const resolver = new CaresResolver({ servers: [server.address], limitMs: 2_000, clock });
    let ended = false;
    const end = resolver.resolve(NAME, new AbortController().signal).finally(() => (ended = true));
    // The second timer is the sign that the one answer came.
    await expect.poll(() => clock.pending()).toEqual([50, 2_000]);
    clock.advance(49);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    clock.advance(1);
    expect(await end).toEqual([address]);
    expect(clock.pending()).toEqual([]);
  });

  it("takes no address from a hosts file", async () => {
    const server = await nameServer("NXDOMAIN");
    const resolver = new CaresResolver({ servers: [server.address], limitMs: 2_000, clock: systemClock });
    await expect(resolver.resolve("localhost.localdomain", new AbortController().signal)).rejects.toBeDefined();
  });

  it("asks each time", async () => {
    const server = await nameServer({ addresses: ["192.0.2.1"] });
    await lookUp([server.address]);
    server.says(NAME, { addresses: ["192.0.2.2"] });
    expect(await lookUp([server.address])).toEqual(["192.0.2.2"]);
  });

  it("ends at once when the attempt does", async () => {
    const server = await nameServer("silent");
    const attempt = new AbortController();
    const end = lookUp([server.address], attempt.signal);
    attempt.abort();
    await expect(end).rejects.toBeDefined();
  });

  it("has less time than the attempt that it is for, and never more than 2 s", () => {
    expect([100, 1_000, 15_000].map(lookUpLimitMs)).toEqual([90, 900, 2_000]);
  });
});
