import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import type { Instances } from "./instances.ts";
import { digestIn, seedLog } from "./seeded-log.ts";

/** What is promised of a log that moves to a server and away from it; `start` gives an empty log there to each test. */
export function movedLog(name: string, start: () => Promise<Instances>): void {
  describe(`a log that moves to ${name} and back`, () => {
    it("keeps its digest, also under another prefix", { timeout: 120_000 }, async () => {
      await using stack = new AsyncDisposableStack();
      using folder = new TemporaryFolder();
      const at = (file: string): string => join(folder.path, file);
      await seedLog(at("old"), 2_000);
      const first = stack.use(await start());
      const other = stack.use(await first.beside());
      const outcomes = [
        await runCommand(["export", "--output", at("1")], at("old")),
        await first.run(["import", "--input", at("1")]),
        await first.run(["export", "--output", at("2")]),
        await other.run(["import", "--input", at("2")]),
        await other.run(["export", "--output", at("3")]),
        await runCommand(["import", "--input", at("3")], at("back")),
        await runCommand(["export", "--output", at("4")], at("back")),
        // Again: it goes on where it was, which is the end.
        await first.run(["import", "--input", at("4")]),
      ];
      expect(outcomes.map(({ exitCode, stderr }) => (exitCode === 0 ? "" : stderr))).toEqual(outcomes.map(() => ""));
      const digests = new Set(outcomes.map(({ stderr }) => digestIn(stderr)));
      expect(digests.size, [...digests].join("\n")).toBe(1);
      expect(outcomes.at(-1)?.stderr).toContain("(2000 were there before)");
      expect(existsSync("/nowhere")).toBe(false);
    });

    it("is refused there until its import is complete", { timeout: 120_000 }, async () => {
      await using stack = new AsyncDisposableStack();
      using folder = new TemporaryFolder();
      const at = (file: string): string => join(folder.path, file);
      await seedLog(at("old"), 2_000);
      const { stderr } = await runCommand(["export", "--output", at("whole")], at("old"));
      const lines = readFileSync(at("whole"), "utf8").split("\n");
      writeFileSync(at("cut"), `${lines.slice(0, 1_000).join("\n")}\n`);
      const instances = stack.use(await start());
      const cut = await instances.run(["import"], undefined, at("cut"));
      expect(cut).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("cut short") as string });
      for (const args of [["serve"], ["export"], ["rebuild", "users"]]) {
        const { exitCode, stdout, stderr: line } = await instances.run(args, at("models"));
        expect([exitCode, stdout], args[0]).toEqual([1, ""]);
        expect(line).toMatch(
          /^webhook-gateway cannot \w+: EVENTSTORE_URL: the log there holds an import that is not complete; run the same `webhook-gateway import` again, or name another EVENTSTORE_STREAM_PREFIX\n$/,
        );
      }
      expect(await instances.run(["verify"])).toMatchObject({ exitCode: 0 });

      const whole = await instances.run(["import", "--input", at("whole")]);
      expect(whole.exitCode).toBe(0);
      expect(whole.stderr).toMatch(/\([1-9]\d* were there before\)/);
      const exported = await instances.run(["export"]);
      expect([whole.stderr, exported.stderr].map(digestIn)).toEqual([digestIn(stderr), digestIn(stderr)]);
    });

    it("is served there as it was", { timeout: 120_000 }, async () => {
      await using stack = new AsyncDisposableStack();
      using folder = new TemporaryFolder();
      const at = (file: string): string => join(folder.path, file);
      const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
      const instances = stack.use(await start());
      const old = stack.use(await GatewayProcess.start(at("old")));
      const alice = await ApiClient.createUser(await old.ready);
      const endpoint = await alice.createEndpoint(receiver.url());
      for (let n = 0; n < 10; n += 1) await alice.dispatch(endpoint, `{ "n":${n}.0, "ä":"\\ud800" }`);
      await alice.untilAllFinal();
      const before = await alice.text("/v1/deliveries?limit=100");
      expect(await old.terminate()).toBe(0);

      await runCommand(["export", "--output", at("1")], at("old"));
      expect(await instances.run(["import", "--input", at("1")])).toMatchObject({ exitCode: 0 });
      // The log names its master key's check: the key goes along.
      const MASTER_KEY = readFileSync(join(at("old"), "master.key"), "utf8").trim();
      const env = { ...instances.env, MASTER_KEY };
      const moved = stack.use(await GatewayProcess.start(at("moved"), env));
      const there = alice.at(await moved.ready);
      expect(await there.text("/v1/deliveries?limit=100")).toBe(before);
      expect((await there.dispatch(endpoint, '{"n":1}')).status).toBe(202);
      await there.untilAllFinal();
      expect(receiver.requests).toHaveLength(11);
    });
  });
}
