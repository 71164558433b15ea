import { describe, expect, it } from "vitest";
import { TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { appendOthersEvents } from "./instances.ts";
import type { Instances } from "./instances.ts";
import { askAs, auditedLog } from "./staff.ts";
import { until } from "../fixtures/until.ts";

/** The categories of a gateway's streams. */
const OWN = /^(log|user|username|endpoint|endpointUrl|sequence|delivery|message|tick|replay)-/;

/** What a log promises that shares its database with others; `start` gives a log of its own to each test. */
export function sharedDatabase(name: string, start: () => Promise<Instances>): void {
  describe(`a log on ${name} that shares its database`, () => {
    it("does not see a log of another prefix, nor is seen by it", { timeout: 120_000 }, async () => {
      await using stack = new AsyncDisposableStack();
      const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
      const first = stack.use(await start());
      const logs = [first, stack.use(await first.beside())];
      const seen: { key: ApiClient; address: string; id: string; ids: string[] }[] = [];
      for (const instances of logs) {
        const address = await (await instances.gateway()).ready;
        // The same name, number and URL in each.
        const user = await ApiClient.createUser(address);
        const endpoint = await user.createEndpoint(receiver.url());
        expect(endpoint).toBe(1);
        const key = { "idempotency-key": "order-17" };
        const { status, deliveryId, replayed } = await user.dispatch(endpoint, '{"n":1}', key);
        expect({ status, replayed }).toEqual({ status: 202, replayed: false });
        await user.untilAllFinal();
        expect((await user.deliveries()).map(({ id }) => id)).toEqual([deliveryId]);
        const ids = (await auditedLog(address)).events.map(({ id }) => id);
        seen.push({ key: user, address, id: deliveryId, ids });
      }
      const [one, other] = [seen[0]!, seen[1]!];
      expect(one.ids.filter((id) => other.ids.includes(id))).toEqual([]);
      expect((await auditedLog(one.address)).events.map(({ id }) => id)).toEqual(one.ids);
      expect((await one.key.at(other.address).list()).status).toBe(400);
      expect(receiver.requests).toHaveLength(2);
    });

    it("is not hurt by what other programs write, and leaves it out", { timeout: 120_000 }, async () => {
      await using stack = new AsyncDisposableStack();
      using folder = new TemporaryFolder();
      const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
      const instances = stack.use(await start());
      await appendOthersEvents(instances.url);
      const gateway = await instances.gateway(folder.path);
      const address = await gateway.ready;
      const user = await ApiClient.createUser(address);
      const endpoint = await user.createEndpoint(receiver.url());
      for (let n = 0; n < 5; n += 1) {
        expect((await user.dispatch(endpoint, `{"n":${n}}`)).status).toBe(202);
        await appendOthersEvents(instances.url);
      }
      await user.untilAllFinal();
      await expectUnhurt(instances, address, folder.path);
      expect(gateway.logged(({ level }) => level >= 40)).toEqual([]);
      expect(await gateway.terminate()).toBe(0);

      await appendOthersEvents(instances.url);
      const again = await instances.gateway(folder.path);
      // One that has no read models yet reads all of the log.
      const beside = await instances.gateway();
      for (const next of [await again.ready, await beside.ready]) {
        await expectUnhurt(instances, next, folder.path);
        expect(await user.at(next).deliveries()).toHaveLength(5);
      }
      expect([...again.logged(isTrouble), ...beside.logged(isTrouble)]).toEqual([]);
    });
  });
}

function isTrouble({ level }: { readonly level: number }): boolean {
  return level >= 40;
}

async function expectUnhurt(instances: Instances, address: string, folder: string): Promise<void> {
  await until("readiness", async () => (await fetch(`${address}/readyz`)).status === 200);
  const { events } = await auditedLog(address);
  expect(events.filter(({ stream }) => !OWN.test(stream) || stream.includes("-77-"))).toEqual([]);
  const [, size] = (await askAs("AUDITOR", address, "/v1/audit/checkpoint")).split("\n");
  expect(Number(size)).toBe((await auditedLog(address)).events.length);
  const { exitCode, stdout, stderr } = await instances.run(["verify", "--tree", "--json"], folder);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect((JSON.parse(stdout) as { events: number }).events).toBe(Number(size));
}
