import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { EventStoreUnusable } from "../../src/events/store/eventstoredb/opening/eventstore-unusable.ts";
import { openServer } from "../../src/events/store/eventstoredb/opening/open-server.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";

const CHILD = fileURLToPath(new URL("../fixtures/eventstoredb/opening-child.ts", import.meta.url));
/** The limit of opening, in ms. */
const OPENING_MS = 2_000;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

/** The address of a server that does this with who connects. */
async function tcpServer(greet: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    cleanUps.push(() => socket.destroy());
    socket.on("error", () => undefined);
    greet(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUps.push(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function refusalOf(url: string, openingMs: number): Promise<string> {
  const error: unknown = await openServer(url, { openingMs }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(EventStoreUnusable);
  const { message } = error as EventStoreUnusable;
  expect(message).not.toMatch(/\n|s3cret|admin/);
  return message;
}

describe("opening a server that is not an EventStoreDB that answers", () => {
  it.each([
    ["closes every connection at once", (socket: Socket) => socket.destroy()],
    ["speaks first, and something else", (socket: Socket) => socket.write("SSH-2.0-OpenSSH_9.6\r\n")],
  ])("says so in one line when the server %s", async (_, greet) => {
    const address = await tcpServer(greet);
    expect(await refusalOf(`esdb://admin:s3cret@${address}?tls=false`, 2_000)).toMatch(/cannot be reached: ./);
  });

  it.each(["url", "discoverUrl"] as const)("gives up in time on a node that is frozen, by its %s", async (kind) => {
    await using server = await startFakeEventStoreDb({ log: new MemoryEventStore({ now: () => 0 }) });
    server.faults.silence();
    expect(await refusalOf(server[kind], 300)).toMatch(/cannot be reached: no answer within 300 ms/);
    expect(server.reads).toBe(0);
  });

  it("leaves no unhandled rejection, timer or connection", async () => {
    const silent = await tcpServer(() => undefined);
    const closed = await tcpServer((socket) => socket.destroy());
    const runs = [
      ["esdb://127.0.0.1:1?tls=false", OPENING_MS],
      ["esdb+discover://127.0.0.1:1?tls=false", OPENING_MS],
      [`esdb://${closed}?tls=false`, OPENING_MS],
      [`esdb://${silent}?tls=false`, 300],
    ] as const;
    await Promise.all(
      runs.map(async ([url, openingMs]) => {
        // Rejects when the process ends with an error.
        const { stdout, stderr } = await promisify(execFile)(process.execPath, [CHILD, url, `${openingMs}`]);
        expect(stdout).toMatch(/^EventStoreUnusable: the event store cannot be reached: [^\n]*\n$/);
        expect(stderr).toBe("");
      }),
    );
  });
});
