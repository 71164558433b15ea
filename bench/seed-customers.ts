import { createHash, randomUUID } from "node:crypto";
import { built } from "./built.ts";

/** Over how many days the events are recorded, and how many customers there are; every tenth delivery is the first's. */
export const DAYS = 30;
export const CUSTOMERS = 1_000;
export const FIRST_DAY = Date.parse("2026-03-01T00:00:00.000Z");
const DAY_MS = 86_400_000;
const GROUP = 256;

/** The name, address and URL of a customer, who has one endpoint of the same number. */
export const customer = (id: number) => ({
  username: `customer_${id}`,
  email: `customer_${id}@example.com`,
  url: `http://receiver.example/${id}`,
});

/**
 * Fills a data folder's log with so many deliveries of many customers, recorded over a month: each was requested, claimed
 * and delivered at the first attempt, but one in a thousand that failed before. The read models are left to be made.
 */
export async function seedCustomers(folder: string, deliveries: number): Promise<void> {
  const { openDataDirectory } = await built<typeof import("../src/events/store/sqlite/files/data-directory.ts")>(
    "events/store/sqlite/files/data-directory",
  );
  const { SqliteLog } = await built<typeof import("../src/events/store/sqlite/writing/sqlite-log.ts")>(
    "events/store/sqlite/writing/sqlite-log",
  );
  const { groupOf } = await built<typeof import("../src/events/store/sqlite/writing/append-group.ts")>(
    "events/store/sqlite/writing/append-group",
  );
  const { prepareAppend } = await built<typeof import("../src/events/store/append/prepared-append.ts")>(
    "events/store/append/prepared-append",
  );
  const { eventsToAppend } = await built<typeof import("../src/commands/handling/command-context.ts")>(
    "commands/handling/command-context",
  );
  const { DEFAULT_SETTINGS } = await built<typeof import("../src/events/chosen-settings.ts")>("events/chosen-settings");
  const { timeOrderedId } = await built<typeof import("../src/runtime/time-ordered-id.ts")>("runtime/time-ordered-id");
  type Told = Parameters<typeof eventsToAppend>[0];

  const directory = openDataDirectory(folder);
  let now = FIRST_DAY;
  const log = new SqliteLog(directory.path, { now: () => now, lockId: directory.lockId });
  const prepared = (stream: string, told: Told, actor: string) => {
    const context = { commandId: randomUUID(), correlationId: randomUUID(), actor };
    return prepareAppend(stream, eventsToAppend(told, context), "no_stream");
  };
  const write = (appends: ReturnType<typeof prepared>[]): void => {
    const { kind } = log.appendGroup(groupOf(appends));
    if (kind !== "committed") throw new Error(`the log took no group: ${kind}`);
    log.checkpointWhenDue();
  };

  for (let id = 1; id <= CUSTOMERS; id++) {
    const { username, email, url } = customer(id);
    const apiKeyDigest = createHash("sha256").update(username).digest("hex");
    const at = new Date(now).toISOString();
    const created = {
      type: "UserCreated",
      data: { userId: id, username, email, apiKeyDigest, createdAt: at },
    } as const;
    const settings = { ...DEFAULT_SETTINGS, url, nickname: "the shop", sealedKeys: null, registeredAt: at };
    const registered = { type: "EndpointRegistered", data: { endpointId: id, userId: id, ...settings } } as const;
    write([prepared(`user-${id}`, [created], "anonymous"), prepared(`endpoint-${id}`, [registered], `user:${id}`)]);
  }
  for (let done = 0; done < deliveries; done += GROUP) {
    now = FIRST_DAY + Math.floor((done / deliveries) * DAYS * DAY_MS);
    const at = new Date(now).toISOString();
    const appends = Array.from({ length: GROUP }, (_, index) => {
      const number = done + index;
      const userId = number % 10 === 0 ? 1 : 2 + ((number * 7_919) % (CUSTOMERS - 1));
      const id = timeOrderedId();
      return prepared(`delivery-${id}`, storyOf(id, userId, at, number), `user:${userId}`);
    });
    write(appends);
  }
  log.close();
  directory.release();

  function storyOf(deliveryId: string, id: number, at: string, number: number): Told {
    const payload = JSON.stringify({ order: number });
    const payloadSha256 = createHash("sha256").update(payload).digest("hex");
    const { url } = customer(id);
    const attempt = (outcome: "failed" | "delivered") =>
      ({
        type: "DeliveryAttempted",
        data: {
          ...{ deliveryId, number: outcome === "failed" ? 1 : 2, round: 1, url, startedAt: at, endedAt: at },
          ...{ durationMs: 5, outcome, errorCode: outcome === "failed" ? "http_status" : null, connections: 1 },
          ...{ responseStatus: outcome === "failed" ? 500 : 200, responseBody: "ok", responseTruncated: false },
          nextAttemptAt: outcome === "failed" ? at : null,
        },
      }) as const;
    return [
      {
        type: "DeliveryRequested",
        data: {
          ...{ deliveryId, userId: id, endpointId: id, payload, payloadBytes: payload.length, payloadSha256 },
          ...{ requestedAt: at, reference: `order ${number}` },
        },
      },
      ...(number % 1_000 === 0 ? [attempt("failed")] : []),
      {
        type: "DeliveryAttemptStarted",
        data: { deliveryId, number: 2, round: 1, url, startedAt: at, leaseUntil: at },
      },
      attempt("delivered"),
    ];
  }
}
