import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { beginLog } from "../../src/commands/begin-log.ts";
import { LOG_STREAM } from "../../src/events/log.ts";
import { writtenEvent } from "../../src/events/store/event-line.ts";
import type { RecordedEvent } from "../../src/events/store/event-store.ts";
import type { Gateway } from "../../src/gateway.ts";
import { readSignedTreeHead } from "../../src/processes/audit/tree-head.ts";
import { collect, sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { newContext } from "../fixtures/event-log/store-doubles.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { hashOfLeaf, treeHash, verifiesConsistency, verifiesInclusion } from "../fixtures/merkle-verifier.ts";
import { NOW, ask, expectBroken, expectError, newUser, standingClock } from "./asking.ts";

const AUDITOR = { key: TEST_STAFF_KEYS.auditor };
const MORE_EVENTS = 300;
const ROUTES = [
  "GET /v1/audit/checkpoint",
  "GET /v1/audit/public-key",
  `GET /v1/audit/proof/${TEST_STAFF_KEYS.auditor}`,
];

interface Proof {
  readonly event_id: string;
  readonly leaf_index: number;
  readonly tree_size: number;
  readonly leaf_hash: string;
  readonly root: string;
  readonly proof: string[];
  readonly consistency?: { readonly from_size: number; readonly from_root: string; readonly proof: string[] };
}

const bytes = (base64: string): Buffer => Buffer.from(base64, "base64");

describe("the audit routes of the tree", () => {
  let gateway: Gateway;
  let userKey: string;
  let log: RecordedEvent[];
  let leaves: Buffer[];
  const storage = memoryStorage(standingClock);
  const proofOf = async (event: RecordedEvent, query = ""): Promise<Proof> => {
    const reply = await ask(gateway, `GET /v1/audit/proof/${event.id}${query}`, AUDITOR);
    expect(reply.status, reply.text).toBe(200);
    return reply.json() as Proof;
  };
  const publicKey = async (): Promise<string> => (await ask(gateway, "GET /v1/audit/public-key", AUDITOR)).text.trim();

  beforeAll(async () => {
    await beginLog(storage.store, { masterKeyCheck: "check", now: NOW }, newContext());
    gateway = await startTestGateway({ clock: standingClock, deliver: false, storage });
    userKey = await newUser(gateway);
    const events = Array.from({ length: MORE_EVENTS }, (_, number) => sampleEvent({ data: { number } }));
    await storage.store.append("tick-1", events, "no_stream");
    log = await collect(storage.store.readAll());
    leaves = log.map((event) => hashOfLeaf(Buffer.from(writtenEvent(event).leaf)));
  });
  afterAll(() => gateway.stop());

  it.each(ROUTES)("want a key, and an auditor's or operator's: %s", async (line) => {
    expectError(await ask(gateway, line), 400, "Missing or invalid API key");
    expectError(await ask(gateway, line, { key: userKey }), 403, "This API key is not for this route");
    for (const key of Object.values(TEST_STAFF_KEYS)) expect((await ask(gateway, line, { key })).status).not.toBe(403);
  });

  it("sign size and root of what was in the log when they were asked", async () => {
    const reply = await ask(gateway, "GET /v1/audit/checkpoint", AUDITOR);
    expect(reply.headers["content-type"]).toBe("text/plain; charset=utf-8");
    const head = readSignedTreeHead(reply.text, await publicKey());
    expect(head).toEqual({ size: log.length, root: treeHash(leaves) });
    const [begun] = await storage.store.read(LOG_STREAM);
    expect(reply.text).toMatch(new RegExp(`^webhook-gateway/${begun!.id.replaceAll("-", "").slice(0, 16)}\n`));
  });

  it("prove any event to anyone with a checkpoint, in its tree or any older one that has it", async () => {
    for (const leaf of [0, 1, 255, 256, log.length - 1]) {
      for (const size of new Set([leaf + 1, log.length])) {
        const got = await proofOf(log[leaf]!, size === log.length ? "" : `?tree_size=${size}`);
        expect(got).toMatchObject({ event_id: log[leaf]!.id, leaf_index: leaf, tree_size: size });
        expect(bytes(got.leaf_hash)).toEqual(leaves[leaf]);
        const root = treeHash(leaves.slice(0, size));
        expect(bytes(got.root)).toEqual(root);
        expect(verifiesInclusion(leaves[leaf]!, leaf, size, got.proof.map(bytes), root)).toBe(true);
        expect(got).not.toHaveProperty("consistency");
      }
    }
  });

  it("prove that the tree begins with an older one", async () => {
    for (const [from, size] of [
      [1, log.length],
      [256, 257],
      [100, 256],
      [log.length, log.length],
    ] as const) {
      const { root, consistency } = await proofOf(log[0]!, `?from_size=${from}&tree_size=${size}`);
      const first = { size: from, root: treeHash(leaves.slice(0, from)) };
      expect(consistency).toMatchObject({ from_size: from, from_root: first.root.toString("base64") });
      const second = { size, root: bytes(root) };
      expect(verifiesConsistency(first, second, consistency!.proof.map(bytes)), `${from} in ${size}`).toBe(true);
    }
  });

  it("take the id of an event in any case", async () => {
    const { id } = log[0]!;
    const upper = await ask(gateway, `GET /v1/audit/proof/${id.toUpperCase()}`, AUDITOR);
    expect([upper.status, upper.text]).toEqual([200, (await ask(gateway, `GET /v1/audit/proof/${id}`, AUDITOR)).text]);
  });

  it("say that they do not know an event", async () => {
    for (const id of [TEST_STAFF_KEYS.auditor, "tree", "tile%2F0%2F0", "x".repeat(1_000)]) {
      expectError(await ask(gateway, `GET /v1/audit/proof/${id}`, AUDITOR), 404, "Event not found", [
        `the audit tree has ${log.length} leaves, and none of them is an event with this id`,
      ]);
    }
  });

  it("say how large the tree is when asked for a larger one", async () => {
    const beyond = log.length + 1;
    for (const name of ["tree_size", "from_size"]) {
      const reply = await ask(gateway, `GET /v1/audit/proof/${log[0]!.id}?${name}=${beyond}`, AUDITOR);
      const errors = [`${name} must be at most ${log.length}, the size of now`];
      expectError(reply, 404, "The audit tree has not had this size", errors);
    }
    const early = await ask(gateway, `GET /v1/audit/proof/${log[7]!.id}?tree_size=7`, AUDITOR);
    expectError(early, 404, "The audit tree has not had this size", [
      "the event is leaf 7, which a tree of 7 leaves does not have yet",
    ]);
  });

  it.each([
    ["tree_size=0", "tree_size must be a whole number from 1"],
    ["tree_size=-1", "tree_size must be a whole number from 1"],
    ["from_size=1.5", "from_size must be a whole number from 1"],
    ["from_size=01", "from_size must be a whole number from 1"],
    ["tree_size=99999999999999999999", "tree_size must be a whole number from 1"],
    ["tree_size=9999999999999999", "tree_size must be a whole number from 1"],
    ["tree_size=1&tree_size=2", "tree_size must be given once"],
    ["tree_size=5&from_size=6", "from_size must not be above tree_size"],
    ["size=5", 'unknown parameter "size"'],
  ])("refuse ?%s", async (query, error) => {
    expectBroken(await ask(gateway, `GET /v1/audit/proof/${log[0]!.id}?${query}`, AUDITOR), error);
  });
});

describe("a log that was not begun", () => {
  it("has no one to sign for it", async () => {
    const gateway = await startTestGateway({ clock: standingClock, deliver: false });
    expect((await ask(gateway, "GET /v1/audit/checkpoint", AUDITOR)).status).toBe(503);
    await gateway.stop();
  });
});
