import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { mountSmallDisk, whyNoSmallDisk } from "../fixtures/event-log/small-disk.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";

/** Fills a disk but for so many bytes. */
function fillBut(disk: string, left: number): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, "ballast"), Buffer.alloc(bavail * bsize - left));
}

it("a start on a full disk says so in its one line, with and without a log there", async (context) => {
  using folder = new TemporaryFolder();
  const reason = whyNoSmallDisk(folder.path);
  if (reason !== null) return context.skip(reason);
  await using stack = new AsyncDisposableStack();
  const [disk, data] = [join(folder.path, "disk"), join(folder.path, "disk", "data")];
  mkdirSync(disk);
  stack.adopt(mountSmallDisk(disk, "8m"), (unmount) => unmount());
  const expectRefusal = async (): Promise<void> => {
    await using gateway = GatewayProcess.spawn(data);
    expect(await gateway.exited).toBe(1);
    expect(gateway.stderr).toMatch(
      /^webhook-gateway cannot start: \S+\/data\/events\.sqlite [^\n]*: the disk is full; free some space\n$/,
    );
  };
  // The shared memory beside the log is what finds no room at 16 KiB.
  for (const left of [0, 16 * 1024, 80 * 1024]) {
    fillBut(disk, left);
    await expectRefusal();
    rmSync(join(disk, "ballast"));
    rmSync(data, { recursive: true, force: true });
  }
  {
    await using gateway = await GatewayProcess.start(data);
    expect(await gateway.terminate()).toBe(0);
  }
  fillBut(disk, 0);
  await expectRefusal();
  rmSync(join(disk, "ballast"));
  await using gateway = await GatewayProcess.start(data);
  expect(await gateway.terminate()).toBe(0);
});
