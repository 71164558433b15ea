import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { verifiesConsistency, verifiesInclusion } from "../fixtures/merkle-verifier.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import type { Instances } from "./instances.ts";
import { askAs, auditedLog } from "./staff.ts";

/** A signed checkpoint as a note says it: the log's name, how many events, and the root. */
function headIn(note: string): { readonly size: number; readonly root: Buffer } {
  const [, size, root = ""] = note.split("\n");
  return { size: Number(size), root: Buffer.from(root, "base64") };
}

interface Proof {
  readonly leaf_index: number;
  readonly tree_size: number;
  readonly leaf_hash: string;
  readonly root: string;
  readonly proof: string[];
  readonly consistency: { readonly proof: string[] };
}

const bytes = (base64: string): Buffer => Buffer.from(base64, "base64");

/** What auditors are promised; `start` gives a log of its own to each test. */
export function auditedGateway(name: string, start: () => Promise<Instances>): void {
  describe(`the audit routes over ${name}`, () => {
    it("show all of the log, prove it, and sign what verify finds", { timeout: 120_000 }, async () => {
      await using stack = new AsyncDisposableStack();
      using folder = new TemporaryFolder();
      const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
      const instances = stack.use(await start());
      const gateway = await instances.gateway(folder.path);
      const address = await gateway.ready;
      const ask = (path: string): Promise<string> => askAs("AUDITOR", address, `/v1/audit/${path}`);
      const user = await ApiClient.createUser(address);
      const endpoint = await user.createEndpoint(receiver.url());
      await user.dispatch(endpoint, '{"n":1.0}');
      await user.untilAllFinal();
      const early = headIn(await ask("checkpoint"));
      const { deliveryId } = await user.dispatch(endpoint, '{"n":2.0}');
      await user.untilAllFinal();

      const { lines, events } = await auditedLog(address);
      const note = await ask("checkpoint");
      const head = headIn(note);
      expect(head.size).toBe(events.length);
      for (const [index, { id }] of events.entries()) {
        const proof = JSON.parse(await ask(`proof/${id}?from_size=${early.size}`)) as Proof;
        expect(proof).toMatchObject({ leaf_index: index, tree_size: head.size, root: head.root.toString("base64") });
        const path = proof.proof.map(bytes);
        expect(verifiesInclusion(bytes(proof.leaf_hash), index, head.size, path, head.root)).toBe(true);
        expect(verifiesConsistency(early, head, proof.consistency.proof.map(bytes))).toBe(true);
      }

      const ofDelivery = await auditedLog(address, `stream=delivery-${deliveryId}`);
      expect(ofDelivery.lines).toEqual(lines.filter((_, index) => events[index]?.stream === `delivery-${deliveryId}`));
      const requested = await auditedLog(address, "stream=delivery-*&type=DeliveryRequested");
      expect(requested.events).toHaveLength(2);
      const place = (JSON.parse(lines[2]!) as { position: string }).position;
      expect((await auditedLog(address, `after=${place}`)).lines).toEqual(lines.slice(3));
      const { data } = JSON.parse(await ask(`deliveries/${deliveryId}/events`)) as { data: unknown[] };
      expect(data).toHaveLength(ofDelivery.lines.length);
      expect(await ask(`deliveries/${deliveryId}`)).toContain('"SUCCESS"');

      const file = join(folder.path, "checkpoint.txt");
      writeFileSync(file, note);
      const args = ["verify", "--tree", "--json", "--checkpoint", file];
      for (const signer of [[], ["--public-key", (await ask("public-key")).trim()]]) {
        const { exitCode, stdout, stderr } = await instances.run([...args, ...signer], folder.path);
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        const root = head.root.toString("base64");
        expect(JSON.parse(stdout)).toMatchObject({ events: head.size, root, finding: null });
      }
      // Last, since the log has who reads a payload.
      expect(await ask(`deliveries/${deliveryId}/payload`)).toBe('{"n":2.0}');
      const readings = await auditedLog(address, `stream=access-${deliveryId}`);
      expect(readings.events).toMatchObject([{ type: "PayloadRead" }]);
      expect(await gateway.terminate()).toBe(0);
    });
  });
}
