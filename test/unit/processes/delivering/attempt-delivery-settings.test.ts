import { describe, expect, it } from "vitest";
import { EndpointVault } from "../../../../src/processes/sending/signing/endpoint-vault.ts";
import { signatureHeaders } from "../../../../src/processes/sending/signing/signature.ts";
import { SealBroken } from "../../../../src/secrets/sealing.ts";
import { VAULT } from "../../../fixtures/processes/delivery-world.ts";
import { endpointInLog, tell } from "../../../fixtures/processes/endpoint-in-log.ts";
import { refusedWith } from "../../../fixtures/processes/fake-sender.ts";
import { DELIVERY_ID } from "../../../specification/delivery-story.ts";
import { rotated, updated } from "../../../specification/endpoint-story.ts";
import { newAttempts, TIMEOUT_MS } from "./attempt-world.ts";

const ENDPOINT_ID = 7;

/** What was sent first. */
function headersOf({ sender }: Awaited<ReturnType<typeof newAttempts>>): Readonly<Record<string, string>> {
  return sender.sent[0]?.headers ?? {};
}

describe("what an endpoint's owner chose", () => {
  it("says when a failed attempt is repeated, and how often", async () => {
    const world = await newAttempts();
    await tell(world.store, updated({ retrySchedule: [7, 90] }, 1));
    world.sender.answer = () => refusedWith(500);
    const waits: number[] = [];
    for (let number = 1; number <= 3; number++) {
      const endedAt = world.clock.now();
      await expect(world.attempt()).resolves.toMatchObject({ kind: "attempted", event: { data: { number } } });
      const due = (await world.state())?.dueAt ?? null;
      if (due === null) break;
      waits.push(Date.parse(due) - endedAt);
      world.clock.pass(Date.parse(due) - world.clock.now());
    }
    expect(waits).toEqual([7_000, 90_000]);
    expect(await world.state()).toMatchObject({ status: "FAILED", attempts: 3 });
  });

  it("may be a single attempt", async () => {
    const world = await newAttempts();
    await tell(world.store, updated({ retrySchedule: [] }, 1));
    world.sender.answer = () => refusedWith(500);
    await world.attempt();
    expect(await world.state()).toMatchObject({ status: "FAILED", attempts: 1 });
  });

  it("holds for the attempt after one that lapsed as well", async () => {
    const world = await newAttempts();
    await tell(world.store, updated({ retrySchedule: [5] }, 1));
    world.sender.answer = () => new Promise(() => undefined);
    void world.attempt();
    await world.clock.settle();
    world.clock.pass(2 * TIMEOUT_MS + 1);
    await world.attempt();
    expect(await world.state()).toMatchObject({ attempts: 1, underWay: null });
    expect(Date.parse((await world.state())?.dueAt ?? "") - world.clock.now()).toBe(5_000);
  });

  it("says how many connections it may have, or that is left to the gateway", async () => {
    const chosen = await newAttempts();
    await tell(chosen.store, updated({ maxConcurrency: 2 }, 1));
    await chosen.attempt();
    expect(chosen.sender.sent[0]?.maxConnections).toBe(2);
    const unchosen = await newAttempts();
    await unchosen.attempt();
    expect(unchosen.sender.sent[0]).not.toHaveProperty("maxConnections");
  });

  it("is sent as headers, which cannot be those that sign", async () => {
    const world = await newAttempts();
    const headers = { authorization: "Bearer of-the-receiver", "webhook-id": "forged" };
    await tell(world.store, updated({ sealedHeaders: VAULT.sealHeaders(ENDPOINT_ID, headers) }, 1));
    await world.attempt();
    expect(headersOf(world)).toMatchObject({ authorization: "Bearer of-the-receiver", "webhook-id": DELIVERY_ID });
  });
});

describe("the signature of an attempt", () => {
  it("is of the endpoint's keys, the delivery, the second of the claim and the very body", async () => {
    const world = await newAttempts();
    world.clock.pass(1_999);
    const timestampSeconds = Math.floor(world.clock.now() / 1_000);
    await world.attempt();
    const keys = VAULT.signingKeys(await endpointInLog(world.store, ENDPOINT_ID), world.clock.now());
    const body = world.sender.sent[0]?.body ?? "";
    expect(headersOf(world)).toEqual(
      signatureHeaders({ deliveryId: DELIVERY_ID, timestampSeconds, body, keys, ed25519: false }),
    );
    expect(Number(headersOf(world)["webhook-timestamp"])).toBe(timestampSeconds);
  });

  it("is of both keys while a rotation overlaps, and with ed25519 where that is switched on", async () => {
    const world = await newAttempts();
    await tell(world.store, updated({ ed25519: true }, 1));
    await tell(world.store, rotated(VAULT.newKeys(ENDPOINT_ID), 0, 3_600));
    await world.attempt();
    const signatures = headersOf(world)["webhook-signature"]?.split(" ") ?? [];
    expect(signatures.map((signature) => signature.split(",")[0])).toEqual(["v1", "v1", "v1a", "v1a"]);
    expect(new Set(signatures).size).toBe(4);
  });

  it("costs no attempt when the keys cannot be opened: nothing is claimed", async () => {
    const world = await newAttempts();
    const stranger = new EndpointVault({ sealing: new Uint8Array(32).fill(9), legacyEndpointKeys: new Uint8Array(32) });
    await tell(world.store, rotated(stranger.newKeys(ENDPOINT_ID), 0, 0));
    await expect(world.attempt()).rejects.toThrow(SealBroken);
    expect(world.sender.sent).toEqual([]);
    expect(await world.types()).toEqual(["DeliveryRequested"]);
  });
});
