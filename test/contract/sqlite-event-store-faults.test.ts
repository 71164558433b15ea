import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import { SqliteEventStore } from "../../src/events/store/sqlite/sqlite-event-store.ts";
import { AppendingChild, wholeBatches, whyNoStrace } from "../fixtures/event-log/event-child-process.ts";
import { sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { mountSmallDisk, whyNoSmallDisk } from "../fixtures/event-log/small-disk.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "event-faults-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe("a full disk", () => {
  it("refuses appends without writing any of them, and takes appends again when there is room", async ({ skip }) => {
    const reason = whyNoSmallDisk(directory);
    if (reason !== null) return skip(reason);
    const unmount = mountSmallDisk(directory, "6m");
    try {
      const [ballast, more] = [join(directory, "ballast"), join(directory, "more-ballast")];
      for (const file of [ballast, more]) writeFileSync(file, Buffer.alloc(2 * 1024 * 1024));
      const onFault = vi.fn<(error: Error) => void>();
      const store = await SqliteEventStore.open({ directory, onFault });
      const [taken, refused]: [string[], string[]] = [[], []];
      const append = async (): Promise<void> => {
        const event = sampleEvent({ data: { text: "x".repeat(20_000) } });
        const stream = `batch-1-${event.id}`;
        try {
          await store.append(stream, [event], "no_stream");
          taken.push(stream);
        } catch (error) {
          expect(error).toBeInstanceOf(StoreUnavailable);
          refused.push(stream);
        }
      };
      while (refused.length < 20) await Promise.all([append(), append(), append()]);
      expect(taken.length).toBeGreaterThan(0);
      expect([...(await wholeBatches(store)).keys()].sort()).toEqual(taken.toSorted());

      rmSync(ballast);
      const before = taken.length;
      for (let round = 0; round < 10; round += 1) await append();
      expect(taken.length).toBe(before + 10);
      expect(onFault).not.toHaveBeenCalled();
      rmSync(more);
      await store.close();

      const reopened = await SqliteEventStore.open({ directory });
      expect([...(await wholeBatches(reopened)).keys()].sort()).toEqual(taken.toSorted());
      await reopened.close();
    } finally {
      unmount();
    }
  });
});

describe("a disk that is full at the start", () => {
  it("is refused with one line", async ({ skip }) => {
    const reason = whyNoSmallDisk(directory);
    if (reason !== null) return skip(reason);
    const unmount = mountSmallDisk(directory, "64k");
    try {
      writeFileSync(join(directory, "ballast"), Buffer.alloc(60 * 1024));
      await expect(SqliteEventStore.open({ directory })).rejects.toThrow(
        /^[^\n]+cannot be opened: the disk is full; free some space$/,
      );
    } finally {
      unmount();
    }
  });
});

describe("a disk whose fsync fails", () => {
  /** Runs the child on a log whose fsyncs of one file fail from the n-th on, until it has ended by itself. */
  const runWithFailingSync = async (file: string, from: number): Promise<AppendingChild> => {
    await (await SqliteEventStore.open({ directory })).close();
    const child = new AppendingChild(directory, 8, [
      ...["strace", "-f", "-qq", "-o", join(directory, "trace"), "-P", join(directory, file)],
      ...["-e", "trace=fsync,fdatasync", "-e", `inject=fsync,fdatasync:error=EIO:when=${from}+`],
    ]);
    await child.ended();
    return child;
  };

  const expectNothingLost = async (child: AppendingChild): Promise<void> => {
    const store = await SqliteEventStore.open({ directory });
    const batches = await wholeBatches(store);
    expect(child.said("ack").filter((stream) => !batches.has(stream))).toEqual([]);
    expect(child.said("unavailable").filter((stream) => batches.has(stream))).toEqual([]);
    await store.append("user-1", [sampleEvent()], "no_stream");
    await store.close();
  };

  it("in a commit leaves that group unknown and nothing acknowledged after it, until a restart", async ({ skip }) => {
    const reason = whyNoStrace();
    if (reason !== null) return skip(reason);
    const child = await runWithFailingSync("events.sqlite-wal", 20);
    expect(child.said("ack").length).toBeGreaterThan(0);
    expect(child.said("unknown").length).toBeGreaterThan(0);
    expect(child.said("unavailable")).toHaveLength(8);
    expect(child.said("fault")).toEqual([expect.stringContaining("disk I/O error")]);
    const order = child.lines.map((line) => line.split(" ")[0]);
    expect(order.lastIndexOf("ack")).toBeLessThan(order.indexOf("unknown"));
    expect(Number(child.said("readable")[0])).toBeGreaterThan(0);
    expect(order.at(-1)).toBe("closed");
    await expectNothingLost(child);
  });

  it("in a checkpoint stops appends although no commit has failed", async ({ skip }) => {
    const reason = whyNoStrace();
    if (reason !== null) return skip(reason);
    const child = await runWithFailingSync("events.sqlite", 1);
    expect(child.said("ack").length).toBeGreaterThan(0);
    expect(child.said("unknown")).toEqual([]);
    expect(child.said("unavailable")).toHaveLength(8);
    expect(child.said("fault")).toEqual([expect.stringContaining("disk I/O error")]);
    expect(child.lines.at(-1)).toBe("closed");
    await expectNothingLost(child);
  });
});
