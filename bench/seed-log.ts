import { createHash, randomUUID } from "node:crypto";
import { built } from "./built.ts";

/**
 * Fills a data folder's log with `events` events: deliveries of 1 KB payloads that were each requested, claimed and
 * delivered at the first attempt. The read models are left to be made.
 */
export async function seedLog(folder: string, events: number): Promise<void> {
  const { openDataDirectory } = await built<typeof import("../src/events/store/sqlite/files/data-directory.ts")>(
    "events/store/sqlite/files/data-directory",
  );
  const { SqliteEventStore } = await built<typeof import("../src/events/store/sqlite/sqlite-event-store.ts")>(
    "events/store/sqlite/sqlite-event-store",
  );
  const { eventsToAppend } = await built<typeof import("../src/commands/handling/command-context.ts")>(
    "commands/handling/command-context",
  );
  const { timeOrderedId } = await built<typeof import("../src/runtime/time-ordered-id.ts")>("runtime/time-ordered-id");
  const directory = openDataDirectory(folder);
  const store = await SqliteEventStore.open({ directory: directory.path });
  const payload = JSON.stringify({ text: "x".repeat(1_000) });
  const payloadSha256 = createHash("sha256").update(payload).digest("hex");
  const requested = { userId: 1, endpointId: 1, payload, payloadBytes: payload.length, payloadSha256, reference: null };
  const url = "http://receiver.example/";
  const story = (deliveryId: string, now: string) =>
    [
      { type: "DeliveryRequested", data: { deliveryId, ...requested, requestedAt: now } },
      {
        type: "DeliveryAttemptStarted",
        data: { deliveryId, number: 1, round: 1, url, startedAt: now, leaseUntil: now },
      },
      {
        type: "DeliveryAttempted",
        data: {
          deliveryId,
          number: 1,
          round: 1,
          url,
          startedAt: now,
          endedAt: now,
          durationMs: 5,
          outcome: "delivered" as const,
          errorCode: null,
          responseStatus: 200,
          responseBody: "ok",
          responseTruncated: false,
          connections: 1,
          nextAttemptAt: null,
        },
      },
    ] as const;
  for (let done = 0; done < events; done += 3 * 256) {
    const appends = Array.from({ length: 256 }, () => {
      const deliveryId = timeOrderedId();
      const context = { commandId: randomUUID(), correlationId: deliveryId, actor: "benchmark" };
      const told = eventsToAppend(story(deliveryId, new Date().toISOString()), context);
      return store.append(`delivery-${deliveryId}`, told, "no_stream");
    });
    await Promise.all(appends);
  }
  await store.close();
  directory.release();
}
