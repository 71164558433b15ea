import { expect, it } from "vitest";
import type { NameResolver } from "../../../../src/processes/sending/targets/name-resolver.ts";
import { createTargetRules } from "../../../../src/processes/sending/targets/target-rules.ts";
import { createManualClock } from "../../../fixtures/manual-clock.ts";
import { startReceiver } from "../../../fixtures/receivers/receiver.ts";
import { answered, makeReceiver, makeSender, send } from "../../../fixtures/sending/sender-setup.ts";

/** After a name has moved, no attempt goes to its old address for longer than this, in ms. */
const MOVED_WITHIN_MS = 10_000;

it("a name that moves is followed within 10 s, however busy its endpoint is", async () => {
  const clock = createManualClock();
  const blue = await makeReceiver();
  const green = await startReceiver(undefined, { host: "127.0.0.3", port: blue.port });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => green.close());
  let live = blue;
  const resolver: NameResolver = { resolve: () => Promise.resolve([live.host]) };
  const sender = makeSender({
    clock,
    resolver,
    rules: { ...createTargetRules(["127.0.0.2/32", "127.0.0.3/32"]), judgeUrl: () => "ok" },
    connectionsPerEndpoint: 3,
  });
  const url = `http://receiver.test:${blue.port}/`;
  const sendSome = async (): Promise<void> => {
    for (const result of await Promise.all([send(sender, url), send(sender, url), send(sender, url)])) {
      expect(answered(result).outcome).toBe("delivered");
    }
  };
  const atPace = async (forMs: number): Promise<void> => {
    for (let passed = 0; passed < forMs; passed += 250) {
      await sendSome();
      clock.advance(250);
    }
  };

  await atPace(3_000);
  expect(blue.connections).toBe(3);
  live = green;
  await atPace(MOVED_WITHIN_MS);
  const toBlue = blue.requests.length;
  await atPace(5_000);
  expect(blue.requests).toHaveLength(toBlue);
  expect(green.requests.length).toBeGreaterThanOrEqual((5_000 / 250) * 3);
  await expect.poll(() => blue.openConnections).toBe(0);
});
