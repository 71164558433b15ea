import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import type { CommandOutcome } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { columnsOf, obeyedByTerminals } from "../fixtures/terminal.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import type { Instances } from "./instances.ts";

/** Retries at once. */
export const FAST = { RETRY_UNIT_SECONDS: "0.05", RETRY_TICK_SECONDS: "0.05" };

/** A step of a delivery as both tell it in JSON. */
export interface Step {
  readonly position: string;
  readonly time: string;
  readonly type: string;
}

/** Expects text for a terminal of 80 columns that tells it nothing to do. */
export function expectReadable(stdout: string): void {
  expect(obeyedByTerminals(stdout)).toEqual([]);
  for (const line of stdout.split("\n")) expect(columnsOf(line), line).toBeLessThanOrEqual(80);
}

/** The titles of the steps, in order. */
export function titlesIn(stdout: string): string[] {
  return stdout.split("\n").filter((line) => /^\d+\. /.test(line));
}

/** Makes a delivery that fails once and is then taken, and shows how the API and the command tell it. */
export async function toldByBoth(
  directory: string,
  env: Readonly<Record<string, string>>,
): Promise<{
  id: string;
  api: string;
  replay: (...options: string[]) => Promise<CommandOutcome>;
  stop: () => Promise<void>;
}> {
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(respondWith(503, "later\u202e\n🎉")), (it) => it.close());
  const gateway = stack.use(await GatewayProcess.start(directory, { ...FAST, ...env }));
  const user = await ApiClient.createUser(await gateway.ready);
  const endpoint = await user.createEndpoint(receiver.url(`/${"long".repeat(100)}`));
  const { deliveryId: id } = await user.dispatch(endpoint, '{"secret":"in the payload"}');
  await receiver.received(1);
  receiver.answer(respondWith(200, "thanks"));
  await user.untilAllFinal();
  const api = await user.text(`/v1/deliveries/${id}/events`);
  const kept = stack.move();
  return {
    id,
    api,
    replay: (...options) => runCommand(["replay", id, ...options], directory, { env }),
    stop: async () => {
      expect(await gateway.terminate()).toBe(0);
      await kept.disposeAsync();
    },
  };
}

/** What is promised of a replay from a server; `start` gives a log of its own there. */
export function toldByAServer(name: string, start: () => Promise<Instances>): void {
  describe(`webhook-gateway replay on ${name}`, () => {
    it("tells a delivery as the API does, up to any time or position", { timeout: 120_000 }, async () => {
      using folder = new TemporaryFolder();
      await using instances = await start();
      const directory = join(folder.path, "data");
      const { id, api, replay, stop } = await toldByBoth(directory, instances.env);
      const { data } = JSON.parse(api) as { data: Step[] };
      const [text, json] = [await replay(), await replay("--json")];
      await stop();
      const list = await runCommand(["replay", "--user", "alice"], directory, { env: instances.env });
      expect(list).toMatchObject({ exitCode: 0, stderr: "" });
      expect(list.stdout).toMatch(new RegExp(`^${id} \\S+ SUCCESS  1 2\n$`));
      expectReadable(text.stdout);
      expect(titlesIn(text.stdout)).toHaveLength(data.length);
      const told = json.stdout.trimEnd().split("\n");
      expect(told.map((line) => JSON.parse(line) as unknown)).toEqual(data);
      const third = data[2]!;
      const untilThird = await replay("--until", third.position);
      expect(titlesIn(untilThird.stdout)).toHaveLength(3);
      expect(text.stdout.startsWith(untilThird.stdout)).toBe(true);
      const then = data.filter(({ time }) => time <= third.time).length;
      expect(titlesIn((await replay("--until", third.time)).stdout)).toHaveLength(then);
      const beyond = await replay("--until", "9".repeat(19));
      expect(beyond).toMatchObject({ exitCode: 1, stdout: "" });
      expect(beyond.stderr).toMatch(
        /^webhook-gateway cannot replay: the log has not come so far: its last position is \d{20}\n$/,
      );
    });
  });
}
