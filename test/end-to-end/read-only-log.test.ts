import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { mountSmallDisk, whyNoSmallDisk } from "../fixtures/event-log/small-disk.ts";
import { digestIn } from "./seeded-log.ts";

/** A second view of a folder through which nobody can write; the result takes it away. */
function mountReadOnly(directory: string, at: string): () => void {
  mkdirSync(at);
  execFileSync("mount", ["--bind", directory, at]);
  execFileSync("mount", ["-o", "remount,bind,ro", at]);
  return () => void execFileSync("umount", ["-l", at]);
}

/** What the four commands that only read say of a log; each has to succeed. */
async function readingAll(data: string, out: string, deliveryId: string): Promise<{ digest: string; events: string }> {
  const done = async (args: readonly string[]): Promise<{ stdout: string; stderr: string }> => {
    const outcome = await runCommand(args, data);
    expect(outcome, args.join(" ")).toMatchObject({ exitCode: 0 });
    return outcome;
  };
  const exported = await done(["export"]);
  const verified = await done(["verify", "--tree"]);
  expect((await done(["replay", deliveryId])).stdout).toContain(deliveryId);
  const { events } = JSON.parse((await done(["backup", out, "--json"])).stdout) as { events: number };
  expect(verified.stdout).toContain(`events      ${events}\n`);
  return { digest: digestIn(exported.stderr), events: `${events}` };
}

describe("a log on a read-only file system", () => {
  it("is exported, verified, replayed and backed up, with and without a write-ahead log", async (context) => {
    using folder = new TemporaryFolder();
    const at = (name: string): string => join(folder.path, name);
    const reason = whyNoSmallDisk(folder.path);
    if (reason !== null) return context.skip(reason);
    await using stack = new AsyncDisposableStack();
    for (const name of ["rw", "out"]) mkdirSync(at(name));
    stack.adopt(mountSmallDisk(at("rw"), "64m"), (unmount) => unmount());
    const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
    const live = at("rw/live");
    const gateway = stack.use(await GatewayProcess.start(live));
    const api = await ApiClient.createUser(await gateway.ready);
    const endpoint = await api.createEndpoint(receiver.url());
    const { deliveryId } = await api.dispatch(endpoint, '{"n":1}');
    for (let n = 2; n <= 20; n += 1) await api.dispatch(endpoint, `{"n":${n}}`);
    await api.untilAllFinal();
    stack.adopt(mountReadOnly(at("rw"), at("ro")), (unmount) => unmount());

    const running = await readingAll(at("ro/live"), at("out/running"), deliveryId);
    await gateway.kill9();
    /** The files of both databases whose names end so, in a folder of their own. */
    const copy = (name: string, endings: readonly string[]): string => {
      mkdirSync(at(`rw/${name}`));
      for (const file of readdirSync(live).filter((one) => endings.some((ending) => one.endsWith(ending)))) {
        copyFileSync(join(live, file), at(`rw/${name}/${file}`));
      }
      return at(`ro/${name}`);
    };
    expect(statSync(join(live, "events.sqlite-wal")).size).toBeGreaterThan(0);
    const killed = copy("killed", [".sqlite", "-wal", "-shm", ".key"]);
    const withoutShm = copy("without-shm", [".sqlite", "-wal", ".key"]);
    const next = stack.use(await GatewayProcess.start(live));
    await next.ready;
    expect(await next.terminate()).toBe(0);
    expect(existsSync(join(live, "events.sqlite-wal"))).toBe(false);
    const stopped = copy("stopped", [".sqlite", ".key", "read-models.sqlite-wal"]);
    for (const data of [killed, withoutShm, stopped, at("ro/live")]) {
      expect(await readingAll(data, at(`out/${data.replaceAll("/", "_")}`), deliveryId), data).toEqual(running);
    }
  });
});
